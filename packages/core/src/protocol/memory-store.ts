import { LRUCache } from 'lru-cache'
import { headOf, isValue, leaseHead } from '../entry/entry.ts'
import { guarded } from './guarded.ts'
import type { Acquired, Eviction, EvictionWatch, Lease, Store } from './store.ts'

/**
 * Entries in this process: for unit tests of an application, and for demos without a Redis. Keeps every promise of
 * `RedisStore` among the caches that share the instance, and none beyond the process.
 */
export class MemoryStore implements Store {
  readonly #entries: LRUCache<string, Buffer>
  readonly #watchers = new Set<(reason: Eviction['reason'], key: string) => void>()

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
      },
    })
  }

  async read(key: string): Promise<Buffer | null> {
    return this.#entries.get(key) ?? null
  }

  async acquire(
    key: string,
    { token, ttl, replacing }: Lease & { readonly replacing?: Buffer | undefined },
  ): Promise<Acquired> {
    const raw = this.#entries.get(key)
    if (raw && !this.#holds(key, token) && !(replacing && headOf(raw).equals(replacing))) {
      if (isValue(raw)) return { kind: 'value', raw }
      return { kind: 'held', remaining: Math.max(0, Math.ceil(this.#entries.getRemainingTTL(key))) }
    }
    if (!raw || !this.#holds(key, token)) this.#put(key, Buffer.from(leaseHead(token)), ttl)
    return { kind: 'acquired' }
  }

  async claim(key: string, { token, ttl }: Lease): Promise<void> {
    this.#put(key, Buffer.from(leaseHead(token)), ttl)
  }

  async fill(
    key: string,
    { token, entry, ttl }: { readonly token: string; readonly entry: Buffer; readonly ttl: number },
  ): Promise<'accepted' | 'rejected'> {
    const raw = this.#entries.get(key)
    if (raw && headOf(raw).equals(headOf(entry))) return 'accepted'
    if (!this.#holds(key, token)) return 'rejected'
    this.#put(key, entry, ttl)
    return 'accepted'
  }

  async extend(key: string, { token, ttl }: Lease): Promise<'extended' | 'lost'> {
    if (!this.#holds(key, token)) return 'lost'
    this.#put(key, Buffer.from(leaseHead(token)), ttl)
    return 'extended'
  }

  async release(key: string, token: string): Promise<'released' | 'lost'> {
    if (!this.#holds(key, token)) return 'lost'
    this.#entries.delete(key)
    return 'released'
  }

  async invalidate(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#entries.delete(key)
  }

  async remaining(key: string): Promise<number | null> {
    const raw = this.#entries.get(key)
    if (!raw || !isValue(raw)) return null
    return Math.ceil(this.#entries.getRemainingTTL(key))
  }

  async watchEvictions(prefix: string, listener: (eviction: Eviction) => void): Promise<EvictionWatch> {
    const tell = guarded(listener)
    const watcher = (reason: Eviction['reason'], key: string) => {
      if (key.startsWith(prefix)) tell({ reason, key })
    }
    this.#watchers.add(watcher)
    return { notifications: 'on', close: async () => void this.#watchers.delete(watcher) }
  }

  async connect(): Promise<void> {}

  async close(): Promise<void> {}

  #holds(key: string, token: string): boolean {
    const raw = this.#entries.get(key)
    return raw !== undefined && headOf(raw).toString() === leaseHead(token)
  }

  #put(key: string, raw: Buffer, ttl: number): void {
    this.#entries.set(key, raw, { ttl })
  }
}
