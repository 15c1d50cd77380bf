import { newToken } from '../entry/token.ts'
import { StoreError } from '../errors.ts'
import type { CacheEvent } from '../events.ts'
import type { LoadOutcome } from '../load/lead.ts'
import type { SingleFlight } from '../load/single-flight.ts'
import type { NearCache } from '../near/near-cache.ts'
import { Journal } from '../resilience/journal.ts'
import type { Clock } from '../time/clock.ts'
import type { ResolvedOptions } from './options.ts'
import type { Aftermath } from './write-options.ts'

/** Keys and tags. */
const journalLimit = 10_000

/** How long a cache that is closed tries to send what is pending, in milliseconds. */
const closeTimeout = 2_000

/** Between the clocks of two machines, as a factor; and what a timer is early by at most, in milliseconds. */
const largestDrift = 1.01
const timerError = 2

/** Whether the store has confirmed that keys or tags are void, or will be told so until it does. */
export type Acknowledgement = 'acknowledged' | 'pending'

/** What a call voids. */
export interface Targets {
  /** As the caller named them. */
  readonly keys: readonly string[]
  /** The same, as they stand in the store. */
  readonly storeKeys: readonly string[]
  /** As the caller named them. */
  readonly tags: readonly string[]
  /** The same, as they stand in the store. */
  readonly storeTags: readonly string[]
}

/** What is neither text nor a list is one name, for the next to refuse. */
export const namesOf = (given: string | readonly string[]): readonly string[] =>
  Array.isArray(given) ? given : [given as string]

/** A call that voids keys or tags. */
interface Voiding extends Targets, Aftermath {
  readonly operation: string
  readonly send: () => Promise<unknown>
  /** For the error, if there is one: what holds then. */
  readonly next?: string
  /** What is told once it is acknowledged. */
  readonly told?: () => CacheEvent
}

/** Sees to it that no invalidation is lost in silence: it is acknowledged, or rejects, or is kept in the journal until it is. */
export class Invalidations {
  readonly #options: Pick<ResolvedOptions, 'namespaceKeys' | 'store' | 'nearLag'>
  readonly #flights: SingleFlight<LoadOutcome>
  readonly #near: NearCache | undefined
  readonly #clock: Clock
  readonly #report: (event: CacheEvent) => void
  readonly #journal: Journal | undefined
  /** The longest that something pending has to settle: all that are pending are given as much. Milliseconds. */
  #pendingSettle = 0

