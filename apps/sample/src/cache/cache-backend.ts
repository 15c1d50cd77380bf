import type { OnApplicationShutdown } from '@nestjs/common'
import { Redis } from 'ioredis'
import { type Config, ConfigError } from '../config.ts'
import { startEmbeddedRedis } from '../embedded/embedded-redis.ts'
import type { EmbeddedServer } from '../embedded/embedded-server.ts'

/** Where the cache lives: in the Redis that `REDIS_URL` names, in one of this app's own, or in this process. */
export class CacheBackend implements OnApplicationShutdown {
  private constructor(
    /** For people. */
    readonly description: string,
    /** Undefined where the cache lives in this process. */
    readonly redis?: Redis,
    /** Whether it is a Redis with vector sets, as Redis 8 is. */
    readonly hasVectors: boolean = false,
    private readonly embedded?: EmbeddedServer,
  ) {}

  /** @throws {ConfigError} when `REDIS_URL` cannot be used. */
  static async open({ redisUrl }: Config): Promise<CacheBackend> {
    if (redisUrl) {
      const redis = await connect(redisUrl).catch((error: unknown) => {
        throw ConfigError.server('REDIS_URL', `${new URL(redisUrl).host} cannot be used`, error)
      })
      return new CacheBackend(`${new URL(redisUrl).host}, from REDIS_URL`, redis, await knowsVectors(redis))
    }
    const embedded = await startEmbeddedRedis()
    if (!embedded) return new CacheBackend('none: the cache is in the memory of this process')
    const redis = await connect(embedded.url)
    const description = `${new URL(embedded.url).host}, started by this app`
    return new CacheBackend(description, redis, await knowsVectors(redis), embedded)
  }

  /** Rejects while Redis is away. */
  async ping(): Promise<void> {
    await this.redis?.ping()
  }

  async onApplicationShutdown(): Promise<void> {
    this.redis?.disconnect()
    await this.embedded?.stop()
  }
}

async function connect(url: string): Promise<Redis> {
  const redis = new Redis(url, {
    lazyConnect: true,
    // While Redis is away commands fail, at once: readers get their value from the database instead of waiting.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 1_000,
    retryStrategy: (attempt) => Math.min(100 * attempt, 1_000),
  })
  // Without a listener ioredis prints each of them; that Redis is away is logged by CacheAsideService, once.
  let lastError: unknown
  redis.on('error', (error) => (lastError = error))
  try {
    await redis.connect()
    return redis
  } catch (error) {
    redis.disconnect()
    throw lastError ?? error
  }
}

/** False too where the server does not let itself be asked. */
async function knowsVectors(redis: Redis): Promise<boolean> {
  const known = await redis.call('COMMAND', 'INFO', 'VADD', 'VSIM').catch(() => [null])
  return (known as unknown[]).every((command) => command !== null)
}
