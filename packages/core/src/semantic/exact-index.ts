import { refuseNonObject, refuseUnknown, shown } from '../cache/settings.ts'
import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import { type Clock, systemClock } from '../time/clock.ts'
import { cosine } from './vector.ts'
import type { Neighbour, Pointer, Query, VectorIndex } from './vector-index.ts'

export interface ExactIndexOptions {
  /** How many questions it holds; those that end soonest go first. 2 to 1000000. Default 10000. */
  readonly maxEntries?: number
}

interface Kept extends Pointer {
  /** When its answer ends, by the clock. */
  readonly until: number
}

/**
 * Compares a question with every one that this process has loaded an answer for: exact, and as slow as that is. For tests, for
 * caches in memory, and for servers without vectors; what another process has loaded is only found by the same text.
 */
export class ExactIndex implements VectorIndex {
  readonly #kept = new Map<string, Kept>()
  readonly #maxEntries: number
  readonly #clock: Clock

  /** @throws {InvalidOptionsError} */
  constructor(options: ExactIndexOptions = {}, clock: Clock = systemClock) {
    refuseNonObject(options)
    const { maxEntries = 10_000 } = options
    const problems: OptionProblem[] = []
    refuseUnknown(options, new Set(['maxEntries']), problems)
    if (!isEntryCount(maxEntries))
      problems.push({ option: 'maxEntries', expected: entryCountExpected, got: shown(maxEntries) })
    if (problems.length > 0) throw new InvalidOptionsError(problems)
    this.#maxEntries = maxEntries
    this.#clock = clock
  }

  /** How many questions it holds. */
  get size(): number {
    return this.#kept.size
  }

  search({ scope, vector }: Query, count: number): Promise<readonly Neighbour[]> {
    const now = this.#clock.now()
    const nearest: Neighbour[] = []
    for (const kept of this.#kept.values()) {
      if (kept.until <= now) this.#kept.delete(kept.id)
      else if (kept.scope === scope && kept.vector.length === vector.length) {
        const similarity = cosine(kept.vector, vector)
        if (nearest.length === count && similarity <= (nearest.at(-1)?.similarity ?? 1)) continue
        const place = nearest.findIndex((other) => other.similarity < similarity)
        nearest.splice(place === -1 ? nearest.length : place, 0, { id: kept.id, similarity })
        nearest.length = Math.min(nearest.length, count)
      }
    }
    return Promise.resolve(nearest)
  }

  add(pointer: Pointer): Promise<void> {
    this.#kept.delete(pointer.id)
    if (this.#kept.size >= this.#maxEntries) this.#dropSoonest()
    this.#kept.set(pointer.id, { ...pointer, until: this.#clock.now() + pointer.ttl })
    return Promise.resolve()
  }

  remove(id: string): Promise<void> {
    this.#kept.delete(id)
    return Promise.resolve()
  }

  #dropSoonest(): void {
    let soonest: Kept | undefined
    for (const kept of this.#kept.values()) if (!soonest || kept.until < soonest.until) soonest = kept
    if (soonest) this.#kept.delete(soonest.id)
  }
}

export const entryCountExpected = 'a whole number from 2 to 1000000, such as 10000'

export const isEntryCount = (given: unknown): boolean =>
  Number.isInteger(given) && (given as number) >= 2 && (given as number) <= 1_000_000