  constructor(
    options: Pick<ResolvedOptions, 'namespaceKeys' | 'store' | 'nearLag' | 'journals'>,
    around: {
      readonly flights: SingleFlight<LoadOutcome>
      readonly near: NearCache | undefined
      readonly clock: Clock
      readonly report: (event: CacheEvent) => void
    },
  ) {
    this.#options = options
    this.#flights = around.flights
    this.#near = around.near
    this.#clock = around.clock
    this.#report = around.report
    if (!options.journals) return
    this.#journal = new Journal({
      limit: journalLimit,
      invalidate: (names) => this.#replayNames(names),
      clear: () => this.clearNow(this.#pendingSettle).finally(() => this.#near?.lost()),
      clock: around.clock,
      report: (event) => {
        if (event.type === 'invalidate-replayed') this.#pendingSettle = 0
        around.report(event)
      },
    })
  }

  /** Whether the store may hold, under this key, what this process has voided. */
  isPending(storeKey: string): boolean {
    return this.#journal?.isPending(storeKey) === true
  }

  /** Whether this process has voided what has one of these tags, and the store may not know. */
  arePending(storeTags: readonly string[]): boolean {
    const journal = this.#journal
    return journal !== undefined && storeTags.some((tag) => journal.isPending(named(tag)))
  }

  /** Tells the store, on so many replicas too, that keys are void, and that nothing is to be filled for so long. */
  async void(storeKeys: readonly string[], settle: number, replicas = 0): Promise<void> {
    const { store } = this.#options
    if (settle === 0 || replicas > 0) await store.invalidate(storeKeys, replicas)
    if (settle === 0) return
    const writer = { token: newToken(), ttl: settle }
    await Promise.all(storeKeys.map((key) => store.raise(key, writer)))
  }

  /** As `void`, for all that has one of these tags. */
  voidTags(storeTags: readonly string[], settle: number, replicas = 0): Promise<void> {
    return this.#options.store.bump(this.#options.namespaceKeys.tagClock, storeTags, { what: 'void', settle, replicas })
  }

  /** As `void`, for all there is. */
  clearNow(settle: number): Promise<void> {
    return this.#options.store.clear(this.#options.namespaceKeys.generation, settle)
  }

  /** @throws {StoreError} without a journal, when the store does not acknowledge it. */
  async send({ operation, settle, everywhere, send, next, told, ...targets }: Voiding): Promise<Acknowledgement> {
    const { keys, storeKeys, tags, storeTags } = targets
    if (keys.length + tags.length === 0) return 'acknowledged'
    for (const key of storeKeys) this.#flights.forget(key)
    try {
      // What was read before the answer may be from before the invalidation; nobody here may be served it from now on.
      await send().finally(() => this.forgetNear(storeKeys, tags.length > 0))
    } catch (error) {
      this.#report({ type: 'invalidate-error', operation, keys, tags, error })
      if (!this.#journal) throw new StoreError(operation, [...keys, ...tags], error, next)
      this.#pendingSettle = Math.max(this.#pendingSettle, settle)
      this.#journal.add([...storeKeys, ...storeTags.map(named)])
      // A load that was begun meanwhile may have found what should be void; of tags, nobody knows which.
      for (const key of storeKeys) this.#flights.forget(key)
      if (tags.length > 0) this.#flights.forgetAll()
      this.#report({ type: 'invalidate-pending', operation, keys, tags })
      return 'pending'
    }
    const expires = operation === 'expire' || operation === 'expireTag'
    if (told) this.#report(told())
    else if (keys.length > 0) this.#report({ type: expires ? 'expire' : 'invalidate', keys })
    if (tags.length > 0) this.#report({ type: expires ? 'expire-tags' : 'invalidate-tags', tags })
    if (everywhere) await this.#heardEverywhere()
    return 'acknowledged'
  }

  /** @throws {StoreError} without a journal, when the store does not acknowledge it. */
  async clear({ settle, everywhere }: Aftermath): Promise<Acknowledgement> {
    const nothing = { operation: 'clear', keys: [], tags: [] } as const
    try {
      await this.clearNow(settle).finally(() => this.#near?.lost())
    } catch (error) {
      this.#report({ type: 'invalidate-error', ...nothing, error })
      if (!this.#journal) throw new StoreError('clear', [], error)
      this.#pendingSettle = Math.max(this.#pendingSettle, settle)
      this.#journal.addAll()
      this.#flights.forgetAll()
      this.#report({ type: 'invalidate-pending', ...nothing })
      return 'pending'
    }
    this.#report({ type: 'clear' })
    if (everywhere) await this.#heardEverywhere()
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

  /** For what others have been told by an answer of the store: nobody here is served what was read before it came. */
  forgetNear(storeKeys: readonly string[], tagged: boolean): void {
    for (const key of storeKeys) this.#near?.forget(key)
    if (tagged) this.#near?.forgetTagged()
  }

  /** The near cache of each process serves only while it knows what has changed longer than `nearLag` ago. */
  #heardEverywhere(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(this.#options.nearLag * largestDrift + timerError, resolve)
    })
  }

  async #replayNames(names: readonly string[]): Promise<void> {
    const tags = names.filter((name) => name.startsWith(tagMark)).map((name) => name.slice(1))
    const keys = names.filter((name) => !name.startsWith(tagMark))
    await Promise.all([
      keys.length > 0 ? this.void(keys, this.#pendingSettle) : undefined,
      tags.length > 0 ? this.voidTags(tags, this.#pendingSettle) : undefined,
    ]).finally(() => this.forgetNear(keys, tags.length > 0))
  }
}

/** No key in the store begins so: no namespace does. */
const tagMark = '#'

/** A tag in the journal, beside keys. */
const named = (storeTag: string): string => `${tagMark}${storeTag}`
