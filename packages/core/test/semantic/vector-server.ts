import {
  findRedisServer,
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
} from '@cache-aside/testkit'
import { vi } from 'vitest'

/** Where no server is kept yet, one is fetched. In milliseconds. */
export const fetching = 180_000

/**
 * The machine's own Redis if it has vector sets, or else one that the testkit fetches. What to install where it cannot, the
 * error says.
 */
async function vectorServer(): Promise<string> {
  const own = await findRedisServer()
  return own.name === 'redis' && Number.parseInt(own.version) >= 8 ? '' : 'redis-8'
}

/** A server that has vector sets. */
export async function startVectorRedis(): Promise<RedisServer> {
  const server = await vectorServer()
  return startRedis(server === '' ? {} : { server })
}

/** A cluster of such servers. */
export async function startVectorCluster(): Promise<RedisCluster> {
  const server = await vectorServer()
  if (server === '') return startRedisCluster()
  vi.stubEnv('REDIS_SERVER', server)
  try {
    return await startRedisCluster()
  } finally {
    vi.unstubAllEnvs()
  }
}
