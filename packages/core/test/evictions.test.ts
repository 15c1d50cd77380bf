import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { CacheAside, RedisStore } from '@cache-aside/core'
import {
  type RedisCluster,
  type RedisServer,
  startFaultProxy,
  startRedis,
  startRedisCluster,
} from '@cache-aside/testkit'
import type { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type EvictionsHeard, evictionsHeard } from './evictions-heard.ts'
import { commandsDuring } from './protocol/standing.ts'

const hint = `set "notify-keyspace-events" to "Kxeg" in the server's configuration`

let server: RedisServer
let redis: Redis
beforeAll(async () => {
  server = await startRedis()
  redis = server.client()
})
afterAll(() => server.stop())
beforeEach(() => redis.config('SET', 'notify-keyspace-events', ''))

const newKey = () => `shop:${randomUUID()}`

/** A watch over what a client of its own, or one that is given, can see. */
async function watching(client: Redis | Cluster = server.client()) {
  const heard = evictionsHeard()
  const store = new RedisStore(client)
  onTestFinished(() => store.close())
  const watch = await store.watchEvictions('shop:', heard.listener)
  onTestFinished(() => watch.close())
  return { heard, watch }
}

async function flagsOf(client: Redis): Promise<string> {
  const [, flags = ''] = await client.config('GET', 'notify-keyspace-events')
  return flags.split('').toSorted().join('')
}

/** Sets and deletes these keys until one is reported: for a watch that comes back behind our back. */
async function reported(client: Redis | Cluster, heard: EvictionsHeard, keys: readonly string[]): Promise<void> {
  const setAndDelete = async (key: string) => {
    await client.set(key, 'V')
    await client.del(key)
  }
  const reports = async () => {
    // Fails for as long as the client itself has not found the server again.
    await Promise.allSettled(keys.map(setAndDelete))
    return heard.all.filter(({ key }) => keys.includes(key)).length
  }
  await expect.poll(reports, { timeout: 8_000, interval: 20 }).toBeGreaterThan(0)
}

describe('the settings of the server', () => {
  it.each([
    ['', 'Kegx'],
    ['Kl', 'Keglx'],
    ['El', 'EKeglx'],
    ['Kx', 'Kegx'],
    ['AE', 'AEK'],
  ])('%j become %j: what was missing is added, and what others have set is kept', async (before, after) => {
    await redis.config('SET', 'notify-keyspace-events', before)

    const { watch } = await watching()

    expect(watch).toMatchObject({ notifications: 'on' })
    expect(watch).not.toHaveProperty('hint')
    expect(await flagsOf(redis)).toBe(after)
  })

  it.each(['KA', 'Kgxe', 'AKE'])('%j are enough, and not touched', async (flags) => {
    await redis.config('SET', 'notify-keyspace-events', flags)

    expect(await commandsDuring(redis, () => watching())).not.toHaveProperty('config|set')
  })

  it('are kept for others when the watch is closed', async () => {
    const { watch } = await watching()

    await watch.close()

    expect(await flagsOf(redis)).toBe('Kegx')
  })
})

describe('a server whose settings may not be changed', () => {
  beforeAll(async () => {
    await redis.call('ACL', 'SETUSER', 'tenant', 'on', '>pass', '~*', '&*', '+@all', '-config')
  })
  const newTenant = () => server.client({ username: 'tenant', password: 'pass' })

  it('is refused with a hint, and nothing is thrown', async () => {
    const { watch } = await watching(newTenant())

    expect(watch).toMatchObject({ notifications: 'refused', hint })
  })

  it('reports all the same when its owner has set what is needed', async () => {
    await redis.config('SET', 'notify-keyspace-events', 'Kxeg')
    const { heard } = await watching(newTenant())
    const key = newKey()
    await redis.set(key, 'V')

    await redis.del(key)

    expect(await heard.of(key)).toEqual({ reason: 'deleted', key })
  })

  it('is refused too where there is no CONFIG at all', async () => {
    await using managed = await startRedis({ args: ['--rename-command', 'CONFIG', ''] })

    const { watch } = await watching(managed.client())

    expect(watch).toMatchObject({ notifications: 'refused', hint })
  })
})

