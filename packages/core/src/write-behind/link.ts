import { type Cluster, Redis } from 'ioredis'
import { Connection } from '../protocol/connection.ts'
import type { RedisPort } from '../protocol/redis-port.ts'
import { isClient, type RedisTarget } from '../protocol/redis-store.ts'
import type { Clock } from '../time/clock.ts'

/** A connection of our own to where a target points: opened when it is first used, and ours to close. */
export class Link {
  readonly #client: Redis | Cluster
  readonly #connection: Connection

  readonly #key: string

  /**
   * @param key One of those that the commands are about, which are all in one slot.
   * @param commandTimeout The longest that one command may delay its caller, in milliseconds.
   */
  constructor(target: RedisTarget, key: string, commandTimeout: number, clock: Clock) {
    this.#client = open(target)
    this.#key = key
    const reconnect = () => this.#client.disconnect(true)
    this.#connection = new Connection(this.#client, { commandTimeout, clock, reconnect })
  }

  /** Rejects when Redis is not connected, refuses the command, or has not answered in time. */
  send<T>(command: (redis: RedisPort) => Promise<T>): Promise<T> {
    return this.#connection.send(command, this.#key)
  }

  /** @param waiting Lets what was sent before be answered. */
  async close(waiting: boolean): Promise<void> {
    if (waiting && this.#client.status === 'ready') await this.send((redis) => redis.quit()).catch(() => 'too late')
    this.#connection.detach()
    // What its socket still has to say is nobody's concern.
    this.#client.on('error', () => {})
    this.#client.disconnect()
  }
}

const retryStrategy = (attempt: number): number => Math.min(50 * attempt, 500)

/** Its commands are sent once: one that is sent again when the connection is back could put an old value behind a newer one. */
const sentOnce = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  enableAutoPipelining: false,
  replyMapping: 'legacy' as const,
  role: 'master' as const,
  // Deadlines are set here, and one for all commands would end those that wait for entries.
  commandTimeout: undefined as never,
  socketTimeout: undefined as never,
}

function open(target: RedisTarget): Redis | Cluster {
  const options = { ...sentOnce, lazyConnect: true, retryStrategy }
  if (typeof target === 'string') return new Redis(target, options)
  if (!isClient(target)) return new Redis({ ...target, ...options })
  if (!target.isCluster) return (target as Redis).duplicate(options)
  return (target as Cluster).duplicate([], {
    lazyConnect: true,
    // It opens the connection to a node for the first command, which waits for it.
    enableOfflineQueue: true,
    enableAutoPipelining: false,
    scaleReads: 'master',
    // A command whose connection is lost is not sent to another node.
    retryDelayOnFailover: 0,
    clusterRetryStrategy: retryStrategy,
    redisOptions: sentOnce,
  })
}
