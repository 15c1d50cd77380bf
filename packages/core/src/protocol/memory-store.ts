import { LRUCache } from 'lru-cache'
import { type Barrier, encodeBarrier, readBarrier } from '../entry/barrier.ts'
import {
  headOf,
  isExpiredByCall,
  isLease,
  isReadableValue,
  isValue,
  leaseHead,
  readMark,
  valueHead,
} from '../entry/entry.ts'
import type { Origin } from '../entry/origin.ts'
import { expired, renewed, withFreshUntil, withMark } from '../entry/patch.ts'
import { newToken } from '../entry/token.ts'
import { systemClock } from '../time/clock.ts'
import { globMatcher } from './glob.ts'
import { guarded } from './guarded.ts'
import { MemoryNamespaces } from './memory-namespaces.ts'
import type {
  Acquired,
  Attempt,
  Bump,
  Entry,
  Eviction,
  EvictionWatch,
  Lease,
  Lowering,
  NamespaceKeys,
  NamespaceReadings,
  Reading,
  Renewal,
  Store,
  Tracking,
  TrackingListener,
} from './store.ts'

/** Keys that are found in one step. */
const step = 500

/**
 * Entries in this process: for unit tests of an application, and for demos without a Redis. Keeps every promise of
 * `RedisStore` among the caches that share the instance, and none beyond the process. What each operation makes of each
 * state is told in `scripts/*.lua`.
 */
export class MemoryStore implements Store {
  readonly #entries: LRUCache<string, Buffer>
  readonly #namespaces = new MemoryNamespaces(() => this.now())
  readonly #watchers = new Set<(reason: Eviction['reason'], key: string) => void>()
  readonly #trackers = new Set<(key: string) => void>()

