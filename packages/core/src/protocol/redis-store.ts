import { type Cluster, Redis, type RedisOptions } from 'ioredis'
import { systemClock } from '../time/clock.ts'
import { acquire } from './acquire.ts'
import { claim } from './claim.ts'
import { Connection } from './connection.ts'
import { watchEvictions } from './evictions.ts'
import { extend } from './extend.ts'
import { fill } from './fill.ts'
import { invalidate } from './invalidate.ts'
import { ReadBatch, read } from './read.ts'
import { release } from './release.ts'
import { remaining } from './remaining.ts'
import type { Acquired, Eviction, EvictionWatch, Lease, Store } from './store.ts'

/** A client of your own, which stays yours to close, or where to open one: a URL or ioredis options. */
export type RedisTarget = Redis | Cluster | RedisOptions | string

/** Entries in Redis or Valkey, through ioredis. Opens no connection before it is first used. */
export class RedisStore implements Store {
  readonly #client: Redis | Cluster
  readonly #opened: boolean
  readonly #connection: Connection
  readonly #reads: ReadBatch | undefined

  /** @param commandTimeout The longest one command may delay its caller, in milliseconds. */
  constructor(target: RedisTarget, { commandTimeout = 500 }: { readonly commandTimeout?: number } = {}) {
    this.#opened = !isClient(target)
    this.#client = isClient(target) ? target : open(target)
    this.#connection = new Connection(this.#client, commandTimeout, systemClock)
    // MGET takes the keys of one slot only; in a cluster each read is a GET of its own.
    if (!this.#client.isCluster)
      this.#reads = new ReadBatch((keys) => this.#connection.send((redis) => read(redis, keys)))
  }

  async read(key: string): Promise<Buffer | null> {
    if (this.#reads) return this.#reads.read(key)
    const [raw = null] = await this.#connection.send((redis) => read(redis, [key]))
    return raw
  }

  acquire(key: string, lease: Lease & { readonly replacing?: Buffer | undefined }): Promise<Acquired> {
    return this.#connection.sendOnce((redis) => acquire(redis, key, lease))
  }

  claim(key: string, lease: Lease): Promise<void> {
    return this.#connection.sendOnce((redis) => claim(redis, key, lease))
  }

  fill(
    key: string,
    entry: { readonly token: string; readonly entry: Buffer; readonly ttl: number },
  ): Promise<'accepted' | 'rejected'> {
    return this.#connection.send((redis) => fill(redis, key, entry))
  }

  extend(key: string, lease: Lease): Promise<'extended' | 'lost'> {
    return this.#connection.send((redis) => extend(redis, key, lease))
  }

  release(key: string, token: string): Promise<'released' | 'lost'> {
    return this.#connection.send((redis) => release(redis, key, token))
  }

  invalidate(keys: readonly string[]): Promise<void> {
    return this.#connection.send((redis) => invalidate(redis, keys))
  }

  remaining(key: string): Promise<number | null> {
    return this.#connection.send((redis) => remaining(redis, key))
  }

  async watchEvictions(prefix: string, listener: (eviction: Eviction) => void): Promise<EvictionWatch> {
    await this.connect() // A cluster knows its nodes only then.
    return watchEvictions(this.#client, prefix, listener)
  }

  connect(): Promise<void> {
    return this.#connection.connect(addressOf(this.#client))
  }

  async close(): Promise<void> {
    this.#connection.detach()
    if (!this.#opened) return
    // QUIT lets what was sent before be answered; there is nothing to wait for where nothing is connected.
    if (this.#client.status === 'ready') await this.#connection.send((redis) => redis.quit()).catch(() => 'too late')
    this.#client.disconnect()
  }
}

export function isClient(target: RedisTarget): target is Redis | Cluster {
  return typeof target === 'object' && 'callBuffer' in target && typeof target.callBuffer === 'function'
}

function open(target: RedisOptions | string): Redis {
  const options = {
    // Redis away is answered by the loader, at once: nothing waits in the client for a connection.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt: number) => Math.min(50 * attempt, 500),
    ...(typeof target === 'string' ? {} : target),
    lazyConnect: true,
    replyMapping: 'legacy' as const,
  }
  return typeof target === 'string' ? new Redis(target, options) : new Redis(options)
}

/** Where a client points to, without credentials. */
function addressOf(client: Redis | Cluster): string {
  if (client.isCluster) return 'the cluster it was given'
  const { path, host = 'localhost', port = 6379, sentinels } = (client as Redis).options
  if (sentinels) return 'the sentinels it was given'
  return path ?? `${host}:${port}`
}
