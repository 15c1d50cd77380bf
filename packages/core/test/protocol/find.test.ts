import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type RedisCluster, type RedisServer, startRedis, startRedisCluster } from '@cache-aside/testkit'
import type { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { find } from '../../src/protocol/find.ts'
import { RedisStore } from '../../src/protocol/redis-store.ts'
import { commandsDuring } from './standing.ts'

let server: RedisServer
let cluster: RedisCluster
beforeAll(async () => {
  ;[server, cluster] = await Promise.all([startRedis(), startRedisCluster()])
})
afterAll(() => Promise.all([server.stop(), cluster.stop()]))

const finding = { send: <T>(command: () => Promise<T>) => command(), losses: () => 0 }
async function all(steps: AsyncIterable<readonly string[]>): Promise<(readonly string[])[]> {
  const each: (readonly string[])[] = []
  for await (const step of steps) each.push(step)
  return each
}
const found = async (client: Redis | Cluster, prefix: string, pattern: string): Promise<string[]> =>
  [...new Set((await all(find(client, prefix, pattern, finding))).flat())].toSorted()

const newPrefix = () => `shop-${randomUUID()}:`
const keysOf = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`).toSorted()
const put = (client: Redis | Cluster, keys: readonly string[]) => Promise.all(keys.map((key) => client.set(key, 'V')))

describe.each<[string, () => Redis | Cluster]>([
  ['a server', () => server.client()],
  ['a server, with a keyPrefix of glob characters', () => server.client({ keyPrefix: 'a[1]*?^\\:' })],
  ['a cluster', () => cluster.client()],
  ['a cluster, with a keyPrefix', () => cluster.client({ keyPrefix: 'app:' })],
])('find on %s', (_where, newClient) => {
  let client: Redis | Cluster
  beforeAll(async () => {
    client = newClient()
    await client.ping()
  })

  it('finds every key that begins with the prefix', async () => {
    const prefix = newPrefix()
    const keys = keysOf(prefix, 2_000)
    await put(client, keys)

    expect(await found(client, prefix, '*')).toEqual(keys)
  })

  it.each([
    ['*', ['', '1', 'user:1', 'user:1:cart', 'user:12', 'user:*', 'usër:1', 'a\\b']],
    ['user:1*', ['user:1', 'user:1:cart', 'user:12']],
    ['user:?', ['user:*', 'user:1']],
    ['user:\\*', ['user:*']],
    ['us[e-f]r:[^1]', ['user:*']],
    ['us??r:1', ['usër:1']],
    ['a\\\\b', ['a\\b']],
    ['', ['']],
    ['shop', []],
  ])('of %j finds %j', async (pattern, matching) => {
    const prefix = newPrefix()
    const rests = ['', '1', 'user:1', 'user:1:cart', 'user:12', 'user:*', 'usër:1', 'a\\b']
    await put(
      client,
      rests.map((rest) => prefix + rest),
    )

    expect(await found(client, prefix, pattern)).toEqual(matching.map((rest) => prefix + rest).toSorted())
  })

  it.each([
    ['shop:', ['shop2:1', 'shop', 'shop-2:1', 'hop:1', 'my-shop:1', ':shop:1', 'SHOP:1', 'shop/acme:1']],
    ['shop.uk:', ['shopxuk:1']],
    ['sh?p:', ['shop:1', 'shp:1']],
    ['sh*p:', ['shop:1', 'sh:p:1']],
    ['[ab]:', ['a:1', 'b:1']],
    ['a\\:', ['a:1']],
  ])('of %j does not find the keys of others: %j', async (prefix, others) => {
    const own = [prefix, `${prefix}1`]
    await put(client, [...own, ...others])
    onTestFinished(async () => void (await Promise.all([...own, ...others].map((key) => client.unlink(key)))))

    expect(await found(client, prefix, '*')).toEqual(own)
  })

  it('finds them in steps of about 500 at most', async () => {
    const prefix = newPrefix()
    const keys = keysOf(prefix, 3_000)
    await put(client, keys)

    const sizes = (await all(find(client, prefix, '*', finding))).map((step) => step.length)

    // One step on every node.
    expect(Math.max(...sizes)).toBeLessThan(1_000 * (client.isCluster ? cluster.nodes.length : 1))
    expect(sizes.length).toBeGreaterThan(1)
  })

  it('misses none of those that stand there, however many are added and go meanwhile', async () => {
    const prefix = newPrefix()
    const [stay, go] = [keysOf(`${prefix}stays:`, 1_000), keysOf(`${prefix}goes:`, 4_000)]
    const come = keysOf(`${prefix}comes:`, 8_000)
    await put(client, [...stay, ...go])
    const met = new Set<string>()

    for await (const keys of find(client, prefix, 'stays:*', finding)) {
      for (const key of keys) met.add(key)
      // Enough to make the server rehash while it is looked through: to a smaller table, and then to a larger one.
      await Promise.all(go.splice(0, 2_000).map((key) => client.unlink(key)))
      await put(client, come.splice(0, go.length === 0 ? 2_000 : 0))
    }

    expect(stay.filter((key) => !met.has(key)).length).toBe(0)
  })
})

describe('find', () => {
  it('does not ask for all keys at once', async () => {
    const client = server.client()
    const prefix = newPrefix()
    await put(client, keysOf(prefix, 100))

    expect(Object.keys(await commandsDuring(client, () => found(client, prefix, '*')))).toEqual(['scan'])
  })

  it('rejects where the server was restarted in between, whose keys are in another order', async () => {
    await using another = await startRedis()
    const client = another.client()
    const store = new RedisStore(client, { commandTimeout: 10_000 })
    await put(client, keysOf('shop:', 2_000))
    const steps = store.find('shop:', '*')
    await steps.next()
    const recovered = new Promise<void>((resolve) => store.onChange(({ kind }) => kind === 'recovered' && resolve()))
    await another.kill()
    await another.start()
    await recovered

    await expect(all(steps)).rejects.toThrow('the connection was lost')
  })

  it('rejects where a node of the cluster is gone, whose keys may come back', async () => {
    await using another = await startRedisCluster()
    const client = another.client()
    await client.ping()
    await Promise.all(client.nodes('master').map((node) => node.ping()))
    const lost = once(client, '-node')
    await another.nodes[0]?.kill()
    await lost

    await expect(found(client, 'shop:', '*')).rejects.toThrow()
  })

  it.each(['is moved', 'is on its way', 'was on its way before, and is'])(
    'misses no key of a slot that %s meanwhile',
    async (how) => {
      await using another = await startRedisCluster()
      const client = another.client()
      await client.ping()
      const prefix = 'shop:{one slot}:'
      const keys = keysOf(prefix, 3_000)
      await put(client, keys)
      const slot = await client.cluster('KEYSLOT', prefix)
      const index = Math.floor((slot * 3) / 16_384)
      const [from, to] = [another.nodes[index], another.nodes[(index + 1) % 3]] as [RedisServer, RedisServer]
      const [fromId, toId] = await Promise.all(
        [from, to].map(async (node) => String(await node.cli('CLUSTER', 'MYID'))),
      )
      const begin = async () => {
        await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(fromId))
        await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(toId))
      }
      const move = async () => {
        const inSlot = (await from.cli('CLUSTER', 'GETKEYSINSLOT', slot, keys.length)) as string[]
        await from.cli('MIGRATE', '127.0.0.1', to.port, '', 0, 10_000, 'KEYS', ...inSlot)
      }
      const end = async () => {
        for (const node of [to, from, ...another.nodes])
          await node.cli('CLUSTER', 'SETSLOT', slot, 'NODE', String(toId))
      }
      const met = new Set<string>()

      if (how === 'was on its way before, and is') await begin()
      let steps = 0
      for await (const some of find(client, prefix, '*', finding)) {
        for (const key of some) met.add(key)
        if (++steps > 1) continue
        if (how !== 'was on its way before, and is') await begin()
        await move()
        if (how === 'is moved') await end()
      }

      expect(keys.filter((key) => !met.has(key)).length).toBe(0)
    },
  )
})
