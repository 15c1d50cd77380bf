import { newToken } from '../entry/token.ts'
import { StoreError } from '../errors.ts'
import type { CacheEvent } from '../events.ts'
import type { LoadOutcome } from '../load/lead.ts'
import type { SingleFlight } from '../load/single-flight.ts'
import type { Store } from '../protocol/store.ts'
import { Journal } from '../resilience/journal.ts'
import type { Clock } from '../time/clock.ts'

/** Keys. */
const journalLimit = 10_000

/** How long a cache that is closed tries to send what is pending, in milliseconds. */
const closeTimeout = 2_000

/** Whether the store has confirmed that keys are void, or will be told so until it does. */
export type Acknowledgement = 'acknowledged' | 'pending'

/** A call that voids keys. */
interface Voiding {
  readonly operation: string
  /** As the caller named them. */
  readonly keys: readonly string[]
  /** The same, as they stand in the store. */
  readonly storeKeys: readonly string[]
  /** How long nothing is to be filled then, in milliseconds. */
  readonly settle: number
  readonly send: () => Promise<unknown>
  /** For the error, if there is one: what holds then. */
  readonly next?: string
}

/** Sees to it that no invalidation is lost in silence: it is acknowledged, or rejects, or is kept in the journal until it is. */
export class Invalidations {
  readonly #flights: SingleFlight<LoadOutcome>
  readonly #report: (event: CacheEvent) => void
  readonly #store: Store
  readonly #journal: Journal | undefined
  /** The longest that a pending key has to settle: all that are pending are given as much. Milliseconds. */
  #pendingSettle = 0

  constructor(
    { namespace, store, journals }: { readonly namespace: string; readonly store: Store; readonly journals: boolean },
    around: {
      readonly flights: SingleFlight<LoadOutcome>
      readonly clock: Clock
      readonly report: (event: CacheEvent) => void
    },
  ) {
    this.#flights = around.flights
    this.#report = around.report
    this.#store = store
    if (journals) {
      this.#journal = new Journal({
        limit: journalLimit,
        invalidate: (keys) => this.void(keys, this.#pendingSettle),
        clear: () => store.clear(`${namespace}:`),
        clock: around.clock,
        report: around.report,
      })
    }
  }

  /** Whether the store may hold, under this key, what this process has voided. */
  isPending(storeKey: string): boolean {
    return this.#journal?.isPending(storeKey) === true
  }

  /** Tells the store, on so many replicas too, that keys are void, and that nothing is to be filled for so long. */
  async void(storeKeys: readonly string[], settle: number, replicas = 0): Promise<void> {
    if (settle === 0 || replicas > 0) await this.#store.invalidate(storeKeys, replicas)
    if (settle === 0) return
    const writer = { token: newToken(), ttl: settle }
    await Promise.all(storeKeys.map((key) => this.#store.raise(key, writer)))
  }

  /** @throws {StoreError} without a journal, when the store does not acknowledge it. */
  async send({ operation, keys, storeKeys, settle, send, next }: Voiding): Promise<Acknowledgement> {
    if (keys.length === 0) return 'acknowledged'
    for (const key of storeKeys) this.#flights.forget(key)
    try {
      await send()
    } catch (error) {
      this.#report({ type: 'invalidate-error', keys, error })
      if (!this.#journal) throw new StoreError(operation, keys, error, next)
      this.#pendingSettle = Math.max(this.#pendingSettle, settle)
      this.#journal.add(storeKeys)
      // A load that was begun meanwhile may have found what should be void.
      for (const key of storeKeys) this.#flights.forget(key)
      this.#report({ type: 'invalidate-pending', keys })
      return 'pending'
    }
    this.#report({ type: operation === 'expire' ? 'expire' : 'invalidate', keys })
    return 'acknowledged'
  }

  /** The store answers again. */
  replay(): void {
    void this.#journal?.replay()
  }

  /** Tries a last time to send what is pending. */
  async close(): Promise<void> {
    await this.#journal?.close(closeTimeout)
  }
}