describe('reports', () => {
  it('are of what expired, was evicted or was deleted, and of nothing else that happens to a key', async () => {
    await redis.config('SET', 'notify-keyspace-events', 'AK')
    const { heard } = await watching()
    const key = newKey()

    await redis.set(key, 'V')
    await redis.pexpire(key, 60_000)
    await redis.append(key, 'V')
    await redis.persist(key)
    await redis.unlink(key)
    await heard.of(key)

    expect(heard.all).toEqual([{ reason: 'deleted', key }])
  })

  it('are of what was evicted for want of memory', async () => {
    await using small = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] })
    const client = small.client()
    const { heard } = await watching(client)
    const key = newKey()
    await client.set(key, 'V')

    await client.config('SET', 'maxmemory', '1')

    expect(await heard.of(key)).toEqual({ reason: 'evicted', key })
  })

  it('are of the client’s own database only', async () => {
    const client = server.client({ db: 2 })
    const { heard } = await watching(client)
    const key = newKey()
    await redis.set(key, 'V')
    await client.set(key, 'V')

    await redis.del(key)
    await client.set('shop:last', 'V')
    await client.del('shop:last')
    await heard.of('shop:last')

    expect(heard.all).toEqual([{ reason: 'deleted', key: 'shop:last' }])
  })

  it.each(['a*:', 'a?:', '[ab]:', '[^b]:', 'a\\:', '^a:', ']:'])(
    'are of the keyPrefix %j as it is written: it is no pattern',
    async (keyPrefix) => {
      const { heard } = await watching(server.client({ keyPrefix }))
      const key = newKey()
      const decoys = ['aa:', 'ab:', 'a:', 'b:', 'a*b:', 'x', ''].filter((decoy) => decoy !== keyPrefix)
      for (const decoy of [...decoys, keyPrefix]) await redis.set(decoy + key, 'V')

      for (const decoy of decoys) await redis.del(decoy + key)
      await redis.del(keyPrefix + key)
      await heard.of(key)

      expect(heard.all).toEqual([{ reason: 'deleted', key }])
    },
  )

  it('of a cache name keys as its callers do', async () => {
    const namespace = randomUUID()
    const cache = new CacheAside({ namespace, redis })
    const heard = evictionsHeard()
    const watch = await cache.watchEvictions(heard.listener)
    onTestFinished(() => watch.close())
    await cache.set('user:1', 'Zoë')

    await cache.invalidate('user:1')

    expect(await heard.of('user:1')).toEqual({ reason: 'deleted', key: 'user:1' })
  })
})

describe('a watch', () => {
  it('leaves the client that was given free for commands, and connected when it is closed', async () => {
    const client = server.client()
    const { watch } = await watching(client)
    expect(await client.ping()).toBe('PONG')

    await watch.close()

    expect(await client.ping()).toBe('PONG')
  })

  it('leaves nothing on the server when it is closed', async () => {
    await using watched = await startRedis()
    const subscriptions = () => watched.cli('PUBSUB', 'NUMPAT')
    const { watch } = await watching(watched.client())
    expect(await subscriptions()).toBe(1)

    await watch.close()

    await expect.poll(subscriptions).toBe(0)
  })

  it('tells nothing once it is closed, not even what was on its way', async () => {
    using proxy = await startFaultProxy(server)
    const { heard, watch } = await watching(server.client({ port: proxy.port }))
    const { heard: heardBesides } = await watching()
    const key = newKey()

    proxy.blackHole('toClient')
    await redis.set(key, 'V')
    await redis.del(key)
    await heardBesides.of(key)
    await watch.close()
    proxy.heal()
    // All has arrived when the watch's connection has ended; that of the client stays.
    await expect.poll(() => proxy.connections).toBe(1)

    expect(heard.all).toEqual([])
  })

  it('rejects where no server answers', async () => {
    const gone = await startRedis()
    onTestFinished(() => gone.stop())
    await gone.kill()

    await expect(watching(gone.client())).rejects.toThrow(Error)
  })

  it('is closed twice as once', async () => {
    const { watch } = await watching()

    await watch.close()
    await watch.close()
  })
})

describe('after the server was restarted', () => {
  it.each([
    ['were the server’s own', ['--notify-keyspace-events', 'Kxeg']],
    ['were set by the watch, and are forgotten', []],
  ])('a watch reports again where the settings %s', async (_whose, args) => {
    await using restarting = await startRedis({ args })
    const client = restarting.client()
    const { heard } = await watching(client)

    await restarting.kill()
    await restarting.start()

    await reported(client, heard, [newKey()])
  })
})

describe('of a cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster.stop())

  describe.each([
    { client: 'is connected', options: {}, connected: true },
    { client: 'was made just now', options: {}, connected: false },
    { client: 'connects when it is used', options: { lazyConnect: true }, connected: false },
  ])('whose client $client', ({ options, connected }) => {
    it('every node reports from when the watch is there', { timeout: 5_000 }, async () => {
      const client = cluster.client(options)
      if (connected) await client.ping()
      const keys = Array.from({ length: 30 }, newKey)

      const { heard, watch } = await watching(client)
      for (const key of keys) await client.set(key, 'V')
      for (const key of keys) await client.del(key)

      expect(watch.notifications).toBe('on')
      expect(await Promise.all(keys.map((key) => heard.of(key)))).toHaveLength(30)
    })

    it('nodes whose settings may not be changed are refused with a hint', async () => {
      for (const node of cluster.nodes) {
        await node.cli('ACL', 'SETUSER', 'tenant', 'on', '>pass', '~*', '&*', '+@all', '-config')
      }
      const client = cluster.client({ ...options, redisOptions: { username: 'tenant', password: 'pass' } })
      if (connected) await client.ping()

      const { watch } = await watching(client)

      expect(watch).toMatchObject({ notifications: 'refused', hint })
    })
  })

  it('a node that was restarted reports again', async () => {
    const client = cluster.client({ slotsRefreshInterval: 50, slotsRefreshTimeout: 2_000 })
    await client.ping()
    const { heard } = await watching(client)
    const [node] = cluster.nodes
    const keys = Array.from({ length: 30 }, newKey)
    for (const key of keys) await client.set(key, 'V')
    const onNode = (await node?.cli('KEYS', 'shop:*')) as string[]

    // The client takes the node back before it is there, because the others still name it.
    const takenBack = once(client, '+node')
    await node?.kill()
    await takenBack
    await node?.start()

    await reported(client, heard, onNode)
  })
})
