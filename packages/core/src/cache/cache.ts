import { encodeValue } from '../entry/codec.ts'
import { leaseHead } from '../entry/entry.ts'
import { lifetimeOf } from '../entry/freshness.ts'
import { storeKey } from '../entry/key.ts'
import { packEntry } from '../entry/pack.ts'
import { newToken } from '../entry/token.ts'
import { CacheClosedError, StoreError, UncacheableValueError } from '../errors.ts'
import type { LoadOutcome } from '../load/lead.ts'
import type { Loader } from '../load/run-loader.ts'
import { SingleFlight } from '../load/single-flight.ts'
import type { Entry, Eviction, EvictionWatch } from '../protocol/store.ts'
import { type Clock, systemClock } from '../time/clock.ts'
import { type Acknowledgement, Invalidations } from './invalidations.ts'
import { type CacheOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { ReadThrough, type Served } from './read-through.ts'
import { type CacheEvents, Reporter } from './reporter.ts'
import { type ReadOptions, resolveCall, type Settings, type WriteOptions } from './settings.ts'
import type { CacheStats } from './stats.ts'
import { type WriteRequest, writeBehindBarrier } from './write.ts'
import { type InvalidateOptions, type MutateOptions, resolveInvalidation, resolveSettle } from './write-options.ts'

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
  readonly #clock: Clock
  readonly #reporter: Reporter
  readonly #flights = new SingleFlight<LoadOutcome>()
  readonly #reads: ReadThrough
  readonly #invalidations: Invalidations
  readonly #stopWatching: () => void
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
    const { report } = this.#reporter
    const around = { flights: this.#flights, clock, report }
    this.#invalidations = new Invalidations(this.#options, around)
    const avoids = (inStore: string) => this.#closed || this.#invalidations.isPending(inStore)
    this.#reads = new ReadThrough(this.#options, { ...around, avoids })
    this.#stopWatching = this.#options.store.onChange((change) => {
      if (change.kind === 'degraded') return report({ type: 'degraded', reason: change.reason })
      report({ type: 'recovered', after: change.after })
      this.#invalidations.replay()
    })
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
   * @param load Reads the source of truth. It must read committed data, and not a lagging replica (see `settle`).
   * @throws what `load` throws, as it was thrown, to every caller that waited for that load; with `failSafe` and a
   *   value at hand, nothing.
   * @throws {LoadTimeoutError} after `loadTimeout` without a value.
   * @throws {UncacheableValueError} for a value that the codec refuses, such as `undefined`.
   * @throws {InvalidKeyError} {@link cacheKey} makes a key of any input.
   * @throws {InvalidOptionsError}
   *
   * @example
   * const user = await cache.getOrLoad('user:1', () => database.user(1), { ttl: '5m' })
   */
  async getOrLoad<T>(key: string, load: Loader<T>, options?: ReadOptions): Promise<T> {
    const { value } = await this.#reads.getOrLoad(key, load, this.#settings(options))
    return value as T
  }

  /** As `getOrLoad`, and says whether the value is fresh, and why if it is not. */
  async getOrLoadEntry<T>(key: string, load: Loader<T>, options?: ReadOptions): Promise<Served<T>> {
    return (await this.#reads.getOrLoad(key, load, this.#settings(options))) as Served<T>
  }

  /** Returns the value of `key` if it is cached. Redis away is "not found", with a `store-error` event. @throws {InvalidKeyError} */
  async get<T>(key: string): Promise<Lookup<T>> {
    const served = await this.#reads.get(key, this.#options.settings)
    return served ? { found: true, value: served.value as T } : { found: false, value: undefined }
  }

  /**
   * Puts a value in the cache. Loads of the key that are under way are fenced off: what they bring is not stored.
   *
   * The value must be as new as the source of truth: between two writers, only `invalidate` and `writeThrough` are
   * safe in any order.
   * @returns false if an invalidation or another writer came in between; nothing old is left in the cache then.
   * @throws {StoreError} if Redis did not acknowledge it: the old value may still be served.
   * @throws {UncacheableValueError} for a value that the codec refuses, or that is larger than `maxValueSize`.
   * @throws {InvalidKeyError} {@link InvalidOptionsError} {@link CacheClosedError}
   */
  async set(key: string, value: unknown, options?: WriteOptions): Promise<boolean> {
    const { store } = this.#options
    const settings = this.#settings(options)
    const inStore = storeKey(this.namespace, key)
    this.#refuseWhenClosed('set')
    const entry = await this.#entryOf(key, value, settings)

    this.#flights.forget(inStore)
    const attempt = { token: newToken(), ttl: settings.leaseTtl }
    const lease = { head: leaseHead(attempt.token), ttl: attempt.ttl }
    try {
      // Two steps, so that a command that is late or sent again can void a newer value but never bring back this one.
      if ((await store.claim(inStore, attempt)) === 'barred') return false
      const reply = await store.fill(inStore, lease, entry)
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
   * @returns `'pending'` only with `onUnreachable: 'journal'`: Redis has not been told yet, and will be.
   * @throws {StoreError} if Redis did not acknowledge it: the old value may be served until its TTL ends. Safe to repeat.
   * @throws {InvalidKeyError} {@link InvalidOptionsError} {@link CacheClosedError}
   *
   * @example
   * await database.rename(1, 'Ada')
   * await cache.invalidate(['user:1', 'users:all'])
   */
  async invalidate(keys: string | readonly string[], options?: InvalidateOptions): Promise<Acknowledgement> {
    const { settle, replicas } = resolveInvalidation(options, this.#options.settle)
    const named = this.#named('invalidate', keys)
    const send = () => this.#invalidations.void(named.storeKeys, settle, replicas)
    return this.#invalidations.send({ operation: 'invalidate', ...named, settle, send })
  }

  /**
   * Ends the freshness of one or many keys: as `invalidate`, but what was cached is kept for `failSafe`, and served if
   * the next load fails.
   *
   * @returns {@link invalidate} @throws {StoreError} {@link InvalidKeyError} {@link CacheClosedError}
   */
  async expire(keys: string | readonly string[]): Promise<Acknowledgement> {
    const named = this.#named('expire', keys)
    const send = () => this.#options.store.expire(named.storeKeys)
    return this.#invalidations.send({ operation: 'expire', ...named, settle: 0, send })
  }

  /**
   * Runs a write behind a barrier, and invalidates: from before the write until after it, readers of the keys load
   * without caching. A process that dies anywhere in between leaves nothing stale once `barrierTtl` is over.
   *
   * @param write Commits. It should not go on for longer than `barrierTtl` after its process has died.
   * @returns what `write` returns.
   * @throws what `write` throws, as it was thrown.
   * @throws {StoreError} if Redis is away: before the write, which is then not made, or after it; the message says which.
   *   With `onUnreachable: 'journal'` never: the write is made without a barrier, and the invalidation is pending.
   * @throws {InvalidKeyError} {@link InvalidOptionsError} {@link CacheClosedError}
   *
   * @example
   * await cache.mutate(['user:1', 'users:all'], () => database.rename(1, 'Ada'))
   */
  async mutate<T>(
    keys: string | readonly string[],
    write: () => T | PromiseLike<T>,
    options?: MutateOptions,
  ): Promise<T> {
    const settle = resolveSettle(options, this.#options.settle)
    return this.#write({ operation: 'mutate', ...this.#named('mutate', keys), write, settle })
  }

  /**
   * As `mutate`, for one key, and puts what `write` returns in the cache: unless another writer was at work on the key
   * meanwhile, since then nobody can tell here which of them came last.
   *
   * @param write Commits, and returns the value as a loader would.
   * @throws {UncacheableValueError} {@link mutate} for a value that the codec refuses; the write is made then.
   *
   * @example
   * const user = await cache.writeThrough('user:1', () => database.rename(1, 'Ada'))
   */
  async writeThrough<T>(key: string, write: () => T | PromiseLike<T>, options?: WriteOptions): Promise<T> {
    const settings = this.#settings(options)
    const { settle } = this.#options
    const entryOf = (value: T) => this.#entryOf(key, value, settings)
    return this.#write({ operation: 'writeThrough', ...this.#named('writeThrough', key), write, entryOf, settle })
  }

  /** Milliseconds for which the value of `key` is still fresh, or null if none is cached or Redis is away. @throws {InvalidKeyError} */
  async ttl(key: string): Promise<number | null> {
    const seen = await this.#reads.read(key, storeKey(this.namespace, key))
    if (seen.kind !== 'value') return null
    const left = seen.lifetime.freshUntil - this.#options.store.now()
    return left > 0 ? left : null
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

  /**
   * Lets the loads under way end, and sends what is pending; then closes the connection if this cache opened it. Reads
   * go to their loaders from now on.
   */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#flights.settled()
    await this.#invalidations.close()
    this.#stopWatching()
    if (this.#options.ownsStore) await this.#options.store.close()
  }

  #write<T>(request: Omit<WriteRequest<T>, 'barrierTtl'>): Promise<T> {
    const { store, journals, barrierTtl } = this.#options
    for (const key of request.storeKeys) this.#flights.forget(key)
    return writeBehindBarrier(
      { ...request, barrierTtl },
      { store, clock: this.#clock, report: this.#reporter.report, journals, invalidations: this.#invalidations },
    )
  }

  /** @throws {UncacheableValueError} */
  async #entryOf(key: string, value: unknown, settings: Settings): Promise<Entry> {
    const { format, compression } = this.#options
    const payload = encodeValue(format.codec, key, value)
    if (payload.length > format.maxValueSize)
      throw new UncacheableValueError(key, `${payload.length} bytes, above maxValueSize (${format.maxValueSize})`)
    const negative = value === null
    const lifetime = lifetimeOf(settings, negative, Math.random())
    const header = { negative, freshFor: lifetime.freshFor, cost: 0 }
    return { raw: await packEntry(payload, header, format, compression), ...lifetime }
  }

  #settings(options: ReadOptions | undefined): Settings {
    return resolveCall(options, this.#options.settings)
  }

  #named(
    operation: string,
    keys: string | readonly string[],
  ): { keys: readonly string[]; storeKeys: readonly string[] } {
    const named = [...new Set(typeof keys === 'string' ? [keys] : keys)]
    const storeKeys = named.map((key) => storeKey(this.namespace, key))
    this.#refuseWhenClosed(operation)
    return { keys: named, storeKeys }
  }

  #refuseWhenClosed(operation: string): void {
    if (this.#closed) throw new CacheClosedError(operation)
  }
}