  /** @param maxEntries How many entries are kept; the least recently used one goes first. Default 10000. */
  constructor({ maxEntries = 10_000 }: { readonly maxEntries?: number } = {}) {
    this.#entries = new LRUCache({
      max: maxEntries,
      ttlAutopurge: true,
      ttlResolution: 0, // Else its clock stands still while the event loop is busy.
      disposeAfter: (_raw, key, reason) => {
        const eviction = {
          expire: 'expired',
          evict: 'evicted',
          delete: 'deleted',
          set: undefined,
          fetch: undefined,
        } as const
        const told = eviction[reason]
        if (told) for (const watcher of this.#watchers) watcher(told, key)
        this.#changed(key)
      },
    })
  }

  now(): number {
    return systemClock.wall()
  }

  async read(key: string, namespace: NamespaceKeys, tags: readonly string[]): Promise<Reading> {
    return { raw: this.#entries.get(key) ?? null, ...this.#readings(namespace, tags) }
  }

  async readings(namespace: NamespaceKeys, tags: readonly string[]): Promise<NamespaceReadings> {
    return this.#readings(namespace, tags)
  }

  async origin(namespace: NamespaceKeys, tagged: boolean): Promise<Origin> {
    return this.#namespaces.origin(namespace, tagged)
  }

  async acquire(key: string, { token, ttl, void: unreadable, stale }: Attempt): Promise<Acquired> {
    const raw = this.#entries.get(key)
    const head = leaseHead(token)
    if (raw && headOf(raw).equals(head)) return { kind: 'acquired', head }
    if (!raw || (unreadable && headOf(raw).equals(unreadable))) return this.#lease(key, token, ttl)
    if (isLease(raw)) return { kind: 'held', remaining: this.#left(key) }
    if (readBarrier(raw, this.now())) return { kind: 'barred' }
    if (!isValue(raw)) return this.#lease(key, token, ttl)
    if (!stale || !headOf(raw).equals(stale)) return { kind: 'value', raw }

    const mark = readMark(raw)
    const standing = mark?.kind === 'refreshing' ? mark.until - this.now() : 0
    if (standing > 0) return { kind: 'held', remaining: standing }
    this.#mark(key, raw, 'refreshing', ttl)
    return { kind: 'acquired', head: stale }
  }

  async claim(key: string, { token, ttl }: Attempt): Promise<'claimed' | 'barred'> {
    if (this.#contend(key)) return 'barred'
    this.#lease(key, token, ttl)
    return 'claimed'
  }

  async fill(key: string, lease: Lease, { raw, freshFor, ttl }: Entry): Promise<'accepted' | 'rejected'> {
    if (this.#stands(key, headOf(raw))) return 'accepted'
    if (!this.#stands(key, lease.head)) return 'rejected'
    this.#put(key, withFreshUntil(raw, this.now() + freshFor), ttl)
    return 'accepted'
  }

  async renew(key: string, lease: Lease, renewal: Renewal): Promise<'accepted' | 'rejected'> {
    const { id, freshFor, ttl, origin } = renewal
    if (this.#stands(key, valueHead(id))) return 'accepted'
    const raw = this.#stands(key, lease.head)
    if (!raw || !isValue(raw)) return 'rejected'
    this.#put(key, renewed(raw, id, this.now() + freshFor, freshFor, origin), ttl)
    return 'accepted'
  }

  async extend(key: string, { head, ttl }: Lease, mark?: 'failed'): Promise<'extended' | 'lost'> {
    const raw = this.#stands(key, head)
    if (!raw) return 'lost'
    if (isLease(raw)) this.#put(key, raw, ttl)
    else this.#mark(key, raw, mark ?? 'refreshing', ttl)
    return 'extended'
  }

  async release(key: string, { head }: Lease): Promise<'released' | 'lost'> {
    if (!this.#stands(key, head)) return 'lost'
    this.#entries.delete(key)
    return 'released'
  }

  async invalidate(keys: readonly string[], replicas = 0): Promise<void> {
    if (replicas > 0) throw new Error('a memory store has no replicas to wait for')
    for (const key of keys) {
      if (!this.#contend(key)) this.#entries.delete(key)
    }
  }

  async expire(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const raw = this.#entries.get(key)
      if (raw && isReadableValue(raw)) this.#put(key, expired(raw, newToken()), this.#left(key))
      else await this.invalidate([key])
    }
  }

  async raise(key: string, { token, ttl }: Attempt): Promise<'raised' | 'up'> {
    const now = this.now()
    const standing = readBarrier(this.#entries.get(key), now)
    const others = standing?.writers.filter((writer) => writer.token !== token) ?? []
    // Its time may be over: the barrier has stood since, or the part would have been taken out.
    const wasUp = readBarrier(this.#entries.get(key), 0)?.writers.some((writer) => writer.token === token) === true
    const contended = others.length > 0 || (wasUp && standing?.contended === true)
    this.#putBarrier(key, { contended, writers: [...others, { token, until: now + ttl }] }, now)
    return wasUp ? 'up' : 'raised'
  }

  async lower(key: string, { token, settle, entry }: Lowering): Promise<'lowered' | 'stored'> {
    if (entry && this.#stands(key, headOf(entry.raw))) return 'stored'
    const now = this.now()
    const standing = readBarrier(this.#entries.get(key), now)
    const others = standing?.writers.filter((writer) => writer.token !== token) ?? []
    const mineAlone = standing?.writers.length === 1 && others.length === 0
    if (entry && mineAlone && !standing.contended && settle === 0) {
      this.#put(key, withFreshUntil(entry.raw, now + entry.freshFor), entry.ttl)
      return 'stored'
    }
    const writers = settle > 0 ? [...others, { token, until: now + settle }] : others
    if (writers.length === 0) this.#entries.delete(key)
    else {
      const mine = standing !== null && others.length < standing.writers.length
      this.#putBarrier(key, { contended: settle > 0 || !mine || standing.contended, writers }, now)
    }
    return 'lowered'
  }

  async bump(tagClock: string, tags: readonly string[], { what, settle, replicas }: Bump): Promise<void> {
    if (replicas > 0) throw new Error('a memory store has no replicas to wait for')
    this.#namespaces.bump(tagClock, tags, { what, ahead: settle, writer: '' })
    this.#changed(tagClock)
  }

  async raiseTags(tagClock: string, tags: readonly string[], { token, ttl }: Attempt): Promise<'raised' | 'up'> {
    const raise = { what: 'raise', ahead: ttl, writer: token } as const
    const raised = this.#namespaces.bump(tagClock, tags, raise)
    this.#changed(tagClock)
    return raised ? 'raised' : 'up'
  }

  async lowerTags(tagClock: string, tags: readonly string[], writer: Omit<Lowering, 'entry'>): Promise<void> {
    const { token, settle } = writer
    this.#namespaces.bump(tagClock, tags, { what: 'lower', ahead: settle, writer: token })
    this.#changed(tagClock)
  }

  async clear(generation: string, settle: number): Promise<void> {
    this.#namespaces.clear(generation, settle)
    this.#changed(generation)
  }

  async *find(prefix: string, pattern: string): AsyncGenerator<readonly string[], void, undefined> {
    const matches = globMatcher(pattern)
    const found = [...this.#entries.keys()].filter((key) => key.startsWith(prefix) && matches(key.slice(prefix.length)))
    for (let start = 0; start < found.length; start += step) yield found.slice(start, start + step)
  }

  async watchEvictions(prefix: string, listener: (eviction: Eviction) => void): Promise<EvictionWatch> {
    const tell = guarded(listener)
    const watcher = (reason: Eviction['reason'], key: string) => {
      if (key.startsWith(prefix)) tell({ reason, key })
    }
    this.#watchers.add(watcher)
    return { notifications: 'on', close: async () => void this.#watchers.delete(watcher) }
  }

  track(prefixes: readonly string[], listener: TrackingListener): Tracking {
    const tracker = (key: string) => {
      if (prefixes.some((prefix) => key.startsWith(prefix))) listener.changed([key])
    }
    this.#trackers.add(tracker)
    queueMicrotask(() => this.#trackers.has(tracker) && listener.ready())
    return { lag: () => 0, close: () => void this.#trackers.delete(tracker) }
  }

  /** It always answers. */
  onChange(): () => void {
    return () => {}
  }

  async connect(): Promise<void> {}

  async close(): Promise<void> {}

  #readings({ generation, tagClock }: NamespaceKeys, tags: readonly string[]): NamespaceReadings {
    const readings = tags.length === 0 ? undefined : this.#namespaces.readings(tagClock, tags)
    return { generation: this.#namespaces.generation(generation), tags: readings }
  }

  /** What stands under the key, if it has this head. */
  #stands(key: string, head: Buffer): Buffer | undefined {
    const raw = this.#entries.get(key)
    return raw && headOf(raw).equals(head) ? raw : undefined
  }

  #lease(key: string, token: string, ttl: number): Acquired {
    const head = leaseHead(token)
    this.#put(key, head, ttl)
    return { kind: 'acquired', head }
  }

  #mark(key: string, raw: Buffer, mark: 'refreshing' | 'failed', ttl: number): void {
    const left = this.#left(key)
    const keeps = mark === 'failed' || isExpiredByCall(raw)
    this.#put(key, withMark(raw, mark, this.now() + ttl), keeps ? left : Math.max(left, ttl))
  }

  /** Whether a barrier stands; nothing can be stored any more when it is lowered. */
  #contend(key: string): boolean {
    const now = this.now()
    const barrier = readBarrier(this.#entries.get(key), 0)
    if (!barrier?.writers.some(({ until }) => until > now)) return false
    this.#putBarrier(key, { ...barrier, contended: true }, now)
    return true
  }

  #putBarrier(key: string, barrier: Barrier, now: number): void {
    this.#put(key, encodeBarrier(barrier), Math.max(...barrier.writers.map(({ until }) => until)) - now)
  }

  #left(key: string): number {
    return Math.max(1, Math.ceil(this.#entries.getRemainingTTL(key)))
  }

  #put(key: string, raw: Buffer, ttl: number): void {
    this.#entries.set(key, raw, { ttl })
  }

  #changed(key: string): void {
    for (const tell of this.#trackers) tell(key)
  }
}
