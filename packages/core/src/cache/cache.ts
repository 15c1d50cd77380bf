import { bulkhead } from 'cockatiel'
import { leaseHead } from '../entry/entry.ts'
import { cacheKey, type KeyPart, storeKey, storeTag } from '../entry/key.ts'
import { isExpired } from '../entry/freshness.ts'
import { isSettling } from '../entry/origin.ts'
import { newToken } from '../entry/token.ts'
import { CacheClosedError, StoreError } from '../errors.ts'
import type { BatchLoader, BatchResult, ValueIn } from '../load/batch-load.ts'
import { isTagged, type LoadOutcome } from '../load/lead.ts'
import type { Loader } from '../load/run-loader.ts'
import { SingleFlight } from '../load/single-flight.ts'
import { NearCache } from '../near/near-cache.ts'
import { Changes } from '../protocol/changes.ts'
import type { Eviction, EvictionWatch } from '../protocol/store.ts'
import { type Clock, systemClock } from '../time/clock.ts'
import { type BatchReads, readMany, valuesOf } from './batches.ts'
import { ChildCache } from './child-cache.ts'
import { type GatheredRead, GatheredReads } from './gathered-reads.ts'
import { givenValue } from './given-value.ts'
import { type Acknowledgement, Invalidations, namesOf, type Targets } from './invalidations.ts'
import { type CacheOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { invalidatePattern, type PatternOptions, type PatternResult } from './patterns.ts'
import { type Lookup, type ReadSurroundings, ReadThrough, type Served } from './read-through.ts'
import { type CacheEvents, Reporter } from './reporter.ts'
import { type ReadOptions, resolveCall, type Settings, type WriteOptions } from './settings.ts'
import type { CacheParts } from './parts.ts'
import type { CacheStats } from './stats.ts'
import { type WriteRequest, writeBehindBarrier } from './write.ts'
import {
  type ClearOptions,
  type InvalidateOptions,
  type MutateOptions,
  noAftermath,
  resolveClear,
  resolveInvalidation,
  resolveMutation,
} from './write-options.ts'

/** For the caches of this package that stand on another. @throws {TypeError} for what is no cache of this copy of it. */
export let partsOf: (cache: CacheAside) => CacheParts

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
  readonly #around: ReadSurroundings
  readonly #reads: ReadThrough
  readonly #invalidations: Invalidations
  /** What options that cannot change come to: they are read once. */
  readonly #frozenOptions = new WeakMap<object, Settings>()
  readonly #stopWatching: () => void
  #closed = false

  static {
    partsOf = (cache) => ({
      options: cache.#options,
      around: cache.#around,
      invalidations: cache.#invalidations,
      refuseWhenClosed: (operation) => cache.#refuseWhenClosed(operation),
    })
  }

  /**
   * Opens no connection; the first call does, or `connect`.
   *
   * @param clock For tests that decide what happens first.
   * @throws {InvalidOptionsError} which names every option that is wrong and shows a right value.
   */
  constructor(options: CacheOptions, clock: Clock = systemClock) {
    this.#options = resolveOptions(options)
    this.#reporter = new Reporter(this.#options.namespace)
    const { report, hit } = this.#reporter
    const { namespace, namespaceKeys, store, near, nearLag, maxConcurrentLoads } = this.#options
    const changes = new Changes({ namespace, namespaceKeys, store, clock, lag: nearLag, report })
    const around = { flights: this.#flights, near: near && new NearCache(near, namespaceKeys, changes), clock, report }
    this.#invalidations = new Invalidations(this.#options, around)
    const avoids = (inStore: string) => this.#closed || this.#invalidations.isPending(inStore)
    const avoidsTags = (tags: readonly string[]) => this.#invalidations.arePending(tags)
    const turns = bulkhead(maxConcurrentLoads, Number.POSITIVE_INFINITY)
    this.#around = { ...around, hit, changes, avoids, avoidsTags, turns }
    this.#reads = new ReadThrough(this.#options, this.#around)
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
  async getOrLoad<T>(key: string, load: Loader<T>, options?: ReadOptions<NoInfer<T>>): Promise<T> {
    const settings = this.#settings(options)
    const near = this.#reads.near(key, settings)
    if (near !== undefined) return near as T
    const { value } = await this.#reads.getOrLoad(key, load, settings)
    return value as T
  }

  /** As `getOrLoad`, and says whether the value is fresh, and why if it is not. */
  async getOrLoadEntry<T>(key: string, load: Loader<T>, options?: ReadOptions<NoInfer<T>>): Promise<Served<T>> {
    const settings = this.#settings(options)
    const near = this.#reads.near(key, settings)
    if (near !== undefined) return { value: near as T, stale: undefined }
    return (await this.#reads.getOrLoad(key, load, settings)) as Served<T>
  }

  /**
   * Returns the value of every key, in the order in which they first appear. What is cached is read in one round trip, and
   * what is not is loaded by one call of `loadMany`, which is given the keys to load and no others: a key that somebody
   * else loads is waited for ({@link defineCache} gives its loader ids instead of keys). More than 1000 keys are so many calls, one after the other. Each key is cached, fails and is invalidated by itself, as with `getOrLoad`.
   *
   * @param loadMany A key that its Map lacks does not exist: `null`. An `Error` in place of a value fails its key alone.
   * @throws what the first key that failed has failed with, as it was thrown, once all have settled; what the others
   *   have loaded is cached. {@link getOrLoadManySettled} has every key's fate.
   * @throws {TypeError} for a result of `loadMany` that is neither a Map of keys it was given nor an array of their number.
   * @throws {LoadTimeoutError} {@link UncacheableValueError} as `getOrLoad`.
   * @throws {InvalidKeyError} {@link InvalidOptionsError} before anything is read.
   *
   * @example
   * const prices = await cache.getOrLoadMany(['price:p-001', 'price:p-002'], (keys) => database.pricesByKey(keys))
   */
  async getOrLoadMany<Result extends BatchResult<unknown>>(
    keys: readonly string[],
    loadMany: BatchLoader<Result>,
    options?: ReadOptions<ValueIn<NoInfer<Result>>>,
  ): Promise<Map<string, ValueIn<Result>>> {
    return valuesOf(await this.getOrLoadManySettled(keys, loadMany, options))
  }

  /** As `getOrLoadMany`, and says of each key how it fared. @throws {InvalidKeyError} {@link InvalidOptionsError} */
  async getOrLoadManySettled<Result extends BatchResult<unknown>>(
    keys: readonly string[],
    loadMany: BatchLoader<Result>,
    options?: ReadOptions<ValueIn<NoInfer<Result>>>,
  ): Promise<Map<string, PromiseSettledResult<ValueIn<Result>>>> {
    return readMany(keys, loadMany, this.#settings(options), this.#batchReads())
  }

  /**
   * A read of one key, for reads that are made one by one and loaded together: those of one tick by one call of `loadMany`,
   * as with {@link getOrLoadMany}. Each has its value as soon as that is there.
   *
   * @throws {InvalidOptionsError}
   *
   * @example
   * const product = cache.gathered((ids: readonly string[]) => database.productsById(ids), { ttl: '5m' })
   * const [first, second] = await Promise.all([product('product:1', '1'), product('product:2', '2')])
   */
  gathered<Result extends BatchResult<unknown, Given>, Given = string>(
    loadMany: BatchLoader<Result, Given>,
    options?: ReadOptions<ValueIn<NoInfer<Result>>>,
  ): GatheredRead<ValueIn<Result>, Given> {
    return new GatheredReads<ValueIn<Result>, Given>(loadMany, this.#settings(options), this.#batchReads()).read
  }

  /** Returns the value of `key` if it is cached. Redis away is "not found", with a `store-error` event. @throws {InvalidKeyError} */
  async get<T>(key: string, options?: ReadOptions<T>): Promise<Lookup<T>> {
    const settings = this.#settings(options)
    const near = this.#reads.near(key, settings)
    if (near !== undefined) return { found: true, value: near as T }
    const served = await this.#reads.get(key, settings)
    return served ? { found: true, value: served.value as T } : { found: false, value: undefined }
  }

  /**
   * Puts a value in the cache. Loads of the key that are under way are fenced off: what they bring is not stored.
   *
   * The value must be as new as the source of truth: between two writers, only `invalidate` and `writeThrough` are
   * safe in any order.
   * @returns false if an invalidation or another writer of the key came in between; nothing old is left in the cache then.
   *   True, but void at once, where a write with one of its tags is under way.
   * @throws {StoreError} if Redis did not acknowledge it: the old value may still be served.
   * @throws {UncacheableValueError} for a value that the codec refuses, or that is larger than `maxValueSize`.
   * @throws {InvalidKeyError} {@link InvalidOptionsError} {@link CacheClosedError}
   */
  async set<T>(key: string, value: T, options?: WriteOptions<NoInfer<T>>): Promise<boolean> {
    const { store, namespaceKeys } = this.#options
    const settings = this.#settings(options)
    const inStore = storeKey(this.namespace, key)
    this.#refuseWhenClosed('set')
    const entryOf = givenValue(key, value, settings, this.#options.compression)

    this.#flights.forget(inStore)
    const attempt = { token: newToken(), ttl: settings.leaseTtl }
    const lease = { head: leaseHead(attempt.token), ttl: attempt.ttl }
    try {
      // Two steps, so that a command that is late or sent again can void a newer value but never bring back this one.
      const [claimed, origin] = await Promise.all([
        store.claim(inStore, attempt),
        store.origin(namespaceKeys, isTagged(settings.tags)),
      ])
      if (claimed === 'barred' || isSettling(origin.generation)) return false
      const reply = await store.fill(inStore, lease, await entryOf(origin))
      this.#reporter.report({ type: 'fill', key, accepted: reply === 'accepted' })
      return reply === 'accepted'
    } catch (error) {
      throw new StoreError('set', [key], error)
    } finally {
      this.#around.near?.forget(inStore)
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
    const { replicas, ...aftermath } = resolveInvalidation(options, this.#options.settle)
    const named = this.#named('invalidate', keys)
    const send = () => this.#invalidations.void(named.storeKeys, aftermath.settle, replicas)
    return this.#invalidations.send({ operation: 'invalidate', ...named, ...aftermath, send })
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
    return this.#invalidations.send({ operation: 'expire', ...named, ...noAftermath, send })
  }

  /**
   * Voids every value that has one of these tags, as `invalidate` does those of keys. It costs the same for ten values as
   * for ten million. Values whose loads are under way are among them, and values whose tags are known only then.
   *
   * @returns {@link invalidate} @throws {StoreError} {@link InvalidKeyError} {@link InvalidOptionsError} {@link CacheClosedError}
   *
   * @example
   * await database.moveProduct('p-001', { from: 9, to: 12 })
   * await cache.invalidateTag(['category:9', 'category:12'])
   */
  async invalidateTag(tags: string | readonly string[], options?: InvalidateOptions): Promise<Acknowledgement> {
    const { replicas, ...aftermath } = resolveInvalidation(options, this.#options.settle)
    const named = this.#tagged('invalidateTag', tags)
    const send = () => this.#invalidations.voidTags(named.storeTags, aftermath.settle, replicas)
    return this.#invalidations.send({ operation: 'invalidateTag', ...named, ...aftermath, send })
  }

  /** Ends the freshness of every value that has one of these tags: {@link expire}, as `invalidateTag`. */
  async expireTag(tags: string | readonly string[]): Promise<Acknowledgement> {
    const named = this.#tagged('expireTag', tags)
    const { store, namespaceKeys } = this.#options
    const expire = { what: 'expire', settle: 0, replicas: 0 } as const
    const send = () => store.bump(namespaceKeys.tagClock, named.storeTags, expire)
    return this.#invalidations.send({ operation: 'expireTag', ...named, ...noAftermath, send })
  }

  /**
   * Voids everything in this namespace, at the same cost however much that is. Redis drops what is void when its TTL ends.
   *
   * @returns {@link invalidate} @throws {StoreError} {@link InvalidOptionsError} {@link CacheClosedError}
   */
  async clear(options?: ClearOptions): Promise<Acknowledgement> {
    const aftermath = resolveClear(options, this.#options.settle)
    this.#refuseWhenClosed('clear')
    return this.#invalidations.clear(aftermath)
  }

  /**
   * Voids every key that matches a Redis glob (`*`, `?`, `[a-z]`, `\\` before what is meant as it is) and stood when the call
   * began. It looks at every key of the database, a step at a time: for what is voided often, a tag costs less.
   *
   * Of keys above 256 bytes rather too many are voided: all that begin alike, up to the first special character. `settle`
   * holds for the keys that were found. Without Redis it rejects, with a journal too.
   * @throws {StoreError} which says how many keys are void. Safe to repeat.
   * @throws {InvalidOptionsError} {@link CacheClosedError} the reason of the signal
   *
   * @example
   * await cache.invalidatePattern(`search:${escapePattern(words)}:*`, { signal: AbortSignal.timeout(60_000) })
   */
  async invalidatePattern(pattern: string, options?: PatternOptions): Promise<PatternResult> {
    this.#refuseWhenClosed('invalidatePattern')
    const { store, settle } = this.#options
    return invalidatePattern(pattern, options, {
      prefix: `${this.namespace}:`,
      find: (prefix, matching) => store.find(prefix, matching),
      invalidate: (storeKeys) => this.#invalidations.void(storeKeys, settle),
      forget: (inStore) => this.#flights.forget(inStore),
      report: this.#reporter.report,
    }).finally(() => this.#around.near?.lost()) // What Redis has dropped by itself was not found, and may not have been told yet.
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
    const mutation = resolveMutation(options, this.#options.settle)
    return this.#write({ operation: 'mutate', ...this.#named('mutate', keys), ...mutation, write })
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
  async writeThrough<T>(key: string, write: () => T | PromiseLike<T>, options?: WriteOptions<NoInfer<T>>): Promise<T> {
    const settings = this.#settings(options)
    const aftermath = { settle: this.#options.settle, everywhere: false }
    const entry: WriteRequest<T>['entry'] = {
      tagged: isTagged(settings.tags),
      of: async (value, origin) => givenValue(key, value, settings, this.#options.compression)(origin),
    }
    return this.#write({ operation: 'writeThrough', ...this.#named('writeThrough', key), ...aftermath, write, entry })
  }

  /** Milliseconds for which the value of `key` is still fresh, or null if none is cached or Redis is away. @throws {InvalidKeyError} */
  async ttl(key: string, options?: ReadOptions): Promise<number | null> {
    const { seen } = await this.#reads.look(key, storeKey(this.namespace, key), this.#settings(options))
    if (seen.kind !== 'value' || isExpired(seen.lifetime)) return null
    const left = seen.lifetime.freshUntil - this.#options.store.now()
    return left > 0 ? left : null
  }

  /**
   * A part of this cache: its keys and tags begin with `name` and a colon here, and `clear` voids nothing else.
   *
   * @param name A text, a number or a bigint, as in {@link cacheKey}; the id of a tenant, for example.
   * @throws {InvalidKeyError}
   *
   * @example
   * const ofTenant = cache.child(tenant.id)
   * await ofTenant.getOrLoad('settings', () => database.settings(tenant.id)) // `acme:settings` in the cache
   */
  child(name: KeyPart): ChildCache {
    return new ChildCache(this, cacheKey(name))
  }

  stats(): CacheStats {
    return this.#reporter.stats(this.#around.near)
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
    this.#around.changes.close()
    if (this.#options.ownsStore) await this.#options.store.close()
  }

  #write<T>(request: Omit<WriteRequest<T>, 'barrierTtl'>): Promise<T> {
    for (const key of request.storeKeys) this.#flights.forget(key)
    const around = { ...this.#options, ...this.#around, invalidations: this.#invalidations }
    return writeBehindBarrier({ ...request, barrierTtl: this.#options.barrierTtl }, around)
  }

  #batchReads(): BatchReads {
    const { turns, report } = this.#around
    return { namespace: this.namespace, reads: this.#reads, turns, report }
  }

  #settings(options: ReadOptions<never> | undefined): Settings {
    const known = options && this.#frozenOptions.get(options)
    if (known) return known
    const settings = resolveCall(options, this.#options.settings)
    if (options && Object.isFrozen(options)) this.#frozenOptions.set(options, settings)
    return settings
  }

  #named(operation: string, given: string | readonly string[]): Targets {
    const keys = [...new Set(namesOf(given))]
    const storeKeys = keys.map((key) => storeKey(this.namespace, key))
    this.#refuseWhenClosed(operation)
    return { keys, storeKeys, tags: [], storeTags: [] }
  }

  #tagged(operation: string, given: string | readonly string[]): Targets {
    const tags = [...new Set(namesOf(given))]
    const inStore = tags.map(storeTag)
    this.#refuseWhenClosed(operation)
    return { keys: [], storeKeys: [], tags, storeTags: inStore }
  }

  #refuseWhenClosed(operation: string): void {
    if (this.#closed) throw new CacheClosedError(operation)
  }
}
