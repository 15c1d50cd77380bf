import { type Cluster, Redis, type RedisOptions } from 'ioredis'
import type { Origin } from '../entry/origin.ts'
import { systemClock } from '../time/clock.ts'
import { endOfTurn } from '../time/end-of-turn.ts'
import { acquire } from './acquire.ts'
import { lower, raise } from './barrier.ts'
import { claim } from './claim.ts'
import { Connection } from './connection.ts'
import { watchEvictions } from './evictions.ts'
import { expire } from './expire.ts'
import { extend } from './extend.ts'
import { fill } from './fill.ts'
import { find } from './find.ts'
import { invalidate } from './invalidate.ts'
import { clear, currentGeneration } from './generation.ts'
import { ReadBatch, read } from './read.ts'
import type { RedisPort } from './redis-port.ts'
import { release } from './release.ts'
import { renew } from './renew.ts'
import { Replicas } from './replicas.ts'
import { ServerClock } from './server-clock.ts'
import type {
  Acquired,
  Attempt,
  Availability,
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
import { bump, moment, tagReadings } from './tag-clock.ts'
import { TagReadBatch } from './tag-read-batch.ts'
import { time } from './time.ts'
import { track } from './tracking.ts'

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
  readonly #reads: ReadBatch
  readonly #tagReads: TagReadBatch
  readonly #origins = new Map<string, Promise<Origin>>()
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
    this.#reads = new ReadBatch((keys) => this.#read(keys), { splits: this.#client.isCluster })
    this.#tagReads = new TagReadBatch((tagClock, tags) =>
      this.#connection.send((redis) => tagReadings(redis, tagClock, tags), tagClock),
    )
  }

  /**
   * Sends a command of one's own as this store sends its: it rejects when Redis is not connected, refuses it, or has not
   * answered in time.
   *
   * @param key One of the command's: in a cluster it says whose silence that would be.
   */
  send<T>(command: (redis: RedisPort) => Promise<T>, key: string): Promise<T> {
    return this.#connection.sendTogether(command, key)
  }

  /** As `send`, and rejects when the command may have been sent twice: for those that create a lease. */
  sendOnce<T>(command: (redis: RedisPort) => Promise<T>, key: string): Promise<T> {
    return this.#connection.sendOnce(command, key)
  }

  now(): number {
    return this.#time.now()
  }

  read(key: string, { generation, tagClock }: NamespaceKeys, tags: readonly string[]): Promise<Reading> {
    return this.#withTags(this.#reads.read(key, generation), tagClock, tags)
  }

  readings({ generation, tagClock }: NamespaceKeys, tags: readonly string[]): Promise<NamespaceReadings> {
    return this.#withTags(this.#reads.read(undefined, generation), tagClock, tags)
  }

  /** Asked once for all that ask in one turn of the event loop, and not before the last of them has. */
  origin(namespace: NamespaceKeys, tagged: boolean): Promise<Origin> {
    const asked = `${tagged} ${namespace.generation}`
    let origin = this.#origins.get(asked)
    if (!origin) {
      origin = endOfTurn().then(() => {
        this.#origins.delete(asked)
        return this.#askOrigin(namespace, tagged)
      })
      this.#origins.set(asked, origin)
    }
    return origin
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

  renew(key: string, lease: Lease, renewal: Renewal): Promise<'accepted' | 'rejected'> {
    return this.#connection.send((redis) => renew(redis, key, lease, renewal), key)
  }

  extend(key: string, lease: Lease, mark?: 'failed'): Promise<'extended' | 'lost'> {
    return this.#connection.send((redis) => extend(redis, key, lease, mark), key)
  }

  release(key: string, lease: Lease): Promise<'released' | 'lost'> {
    return this.#connection.send((redis) => release(redis, key, lease), key)
  }

  async invalidate(keys: readonly string[], replicas = 0): Promise<void> {
    if (replicas > 0) return this.#onReplicas().acknowledge((redis) => invalidate(redis, keys), replicas)
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

  async bump(tagClock: string, tags: readonly string[], { what, settle, replicas }: Bump): Promise<void> {
    const forward = (redis: RedisPort) => bump(redis, tagClock, tags, { what, ahead: settle, writer: '' })
    if (replicas > 0) return this.#onReplicas().acknowledge(forward, replicas)
    await this.#connection.send(forward, tagClock)
  }

  async raiseTags(tagClock: string, tags: readonly string[], { token, ttl }: Attempt): Promise<'raised' | 'up'> {
    const up = { what: 'raise', ahead: ttl, writer: token } as const
    return (await this.#connection.sendOnce((redis) => bump(redis, tagClock, tags, up), tagClock)) ? 'raised' : 'up'
  }

  async lowerTags(
    tagClock: string,
    tags: readonly string[],
    { token, settle }: Omit<Lowering, 'entry'>,
  ): Promise<void> {
    const down = { what: 'lower', ahead: settle, writer: token } as const
    await this.#connection.send((redis) => bump(redis, tagClock, tags, down), tagClock)
  }

  clear(key: string, settle: number): Promise<void> {
    return this.#connection.send((redis) => clear(redis, key, settle), key)
  }

  async *find(prefix: string, pattern: string): AsyncGenerator<readonly string[], void, undefined> {
    await this.#connection.send((redis) => redis.callBuffer('ping', [])) // A client knows its nodes once it is connected.
    yield* find(this.#client, prefix, pattern, {
      send: (command) => this.#connection.send(command),
      losses: () => this.#connection.losses,
    })
  }

  async watchEvictions(prefix: string, listener: (eviction: Eviction) => void): Promise<EvictionWatch> {
    await this.connect() // A cluster knows its nodes only then.
    return watchEvictions(this.#client, prefix, listener)
  }

  track(prefixes: readonly string[], listener: TrackingListener, within: number): Tracking {
    return track(this.#client, { prefixes, beat: within / 4, clock: systemClock }, listener)
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

  async #askOrigin({ generation: key, tagClock }: NamespaceKeys, tagged: boolean): Promise<Origin> {
    const [standing, tagMoment] = await Promise.all([
      this.#connection.send((redis) => currentGeneration(redis, key), key),
      tagged ? this.#connection.send((redis) => moment(redis, tagClock), tagClock) : undefined,
    ])
    return { generation: standing, tagMoment }
  }

  /** Sent together: one round trip. */
  #withTags(reading: Promise<Reading>, tagClock: string, tags: readonly string[]): Promise<Reading> {
    if (tags.length === 0) return reading
    const asked = Promise.all([reading, this.#tagReads.read(tagClock, tags)])
    return asked.then(([found, readings]) => ({ ...found, tags: readings }))
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
