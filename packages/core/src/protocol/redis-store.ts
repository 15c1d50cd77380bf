import { type Cluster, Redis, type RedisOptions } from 'ioredis'
import { systemClock } from '../time/clock.ts'
import { acquire } from './acquire.ts'
import { lower, raise } from './barrier.ts'
import { claim } from './claim.ts'
import { clear } from './clear.ts'
import { Connection } from './connection.ts'
import { watchEvictions } from './evictions.ts'
import { expire } from './expire.ts'
import { extend } from './extend.ts'
import { fill } from './fill.ts'
import { invalidate } from './invalidate.ts'
import { ReadBatch, read } from './read.ts'
import { release } from './release.ts'
import { renew } from './renew.ts'
import { Replicas } from './replicas.ts'
import { ServerClock } from './server-clock.ts'
import type {
  Acquired,
  Attempt,
  Availability,
  Entry,
  Eviction,
  EvictionWatch,
  Lease,
  Lowering,
  Store,
} from './store.ts'
import { time } from './time.ts'

/**
 * A client of your own, which stays yours to close, or where to open one: a URL or ioredis options.
 *
 * A client of your own has to find out by itself that the other end of a connection is gone without a word: give it a
 * `socketTimeout`, such as 5000 ms; a `Cluster` in its `redisOptions`, and `slotsRefreshInterval` to follow a failover.
 */
export type RedisTarget = Redis | Cluster | RedisOptions | string

/** Entries in Redis or Valkey, through ioredis. Opens no connection before it is first used. */
export class RedisStore implements Store {
  readonly #client: Redis | Cluster
  readonly #opened: boolean
  readonly #connection: Connection
  readonly #reads: ReadBatch | undefined
  readonly #time = new ServerClock(systemClock)
  readonly #commandTimeout: number
  #replicas: Replicas | undefined

  /** @param commandTimeout The longest one command may delay its caller, in milliseconds. */
  constructor(target: RedisTarget, { commandTimeout = 500 }: { readonly commandTimeout?: number } = {}) {
    this.#opened = !isClient(target)
    this.#client = isClient(target) ? target : open(target)
    this.#commandTimeout = commandTimeout
    const reconnect = this.#opened ? () => this.#client.disconnect(true) : undefined
    this.#connection = new Connection(this.#client, { commandTimeout, clock: systemClock, reconnect })
    this.#connection.onChange(({ kind }) => kind === 'recovered' && this.#time.forget())
    // MGET takes the keys of one slot only; in a cluster each read is a GET of its own.
    if (!this.#client.isCluster) this.#reads = new ReadBatch((keys) => this.#read(keys))
  }

  now(): number {
    return this.#time.now()
  }

  read(key: string): Promise<Buffer | null> {
    return this.#reads ? this.#reads.read(key) : this.#read([key]).then(([raw = null]) => raw)
  }

  acquire(key: string, attempt: Attempt): Promise<Acquired> {
    return this.#connection.sendOnce((redis) => acquire(redis, key, attempt), key)
  }

  claim(key: string, attempt: Attempt): Promise<'claimed' | 'barred'> {
    return this.#connection.sendOnce((redis) => claim(redis, key, attempt), key)
  }

  fill(key: string, lease: Lease, entry: Entry): Promise<'accepted' | 'rejected'> {
    return this.#connection.send((redis) => fill(redis, key, lease, entry), key)
  }

  renew(
    key: string,
    lease: Lease,
    entry: Omit<Entry, 'raw'> & { readonly id: string },
  ): Promise<'accepted' | 'rejected'> {
    return this.#connection.send((redis) => renew(redis, key, lease, entry), key)
  }

  extend(key: string, lease: Lease, mark?: 'failed'): Promise<'extended' | 'lost'> {
    return this.#connection.send((redis) => extend(redis, key, lease, mark), key)
  }

  release(key: string, lease: Lease): Promise<'released' | 'lost'> {
    return this.#connection.send((redis) => release(redis, key, lease), key)
  }

  async invalidate(keys: readonly string[], replicas = 0): Promise<void> {
    if (replicas > 0) return this.#onReplicas().invalidate(keys, replicas)
    return this.#connection.sendEach(keys, invalidate)
  }

  expire(keys: readonly string[]): Promise<void> {
    return this.#connection.sendEach(keys, expire)
  }

  raise(key: string, writer: Attempt): Promise<'raised' | 'up'> {
    return this.#connection.sendOnce((redis) => raise(redis, key, writer), key)
  }

  lower(key: string, writer: Lowering): Promise<'lowered' | 'stored'> {
    return this.#connection.send((redis) => lower(redis, key, writer), key)
  }

  async clear(prefix: string): Promise<void> {
    await this.#connection.send((redis) => redis.callBuffer('ping', [])) // A client knows its nodes once it is connected.
    await clear(this.#client, prefix, {
      send: (command) => this.#connection.send(command),
      invalidate: (keys) => this.invalidate(keys),
    })
  }

  async watchEvictions(prefix: string, listener: (eviction: Eviction) => void): Promise<EvictionWatch> {
    await this.connect() // A cluster knows its nodes only then.
    return watchEvictions(this.#client, prefix, listener)
  }

  onChange(listener: (change: Availability) => void): () => void {
    return this.#connection.onChange(listener)
  }

  connect(): Promise<void> {
    return this.#connection.connect(addressOf(this.#client))
  }

  async close(): Promise<void> {
    this.#connection.detach()
    this.#replicas?.close()
    if (!this.#opened) return
    // QUIT lets what was sent before be answered; there is nothing to wait for where nothing is connected.
    if (this.#client.status === 'ready') await this.#connection.send((redis) => redis.quit()).catch(() => 'too late')
    this.#client.disconnect()
  }

  #read(keys: string[]): Promise<(Buffer | null)[]> {
    const [key = ''] = keys
    // Sent first over the same connection, it is answered first: the entries are judged by it.
    this.#time.measure(() => this.#connection.send((redis) => time(redis, key), key))
    return this.#connection.send((redis) => read(redis, keys), key)
  }

  #onReplicas(): Replicas {
    const client = this.#client
    if (client.isCluster) throw new Error('waiting for replicas is not possible on a cluster')
    this.#replicas ??= new Replicas(() => (client as Redis).duplicate(), this.#commandTimeout, systemClock)
    return this.#replicas
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
    maxLoadingRetryTime: 500,
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
