import { type RedisCluster, type RedisServer, startRedis, startRedisCluster } from '@cache-aside/testkit'
import type { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { slotOf } from '../../src/protocol/cluster-node.ts'
import { Connection } from '../../src/protocol/connection.ts'
import { read } from '../../src/protocol/read.ts'
import { systemClock } from '../../src/time/clock.ts'

let cluster: RedisCluster
let client: Cluster
beforeAll(async () => {
  cluster = await startRedisCluster()
  client = cluster.client()
  await Promise.all(keys.map((key) => client.set(key, `value of ${key}`)))
})
afterAll(() => cluster.stop())

const keys = Array.from({ length: 30 }, (_, index) => `shop:${index}`)
const values = keys.map((key) => [Buffer.from(`value of ${key}`)])

/** Reads all keys in one tick. */
function readAll(): Promise<unknown[]> {
  const connection = new Connection(client, { commandTimeout: 5_000, clock: systemClock })
  onTestFinished(() => connection.detach())
  return Promise.all(keys.map((key) => connection.send((redis) => read(redis, [key]), key)))
}

describe('what is sent together to a server in one tick', () => {
  it('is one write', async () => {
    await using server = await startRedis()
    const own = server.client()
    const connection = new Connection(own, { commandTimeout: 5_000, clock: systemClock })
    onTestFinished(() => connection.detach())
    const readTogether = () =>
      Promise.all(keys.map((key) => connection.sendTogether((redis) => read(redis, [key]), key)))
    await readTogether()

    expect(await readsOfEach({ nodes: [server] }, readTogether)).toEqual([1])
  })
})

describe('what is sent to a cluster in one tick', () => {
  it('is one write to each node', async () => {
    await readAll()

    expect(await readsOfEach(cluster, readAll)).toEqual([1, 1, 1])
  })

  it('follows a key that is on its way to another node, and one that has moved there', async () => {
    const [key = ''] = keys
    const slot = slotOf(key)
    const [from, to] = endsOf(cluster, slot)
    await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from))
    await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to))
    await from.cli('MIGRATE', '127.0.0.1', to.port, key, 0, 5_000)

    expect(await readAll()).toEqual(values)

    const owner = await idOf(to)
    for (const node of [to, ...cluster.nodes]) await node.cli('CLUSTER', 'SETSLOT', slot, 'NODE', owner)

    expect(await readAll()).toEqual(values)
  })
})

/** How often each node has read from its clients meanwhile; to be asked it reads once, too. */
async function readsOfEach({ nodes }: Pick<RedisCluster, 'nodes'>, act: () => Promise<unknown>): Promise<number[]> {
  const clients = nodes.map((node) => node.client())
  const counts = () =>
    Promise.all(clients.map(async (each) => Number(/reads_processed:(\d+)/.exec(await each.info())?.[1])))
  await counts()
  const before = await counts()
  await act()
  const after = await counts()
  return after.map((count, node) => count - (before[node] ?? 0) - 1)
}

/** The node that serves a slot, and another one. */
function endsOf({ nodes }: RedisCluster, slot: number): [from: RedisServer, to: RedisServer] {
  const from = nodes[Math.floor((slot * nodes.length) / 16_384)]
  const to = nodes.find((node) => node !== from)
  if (!from || !to) throw new Error('a cluster of one node')
  return [from, to]
}

const idOf = async (node: RedisServer): Promise<string> => String(await node.cli('CLUSTER', 'MYID'))
