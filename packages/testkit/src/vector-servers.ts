import { findRedisServer } from './redis-binary.ts'

/** For `startRedis` and `startRedisCluster`. */
interface Choice {
  readonly server?: string
}

/** The machine's own server if it has vector sets, or else a Redis 8 that is fetched. */
export async function serverWithVectors(): Promise<Choice> {
  return (await hasVectors()) ? {} : { server: 'redis-8' }
}

/** The machine's own server if it has no vector sets, or else a Redis 7 that is fetched. */
export async function serverWithoutVectors(): Promise<Choice> {
  return (await hasVectors()) ? { server: 'redis-7' } : {}
}

async function hasVectors(): Promise<boolean> {
  const { name, version } = await findRedisServer()
  return name === 'redis' && Number.parseInt(version) >= 8
}
