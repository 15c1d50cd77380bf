import { MemoryStore, RedisStore, type Store } from '@cache-aside/core'
import { type RedisCluster, type RedisServer, startRedis, startRedisCluster } from '@cache-aside/testkit'

/** The servers behind the places of one test file. */
export interface Servers {
  readonly server: RedisServer
  readonly cluster: RedisCluster
  stop(): Promise<void>
}

export async function startServers(): Promise<Servers> {
  // Expired keys are looked for ten times as often as by default: they are reported when they are found.
  const args = ['--hz', '100']
  const [server, cluster] = await Promise.all([startRedis({ args }), startRedisCluster({ args })])
  return { server, cluster, stop: async () => void (await Promise.all([server.stop(), cluster.stop()])) }
}

const patient = { commandTimeout: 5_000 }
const keyPrefix = 'app:'
const memory = new MemoryStore()

/** Where entries can live. Stores of one place have the same entries. */
export const places: readonly (readonly [string, (servers: Servers) => Store])[] = [
  ['MemoryStore', () => memory],
  ['RedisStore on a server', ({ server }) => new RedisStore(server.client(), patient)],
  ['RedisStore on a server, with a keyPrefix', ({ server }) => new RedisStore(server.client({ keyPrefix }), patient)],
  ['RedisStore on a cluster', ({ cluster }) => new RedisStore(cluster.client(), patient)],
  [
    'RedisStore on a cluster, with a keyPrefix',
    ({ cluster }) => new RedisStore(cluster.client({ keyPrefix }), patient),
  ],
]
