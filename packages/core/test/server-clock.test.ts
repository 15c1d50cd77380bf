import { type RedisCluster, type RedisServer, startRedis, startRedisCluster } from '@cache-aside/testkit'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { ServerClock } from '../src/protocol/server-clock.ts'
import { RedisStore, type RedisTarget } from '../src/protocol/redis-store.ts'
import { time } from '../src/protocol/time.ts'
import { systemClock } from '../src/time/clock.ts'
import { commandsDuring, newKey, rawAt } from './protocol/standing.ts'

let server: RedisServer
let cluster: RedisCluster
beforeAll(async () => {
  ;[server, cluster] = await Promise.all([startRedis(), startRedisCluster()])
})
afterAll(() => Promise.all([server.stop(), cluster.stop()]))

function open(target: RedisTarget): RedisStore {
  const store = new RedisStore(target)
  onTestFinished(() => store.close())
  return store
}

describe('the clock of the server', () => {
  it('is known from the server alone', async () => {
    const redis = server.client()
    const clock = new ServerClock({ ...systemClock, wall: () => 0 })
    const serverTime = async () => {
      const [seconds, microseconds] = await redis.time()
      return Number(seconds) * 1_000 + Number(microseconds) / 1_000
    }
    const answered = new Promise<void>((resolve) => {
      clock.measure(() => time(redis, newKey()).finally(() => setImmediate(resolve)))
    })
    await answered

    const before = await serverTime()
    const now = clock.now()
    const after = await serverTime()

    // Half of the longest round trip that counts.
    expect(now).toBeGreaterThan(before - 250)
    expect(now).toBeLessThan(after + 250)
  })

  it('is asked for once, before the first of many reads', async () => {
    const store = open(server.client())
    const redis = server.client()

    const commands = await commandsDuring(redis, async () => {
      await Promise.all([rawAt(store, newKey()), rawAt(store, newKey())])
      for (let read = 0; read < 50; read++) await rawAt(store, newKey())
    })

    expect(commands).toMatchObject({ time: 1, eval: 1, mget: 51 })
  })

  it('is asked for again over a new connection: it may be another server', async () => {
    const store = open(server.url)
    const redis = server.client()
    await rawAt(store, newKey())
    const recovered = new Promise<void>((resolve) => store.onChange(({ kind }) => kind === 'recovered' && resolve()))

    await server.cli('CLIENT', 'KILL', 'TYPE', 'normal')
    await recovered
    const commands = await commandsDuring(redis, async () => {
      await rawAt(store, newKey())
      await rawAt(store, newKey())
    })

    expect(commands).toMatchObject({ time: 1, mget: 2 })
  })

  it('is not needed for a read: where the server does not tell it, once is asked all the same', async () => {
    await server.cli('ACL', 'SETUSER', 'timeless', 'on', 'nopass', '~*', '&*', '+@all', '-time')
    const store = open({ port: server.port, username: 'timeless', password: 'any' })
    const redis = server.client()

    const commands = await commandsDuring(redis, async () => {
      for (let read = 0; read < 10; read++) expect(await rawAt(store, newKey())).toBeNull()
    })

    expect(commands).toMatchObject({ eval: 1, mget: 10 })
    expect(store.now()).toBeGreaterThan(1_700_000_000_000)
  })

  it('is asked of the node that is read from first', async () => {
    const store = open(cluster.client())
    await store.connect()
    const nodes = cluster.nodes.map((node) => node.client())
    await Promise.all(nodes.map((node) => node.config('RESETSTAT')))

    await store.read('{shop}:k', { generation: '{shop}/generation', tagClock: '{shop}/tags' }, [])

    const stats = await Promise.all(nodes.map((node) => node.info('commandstats')))
    const asked = stats.map((ran) => ran.includes('cmdstat_time:calls=1,'))
    expect(asked.filter(Boolean)).toHaveLength(1)
    expect(stats.map((ran) => ran.includes('cmdstat_get:calls=2,'))).toEqual(asked)
  })
})
