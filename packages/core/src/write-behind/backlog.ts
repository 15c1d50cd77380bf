import type { Entry } from './stream.ts'

/** What is to be written for one key. */
export interface Slot {
  readonly key: string
  /** The newest of its entries: the one that is written. */
  head: Entry
  /** Older ones: they are settled with the head, and share its fate if it cannot be written. */
  readonly older: Entry[]
  /** It was part of a batch that failed, or that a dead process had in hand: it is written alone. */
  alone: boolean
  /** Whether it has failed alone, and whether another was written since: the fault is its own then. */
  verdict: 'none' | 'failed' | 'suspect'
  /** How often it failed alone; not those times when the database was away. */
  failures: number
  /** Since the clock began: not before. */
  due: number
  /** Whether `write` has had it before. */
  handed: boolean
}

/**
 * The entries that a process has taken and not settled.
 *
 * Invariant: at most one slot for each key, headed by its newest entry: what is written of a key never goes back.
 */
export class Backlog {
  readonly #slots = new Map<string, Slot>()
  readonly #positions = new Set<string>()

  /** How many entries there are. */
  get size(): number {
    return this.#positions.size
  }

  add(entry: Entry): void {
    if (this.#positions.has(entry.position)) return
    this.#positions.add(entry.position)
    const slot = this.#slots.get(entry.key)
    if (slot === undefined) {
      const { key, attempts } = entry
      const [alone, failures] = [attempts !== undefined, attempts ?? 0]
      this.#slots.set(key, { key, head: entry, older: [], alone, failures, verdict: 'none', due: 0, handed: alone })
    } else if (entry.id > slot.head.id) {
      // It waits as long as the one whose place it takes would have: a key that fails is not tried at every put.
      slot.older.push(slot.head)
      slot.head = entry
      slot.failures = Math.max(slot.failures, entry.attempts ?? 0)
    } else {
      slot.older.push(entry)
    }
  }

  /** Those that may be written together, in the order of their puts. */
  together(): Slot[] {
    return this.#sorted((slot) => !slot.alone)
  }

  /** Those that are to be written alone, and now. */
  due(now: number): Slot[] {
    return this.#sorted((slot) => slot.alone && slot.due <= now)
  }

  /** Those that failed alone, when nothing was written since. */
  failing(): Slot[] {
    return this.#sorted(({ verdict }) => verdict === 'failed')
  }

  /** When the next is due that is to be written alone; infinity if there is none. */
  nextDue(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#sorted((slot) => slot.alone).map(({ due }) => due))
  }

  remove(slots: readonly Slot[]): void {
    for (const slot of slots) {
      this.#slots.delete(slot.key)
      for (const { position } of entriesOf(slot)) this.#positions.delete(position)
    }
  }

  #sorted(those: (slot: Slot) => boolean): Slot[] {
    return [...this.#slots.values()].filter(those).toSorted((one, other) => (one.head.id < other.head.id ? -1 : 1))
  }
}

export const entriesOf = (slot: Slot): readonly Entry[] => [slot.head, ...slot.older]
