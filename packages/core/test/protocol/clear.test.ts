import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type RedisCluster, type RedisServer, startRedis, startRedisCluster } from '@cache-aside/testkit'
import type { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { clear } from '../../src/protocol/clear.ts'
import { commandsDuring } from './standing.ts'

let server: RedisServer
let cluster: RedisCluster
beforeAll(async () => {
  ;[server, cluster] = await Promise.all([startRedis(), startRedisCluster()])
})
afterAll(() => Promise.all([server.stop(), cluster.stop()]))

const send = <T>(command: () => Promise<T>) => command()
const unlinkBy =
  (client: Redis | Cluster) =>
  async (keys: readonly string[]): Promise<void> =>
    void (await Promise.all(keys.map((key) => client.unlink(key))))
const clearBy = (client: Redis | Cluster, prefix: string, invalidate = unlinkBy(client)) =>
  clear(client, prefix, { send, invalidate })

const newPrefix = () => `shop-${randomUUID()}:`
const keysOf = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`)
const put = (client: Redis | Cluster, keys: readonly string[]) => Promise.all(keys.map((key) => client.set(key, 'V')))
async function standing(client: Redis | Cluster, keys: readonly string[]): Promise<string[]> {
  const counts = await Promise.all(keys.map((key) => client.exists(key)))
  return keys.filter((_, index) => counts[index] === 1)
}

describe.each<[string, () => Redis | Cluster]>([
  ['a server', () => server.client()],
  ['a server, with a keyPrefix of glob characters', () => server.client({ keyPrefix: 'a[1]*?^\\:' })],
  ['a cluster', () => cluster.client()],
  ['a cluster, with a keyPrefix', () => cluster.client({ keyPrefix: 'app:' })],
])('clear on %s', (_where, newClient) => {
  let client: Redis | Cluster
  beforeAll(async () => {
    client = newClient()
    await client.ping()
  })

  it('voids every key that begins with the prefix', async () => {
    const prefix = newPrefix()
    const keys = keysOf(prefix, 2_000)
    await put(client, keys)

    await clearBy(client, prefix)

    expect(await standing(client, keys)).toEqual([])
  })

  it('voids them in batches of about 500 at most', async () => {
    const prefix = newPrefix()
    await put(client, keysOf(prefix, 2_000))
    const sizes: number[] = []

    await clearBy(client, prefix, async (keys) => void sizes.push(keys.length))

    expect(Math.max(...sizes)).toBeLessThan(1_000)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThanOrEqual(2_000)
  })

  it.each([
    ['shop:', ['shop2:1', 'shop', 'shop-2:1', 'hop:1', 'my-shop:1', ':shop:1', 'SHOP:1']],
    ['sh?p:', ['shop:1', 'shp:1']],
    ['sh*p:', ['shop:1', 'sh:p:1']],
    ['[ab]:', ['a:1', 'b:1']],
    ['a\\:', ['a:1']],
  ])('of %j leaves the keys of others: %j', async (prefix, others) => {
    const own = [`${prefix}1`, prefix]
    await put(client, [...own, ...others])
    onTestFinished(async () => void (await Promise.all(others.map((key) => client.unlink(key)))))

    await clearBy(client, prefix)

    expect(await standing(client, [...own, ...others])).toEqual(others)
  })

  it('misses none of those that stand there, however many are added meanwhile', async () => {
    const prefix = newPrefix()
    const keys = keysOf(prefix, 1_000)
    await put(client, keys)
    let added = 0
    const adding = async (voided: readonly string[]) => {
      // Enough to make the server rehash while it is looked through.
      await put(client, keysOf(`${prefix}new:${added++}:`, 500))
      await unlinkBy(client)(voided.filter((key) => !key.startsWith(`${prefix}new:`)))
    }

    await clearBy(client, prefix, adding)

    expect(await standing(client, keys)).toEqual([])
  })

  it('rejects with what an invalidation rejects with', async () => {
    const prefix = newPrefix()
    await put(client, [`${prefix}1`])

    await expect(clearBy(client, prefix, () => Promise.reject(new Error('READONLY')))).rejects.toThrow('READONLY')
  })
})

describe('clear', () => {
  it('does not ask for all keys at once', async () => {
    const client = server.client()
    const prefix = newPrefix()
    await put(client, keysOf(prefix, 100))

    expect(Object.keys(await commandsDuring(client, () => clearBy(client, prefix))).toSorted()).toEqual([
      'scan',
      'unlink',
    ])
  })

  it('rejects where a node of the cluster is gone, whose keys may come back', async () => {
    await using another = await startRedisCluster()
    const client = another.client()
    await client.ping()
    await Promise.all(client.nodes('master').map((node) => node.ping()))
    const lost = once(client, '-node')
    await another.nodes[0]?.kill()
    await lost

    await expect(clearBy(client, 'shop:')).rejects.toThrow()
  })
})
