import { encodeValue } from '../entry/codec.ts'
import { encodeEntry, readEntry, type Seen } from '../entry/entry.ts'
import { storeKey } from '../entry/key.ts'
import { newToken } from '../entry/token.ts'
import { CacheClosedError, StoreError, UncacheableValueError } from '../errors.ts'
import { type LoadOutcome, lead } from '../load/lead.ts'
import type { Loader } from '../load/run-loader.ts'
import { SingleFlight } from '../load/single-flight.ts'
import type { Eviction, EvictionWatch } from '../protocol/store.ts'
import { type Clock, systemClock } from '../time/clock.ts'
import {
  type CacheOptions,
  jitteredTtl,
  type ReadOptions,
  type ResolvedOptions,
  resolveCall,
  resolveOptions,
  type WriteOptions,
} from './options.ts'
import { type CacheEvents, Reporter } from './reporter.ts'
import type { CacheStats } from './stats.ts'

/** What `get` found. A cached "does not exist" is found, with the value `null`. */
export type Lookup<T> =
  | { readonly found: true; readonly value: T }
  | { readonly found: false; readonly value: undefined }

/**
 * Cache-aside on Redis: after `invalidate` has resolved, no read in any process returns what was loaded before it,
 * and however many callers in however many processes miss a key at once, one of them loads it.
 *
 * Values come back as the codec makes them, on a miss as on a hit, and are the caller's own to change.
 *
 * @example
 * const cache = new CacheAside({ namespace: 'shop', redis: 'redis://localhost:6379', ttl: '5m' })
 * const product = await cache.getOrLoad('product:p-001', () => database.product('p-001'))
 *
 * @see docs/protocol.md; after the leases of Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013.
 */
export class CacheAside {
  readonly #options: ResolvedOptions
  readonly #reporter: Reporter
  readonly #flights = new SingleFlight<LoadOutcome>()
  readonly #clock: Clock
  #closed = false

  /**
   * Opens no connection; the first call does, or `connect`.
   *
   * @param clock For tests that decide what happens first.
   * @throws {InvalidOptionsError} which names every option that is wrong and shows a right value.
   */
  constructor(options: CacheOptions, clock: Clock = systemClock) {
    this.#options = resolveOptions(options)
    this.#clock = clock
    this.#reporter = new Reporter(this.#options.namespace)
  }

  get namespace(): string {
    return this.#options.namespace
  }

  get events(): CacheEvents {
    return this.#reporter.events
  }

  /** Resolves when Redis has answered. Not needed before the first read. @throws {ConnectionError} */
  connect(): Promise<void> {
    return this.#options.store.connect()
  }

