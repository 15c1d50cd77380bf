import type { CacheEvent } from '../events.ts'
import type { Clock } from '../time/clock.ts'

/** Keys in one call. */
const batch = 500

/** After a replay that failed, in milliseconds; each pause is twice as long as the one before. */
const shortestPause = 1_000
const longestPause = 30_000

export interface JournalSettings {
  /** More keys than this become one pending clear of everything. */
  readonly limit: number
  readonly clock: Clock
  /** Voids the keys. Resolves when that was acknowledged. */
  readonly invalidate: (keys: readonly string[]) => Promise<void>
  /** Voids every key there is. Resolves when that was acknowledged. */
  readonly clear: () => Promise<void>
  readonly report: (event: CacheEvent) => void
}

/**
 * Invalidations that were not acknowledged, until they are. In memory: they end with the process.
 *
 * Invariant: a key is pending from its `add` until an `invalidate` or a `clear` that began later was acknowledged; and
 * while a key is pending, a replay is under way or a timer is set for one.
 */
export class Journal {
  readonly #settings: JournalSettings
  /** The number of each key's last `add`, the oldest first. */
  readonly #pending = new Map<string, number>()
  #adds = 0
  /** More keys than can be kept. `clearing`: what was added since the clear began is among the pending again. */
  #overflow: 'none' | 'pending' | 'clearing' = 'none'
  #replayed = { count: 0, overflowed: false }
  #replaying: Promise<void> | undefined
  /** Somebody asked for a replay while one was under way: if that fails, the next one need not wait. */
  #askedAgain = false
  #failures = 0
  #cancelRetry: (() => void) | undefined
  #closed = false

  constructor(settings: JournalSettings) {
    this.#settings = settings
  }

  /** Keeps keys whose invalidation was not acknowledged. It is repeated after a pause, or by `replay`. */
  add(keys: readonly string[]): void {
    if (this.#closed) return this.#settings.report({ type: 'invalidate-lost', count: keys.length, overflowed: false })
    if (keys.length === 0) return
    // Those that overflowed are covered by a clear that has not begun, and so are these.
    if (this.#overflow !== 'pending') {
      for (const key of keys) {
        this.#pending.delete(key) // A key that is added again and again does not hold up the others.
        this.#pending.set(key, ++this.#adds)
      }
      if (this.#pending.size > this.#settings.limit) this.#overflowNow()
    }
    if (!this.#replaying) this.#replayLater()
  }

  /** Keeps that everything is void, and was not acknowledged to be. */
  addAll(): void {
    if (this.#closed) return this.#settings.report({ type: 'invalidate-lost', count: 0, overflowed: true })
    this.#overflowNow()
    if (!this.#replaying) this.#replayLater()
  }

  /** True while the store may hold an old value under `key`. */
  isPending(key: string): boolean {
    return this.#overflow !== 'none' || this.#pending.has(key)
  }

  /** Repeats what is pending, until nothing is or the store fails: then again after a pause. Never rejects. */
  replay(): Promise<void> {
    if (this.#isEmpty || this.#closed) return Promise.resolve()
    this.#askedAgain = this.#replaying !== undefined
    return (this.#replaying ??= this.#replayAll())
  }

  /** Replays for at most `within` milliseconds more. What is pending then is lost, and reported. */
  async close(within: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#settings.clock.after(within, resolve)
      void this.replay().then(cancel).then(resolve)
    })
    this.#closed = true
    this.#cancelRetry?.()
    if (this.#isEmpty) return
    this.#settings.report({ type: 'invalidate-lost', count: this.#pending.size, overflowed: this.#overflow !== 'none' })
  }

  get #isEmpty(): boolean {
    return this.#overflow === 'none' && this.#pending.size === 0
  }

  async #replayAll(): Promise<void> {
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    while (!this.#isEmpty && !this.#closed) {
      this.#askedAgain = false
      const [key = ''] = this.#pending.keys()
      try {
        await (this.#overflow === 'none' ? this.#replayBatch() : this.#clear())
        this.#failures = 0
      } catch (error) {
        this.#settings.report({ type: 'store-error', operation: 'replay', key, error })
        if (this.#askedAgain) continue
        this.#replaying = undefined
        return this.#replayLater()
      }
    }
    this.#replaying = undefined
    if (this.#closed) return
    const replayed = this.#replayed
    this.#replayed = { count: 0, overflowed: false }
    this.#settings.report({ type: 'invalidate-replayed', ...replayed })
  }

  async #replayBatch(): Promise<void> {
    const sent = [...this.#pending].slice(0, batch)
    await this.#settings.invalidate(sent.map(([key]) => key))
    for (const [key, add] of sent) {
      // Added again since: the invalidation that was acknowledged may have come before the write that this one is for.
      if (this.#pending.get(key) !== add) continue
      this.#pending.delete(key)
      this.#replayed.count += 1
    }
  }

  async #clear(): Promise<void> {
    this.#overflow = 'clearing'
    try {
      await this.#settings.clear()
    } catch (error) {
      this.#overflowNow()
      throw error
    }
    this.#replayed.overflowed = true
    this.#endOverflow()
  }

  #overflowNow(): void {
    this.#overflow = 'pending'
    this.#pending.clear()
  }

  /** Unless there was another overflow while the clear was under way. */
  #endOverflow(): void {
    if (this.#overflow === 'clearing') this.#overflow = 'none'
  }

  #replayLater(): void {
    if (this.#cancelRetry || this.#closed) return
    const pause = Math.min(longestPause, shortestPause * 2 ** this.#failures)
    this.#failures += 1
    this.#cancelRetry = this.#settings.clock.after(pause, () => {
      this.#cancelRetry = undefined
      void this.replay()
    })
  }
}
