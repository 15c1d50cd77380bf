import type { CacheAside } from '../cache/cache.ts'
import type { Clock } from '../time/clock.ts'
import type { Arrivals } from './arrivals.ts'
import { Backlog, entriesOf, type Slot } from './backlog.ts'
import { backOff } from './back-off.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { WriteBatch, WriteBehindSettings } from './options.ts'
import type { Pauses } from './pauses.ts'
import type { WriteBehindReporter } from './reporter.ts'
import { runWrite, type WriteOutcome } from './run-write.ts'
import type { Stream, Taken } from './stream.ts'
import type { Tenure } from './tenure.ts'

export interface TurnSurroundings {
  readonly cache: CacheAside
  readonly stream: Stream
  readonly dead: DeadLetters
  readonly arrivals: Arrivals
  readonly write: WriteBatch<unknown>
  readonly settings: WriteBehindSettings
  readonly clock: Clock
  readonly pauses: Pauses
  readonly reporter: WriteBehindReporter
  /** Aborts when nobody waits for what is pending any more. */
  readonly stop: AbortSignal
  /** Whether `close` waits: nothing waits for a fuller batch then. */
  readonly isClosing: () => boolean
}

/** The longest that a stream without news is not asked, in milliseconds. */
const idle = 1_000
/** How often a batch is looked at that is not full, at least, in milliseconds. */
const look = 250
/** So many, of different keys and one after the other, that fail while none is written: the database is away. */
const enoughToTell = 3

/** What one process does while it is its turn: it takes entries, writes them, and settles them. */
export class Turn {
  readonly #tenure: Tenure
  readonly #around: TurnSurroundings
  readonly #backlog = new Backlog()
  /** The last entry that was taken. */
  #after: string | undefined
  #outages = 0
  #restUntil = 0
  #isWriting = false

  constructor(tenure: Tenure, around: TurnSurroundings) {
    this.#tenure = tenure
    this.#around = around
  }

  /** Whether `write` still runs, though nobody waits for it. */
  get isWriting(): boolean {
    return this.#isWriting
  }

  /** Ends when the turn does. Rejects when Redis, or the cache's, fails: what was taken is the next turn's. */
  async run(): Promise<void> {
    // All that was taken before, before anything is written: the newest of a key may be the last of it.
    for (let more = true; more && this.#mayGoOn; ) {
      const taken = await this.#take(this.#around.settings.batchSize)
      more = taken.some(({ attempts }) => attempts !== undefined)
    }
    while (this.#mayGoOn) {
      await this.#gather()
      await this.#writeTogether()
      await this.#writeAlone()
      this.#around.reporter.recovered()
    }
  }