  /**
   * Returns the value of `key`, loading it when the cache has none.
   *
   * At most one load for a key runs at a time, over all processes, while its lease lives. A value that was loaded
   * before an `invalidate(key)` took effect is never returned to a call that starts after it has resolved. While Redis
   * is away the loader's value is returned and nothing is cached.
   *
   * @param load Reads the source of truth. It must read committed data, and not a lagging replica.
   * @throws what `load` throws, as it was thrown, to every caller that waited for that load.
   * @throws {LoadTimeoutError} after `loadTimeout` without a value.
   * @throws {UncacheableValueError} for a value that the codec refuses, such as `undefined`.
   * @throws {InvalidKeyError} {@link cacheKey} makes a key of any input.
   * @throws {InvalidOptionsError}
   *
   * @example
   * const user = await cache.getOrLoad('user:1', () => database.user(1), { ttl: '5m' })
   */
  async getOrLoad<T>(key: string, load: Loader<T>, options?: ReadOptions): Promise<T> {
    const settings = resolveCall(options, this.#options.settings)
    const inStore = storeKey(this.namespace, key)
    const { report } = this.#reporter

    for (let missed = false; ; missed = true) {
      const seen = await this.#read(key, inStore)
      if (seen.kind === 'value') {
        report({ type: missed ? 'join' : 'hit', key })
        return seen.value as T
      }
      if (!missed) report({ type: 'miss', key })

      const boarding = this.#flights.board(inStore, missed, (flight) => {
        const request = {
          key,
          storeKey: inStore,
          load,
          leasable: seen.kind !== 'away',
          replacing: seen.kind === 'unreadable' ? seen.head : undefined,
          leaseTtl: settings.leaseTtl,
          loadTimeout: settings.loadTimeout,
          ttlOf: (negative: boolean, given: number | undefined) => jitteredTtl(settings, negative, given),
        }
        return lead(flight, request, { ...this.#options, clock: this.#clock, report })
      })
      const outcome = await boarding.outcome
      if (outcome.kind === 'failed') throw outcome.cause
      // The value may be older than an invalidation that returned before this call began.
      if (boarding.role === 'joiner' && outcome.asOf <= boarding.boarded) continue

      if (boarding.role === 'joiner') report({ type: 'join', key })
      else if (outcome.kind === 'entry' && outcome.loadedBy === 'another') report({ type: 'wait', key })
      return (outcome.kind === 'declined' ? outcome.value : this.#options.codec.decode(outcome.payload)) as T
    }
  }

  /** Returns the value of `key` if it is cached. Redis away is "not found", with a `store-error` event. @throws {InvalidKeyError} */
  async get<T>(key: string): Promise<Lookup<T>> {
    const seen = await this.#read(key, storeKey(this.namespace, key))
    this.#reporter.report({ type: seen.kind === 'value' ? 'hit' : 'miss', key })
    return seen.kind === 'value' ? { found: true, value: seen.value as T } : { found: false, value: undefined }
  }

  /**
   * Puts a value in the cache. Loads of the key that are under way are fenced off: what they bring is not stored.
   *
   * The value must be as new as the source of truth: between two writers, only `invalidate` is safe in any order.
   * @returns false if an invalidation or another writer came in between; nothing old is left in the cache then.
   * @throws {StoreError} if Redis did not acknowledge it: the old value may still be served.
   * @throws {UncacheableValueError} for a value that the codec refuses, or that is larger than `maxValueSize`.
   * @throws {InvalidKeyError} {@link InvalidOptionsError} {@link CacheClosedError}
   */
  async set(key: string, value: unknown, options?: WriteOptions): Promise<boolean> {
    const { store, codec, maxValueSize, settings: base } = this.#options
    const settings = resolveCall(options, base)
    const inStore = storeKey(this.namespace, key)
    this.#refuseWhenClosed('set')
    const payload = encodeValue(codec, key, value)
    if (payload.length > maxValueSize)
      throw new UncacheableValueError(key, `${payload.length} bytes, above maxValueSize (${maxValueSize})`)

    this.#flights.forget(inStore)
    const negative = value === null
    const lease = { token: newToken(), ttl: settings.leaseTtl }
    const entry = encodeEntry(newToken(), codec, payload, negative)
    try {
      // Two steps, so that a command that is late or sent again can void a newer value but never bring back this one.
      await store.claim(inStore, lease)
      const reply = await store.fill(inStore, { token: lease.token, entry, ttl: jitteredTtl(settings, negative) })
      this.#reporter.report({ type: 'fill', key, accepted: reply === 'accepted' })
      return reply === 'accepted'
    } catch (error) {
      throw new StoreError('set', [key], error)
    }
  }

  /**
   * Voids one or many keys. Once it has resolved, no read that starts afterwards, in any process, returns what was
   * loaded before. Call it after the write is committed.
   *
   * @throws {StoreError} if Redis did not acknowledge it: the old value may be served until its TTL ends. Safe to repeat.
   * @throws {InvalidKeyError} {@link CacheClosedError}
   *
   * @example
   * await database.rename(1, 'Ada')
   * await cache.invalidate(['user:1', 'users:all'])
   */
  async invalidate(keys: string | readonly string[]): Promise<void> {
    const named = [...new Set(typeof keys === 'string' ? [keys] : keys)]
    const inStore = named.map((key) => storeKey(this.namespace, key))
    this.#refuseWhenClosed('invalidate')
    if (named.length === 0) return

    for (const key of inStore) this.#flights.forget(key)
    try {
      await this.#options.store.invalidate(inStore)
    } catch (error) {
      this.#reporter.report({ type: 'invalidate-error', keys: named, error })
      throw new StoreError('invalidate', named, error)
    }
    this.#reporter.report({ type: 'invalidate', keys: named })
  }

  /** Milliseconds until the value of `key` ends, or null if none is cached or Redis is away. @throws {InvalidKeyError} */
  async ttl(key: string): Promise<number | null> {
    const inStore = storeKey(this.namespace, key)
    if (this.#closed) return null
    try {
      return await this.#options.store.remaining(inStore)
    } catch (error) {
      this.#reporter.report({ type: 'store-error', operation: 'ttl', key, error })
      return null
    }
  }

  stats(): CacheStats {
    return this.#reporter.stats()
  }

  /**
   * Reports keys of this namespace that expired, were evicted or were deleted. Best effort: Redis does not repeat what
   * was said while nobody was connected. @throws {ConnectionError}
   */
  async watchEvictions(listener: (eviction: Eviction) => void): Promise<EvictionWatch> {
    this.#refuseWhenClosed('watchEvictions')
    const prefix = `${this.namespace}:`
    return this.#options.store.watchEvictions(prefix, ({ reason, key }) =>
      listener({ reason, key: key.slice(prefix.length) }),
    )
  }

  /** Lets the loads under way end, then closes the connection if this cache opened it. Reads go to their loaders from now on. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#flights.settled()
    if (this.#options.ownsStore) await this.#options.store.close()
  }

  async #read(key: string, inStore: string): Promise<Seen | { readonly kind: 'away' }> {
    if (this.#closed) return { kind: 'away' }
    try {
      const seen = readEntry(await this.#options.store.read(inStore), this.#options.codec)
      if (seen.kind === 'unreadable') this.#reporter.report({ type: 'corrupt', key, reason: seen.reason })
      return seen
    } catch (error) {
      this.#reporter.report({ type: 'store-error', operation: 'read', key, error })
      return { kind: 'away' }
    }
  }

  #refuseWhenClosed(operation: string): void {
    if (this.#closed) throw new CacheClosedError(operation)
  }
}
