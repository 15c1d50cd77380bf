import { Cluster } from 'ioredis'
import { RedisServer, type RedisServerOptions, startRedis } from './redis-server.ts'

const slots = 16_384

export interface RedisClusterOptions extends Pick<RedisServerOptions, 'server' | 'args'> {
  /** Default 3, the fewest that can elect a new one. */
  readonly masters?: number
}

/** Starts a Redis Cluster whose masters share the slots evenly. Resolves when every node says that the cluster is ok. */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { masters = 3, args = [], ...server } = options
  const settings = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '5000', ...args]
  const nodes = await Promise.all(Array.from({ length: masters }, () => startRedis({ ...server, args: settings })))

  for (const [index, node] of nodes.entries()) {
    const first = Math.floor((slots * index) / masters)
    const last = Math.floor((slots * (index + 1)) / masters) - 1
    // Not by their range, which Redis 6.2 does not know.
    await node.cli('CLUSTER', 'ADDSLOTS', ...Array.from({ length: last - first + 1 }, (_, at) => first + at))
    // Without distinct epochs the nodes would first have to settle who is who.
    await node.cli('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
  }
  // Each with each: to hear of each other by gossip would take them seconds.
  for (const [index, node] of nodes.entries()) {
    for (const other of nodes.slice(index + 1)) await node.cli('CLUSTER', 'MEET', '127.0.0.1', other.port)
  }

  // A node says so once it knows who serves every slot.
  await Promise.all(nodes.map((node) => node.printed(/Cluster state changed: ok/)))
  return new RedisCluster(nodes)
}

/** A Redis Cluster of a test's own. */
export class RedisCluster {
  readonly nodes: readonly RedisServer[]
  readonly startupNodes: readonly { readonly host: string; readonly port: number }[]
  readonly #clients = new Set<Cluster>()

  constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes
    this.startupNodes = nodes.map(({ port }) => ({ host: '127.0.0.1', port }))
  }

  /** A client of this cluster, disconnected by `stop`. */
  client(options?: ConstructorParameters<typeof Cluster<'legacy'>>[1]): Cluster {
    const client = new Cluster([...this.startupNodes], options)
    // Tests break connections on purpose; a command that fails by it rejects.
    client.on('error', () => {})
    this.#clients.add(client)
    return client
  }

  /** The end: disconnects the clients and stops every node. */
  async stop(): Promise<void> {
    for (const client of this.#clients) client.disconnect()
    this.#clients.clear()
    await Promise.all(this.nodes.map((node) => node.stop()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