  get #mayGoOn(): boolean {
    return this.#tenure.stands && !this.#around.stop.aborted
  }

  /** Waits for something to write, and then for a full batch or the end of the interval. */
  async #gather(): Promise<void> {
    const { clock, pauses, arrivals, settings, isClosing, reporter } = this.#around
    const { batchSize, interval } = settings
    let until: number | undefined
    let isDeaf = false

    while (this.#mayGoOn) {
      const rest = this.#restUntil - clock.now()
      if (rest > 0) {
        await pauses.wait(rest)
        continue
      }
      // Those that wait to be tried again are in memory, with all that came later for their keys.
      const room = Math.min(batchSize - this.#backlog.together().length, 10 * batchSize - this.#backlog.size)
      const taken = room > 0 ? await this.#take(room) : []
      const now = clock.now()
      const ready = this.#backlog.together().length
      if (ready >= batchSize || (ready > 0 && room <= 0) || this.#backlog.due(now).length > 0) return
      if (ready > 0) {
        until ??= now + interval
        if (now >= until || isClosing()) return
        await pauses.wait(Math.min(until - now, look, Math.max(10, interval / 4)))
        continue
      }
      if (this.#backlog.size === 0) reporter.recovered()
      const limit = Math.min(idle, this.#backlog.nextDue() - now)
      if (room <= 0 || isDeaf || isClosing()) {
        await pauses.wait(Math.min(limit, interval))
        isDeaf = false
      } else {
        await pauses.wait(limit, arrivals.after(this.#after, limit))
        // News of entries that are not there to be taken is no news.
        isDeaf = taken.length === 0 && clock.now() - now < limit
      }
    }
  }

  async #take(count: number): Promise<readonly Taken[]> {
    const { stream } = this.#around
    const taken = await stream.take(this.#tenure.lease, this.#after, count)
    if (taken === 'lost') {
      this.#tenure.lose()
      return []
    }
    this.#after = taken.at(-1)?.position ?? this.#after
    for (const entry of taken) {
      if (!('unreadable' in entry)) this.#backlog.add(entry)
      else {
        const { position, id, key } = entry
        await this.#bury({ id, key, positions: [position], attempts: 0 }, new Error(entry.unreadable))
      }
    }
    return taken
  }

  async #writeTogether(): Promise<void> {
    const slots = this.#backlog.together().slice(0, this.#around.settings.batchSize)
    if (slots.length === 0 || !this.#mayGoOn) return
    const outcome = await this.#write(slots)
    if (outcome.kind === 'written') return this.#settle(slots, outcome.duration)
    if (outcome.kind === 'cut') return
    for (const slot of slots) slot.alone = true
    if (slots.length === 1) await this.#judge(new Map([[slots[0] as Slot, outcome.error]]), 0)
  }

  /** By chance and not in order, so that a few that fail do not hide the others for ever. */
  async #writeAlone(): Promise<void> {
    const { clock, stream, settings } = this.#around
    if (clock.now() < this.#restUntil) return
    const failed = new Map<Slot, unknown>()
    let written = 0

    for (const slot of shuffled(this.#backlog.due(clock.now()))) {
      if (written === 0 && failed.size === enoughToTell) break
      if (slot.failures >= settings.maxAttempts) {
        if (this.#mayGoOn) await this.#giveUp(slot, new Error('its process ended while it was written'))
        continue
      }
      await stream.noteAttempts(slot.head, slot.failures + 1)
      if (!this.#mayGoOn) return
      const outcome = await this.#write([slot])
      if (outcome.kind === 'cut') return
      if (outcome.kind === 'written') {
        written += 1
        await this.#settle([slot], outcome.duration)
      } else {
        failed.set(slot, outcome.error)
      }
    }
    await this.#judge(failed, written)
  }

  /**
   * Whose fault is it? Where several have failed and nothing was written since, the database is away: all of them wait,
   * and it is held against none. Else the failure is the entry's own.
   */
  async #judge(failed: ReadonlyMap<Slot, unknown>, written: number): Promise<void> {
    const { clock, settings, stream } = this.#around
    for (const slot of failed.keys()) if (slot.verdict === 'none') slot.verdict = 'failed'
    if (written > 0) this.#accuse()
    const isOutage = this.#backlog.failing().length > 1
    if (isOutage) {
      this.#outages += 1
      this.#restUntil = clock.now() + backOff(this.#outages, settings.retryDelay)
      for (const slot of this.#backlog.due(clock.now())) slot.alone = slot.failures > 0
    }

    for (const [slot, error] of failed) {
      if (isOutage && slot.verdict === 'failed') {
        await stream.noteAttempts(slot.head, slot.failures)
        continue
      }
      slot.failures += 1
      slot.due = clock.now() + backOff(slot.failures, settings.retryDelay)
      if (slot.failures >= settings.maxAttempts && this.#mayGoOn) await this.#giveUp(slot, error)
    }
  }

  /** The database is there. */
  #accuse(): void {
    this.#outages = 0
    for (const slot of this.#backlog.failing()) slot.verdict = 'suspect'
  }

  async #write(slots: readonly Slot[]): Promise<WriteOutcome> {
    const { write, settings, clock, stop, reporter, cache } = this.#around
    const keys = slots.map(({ key }) => key)
    const batch = slots.map(({ head: { id, key, value }, failures }) =>
      Object.freeze({ id, key, value, attempt: failures + 1 }),
    )
    reporter.count('retried', slots.filter(({ handed }) => handed).length)
    for (const slot of slots) slot.handed = true

    this.#isWriting = true
    const outcome = await runWrite(write, Object.freeze(batch), {
      clock,
      timeout: settings.writeTimeout,
      overtaken: this.#tenure.signal,
      cut: stop,
      onLate: () => {
        reporter.report({ type: 'late-write', keys })
        // What is cached may be what this has overwritten.
        cache.invalidate(keys).catch((error: unknown) => {
          for (const key of keys) reporter.report({ type: 'store-error', operation: 'invalidate', key, error })
        })
      },
    })
    this.#isWriting = outcome.kind === 'cut'
    if (outcome.kind === 'failed') reporter.report({ type: 'write-error', keys, error: outcome.error })
    if (outcome.kind === 'written' && !this.#tenure.stands) reporter.report({ type: 'late-write', keys })
    return outcome
  }

  /** They are written, whosever turn it is by now. What is cached goes first: a crash in between repeats both. */
  async #settle(slots: readonly Slot[], duration: number): Promise<void> {
    const { stream, reporter } = this.#around
    const keys = slots.map(({ key }) => key)
    const entries = slots.flatMap(entriesOf)
    await this.#void(slots.map(({ head }) => head))
    await stream.settle(entries.map(({ position }) => position))
    this.#backlog.remove(slots)
    this.#accuse()
    reporter.report({ type: 'written', keys, entries: entries.length, duration })
  }

  async #giveUp(slot: Slot, error: unknown): Promise<void> {
    const { key, head, failures: attempts } = slot
    await this.#bury({ id: head.id, key, positions: entriesOf(slot).map(({ position }) => position), attempts }, error)
    this.#backlog.remove([slot])
  }

  async #bury({ id, key, positions, attempts }: Burial, error: unknown): Promise<void> {
    const { dead, reporter, settings } = this.#around
    if (key !== undefined) await this.#void([{ key, position: positions[0] as string }])
    const limit = settings.maxDeadLetters
    const dropped = await dead.bury(this.#tenure.lease, positions, { error, attempts, limit })
    if (dropped === 'lost') this.#tenure.lose()
    else reporter.report({ type: 'dead-letter', id, key: key ?? '', error, dropped })
  }

  /** Readers see the database's value from now on, unless a newer one waits. */
  async #void(heads: readonly { readonly position: string; readonly key: string }[]): Promise<void> {
    const keys = await this.#around.stream.mark(heads)
    if (keys.length > 0 && (await this.#around.cache.invalidate(keys)) === 'pending')
      throw new Error('the cache has not acknowledged that what was written is void')
  }
}

/** Of an entry, and of the older ones of its key. */
interface Burial {
  readonly id: string
  readonly key: string | undefined
  readonly positions: readonly string[]
  readonly attempts: number
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ item }) => item)
}
