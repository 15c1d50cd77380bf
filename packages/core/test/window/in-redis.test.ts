import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { CacheAside, type CacheOptions, RedisStore } from '../../src/index.ts'
import { serverTime } from '../protocol/standing.ts'
import { chatsOn, contents, Database, type Message, said } from './opened.ts'

const tokens = { tokens: 100, of: ({ content }: Message) => content.length }
const hour = 3_600_000

describe('a window in Redis', () => {
  let server: RedisServer
  let redis: Redis
  let test = 0
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const open = (options: Partial<CacheOptions> = {}) => {
    const namespace = `test-${++test}`
    const store = new RedisStore(server.client(), { commandTimeout: 10_000 })
    const cache = new CacheAside({ namespace, store, jitter: 0, ...options })
    onTestFinished(() => cache.close())
    return { cache, key: `${namespace}:chat:one` }
  }

  it('is a list that people can read: a header, and the JSON of each item, oldest first', async () => {
    const { cache, key } = open()
    const chats = chatsOn(cache)
    await chats.getOrLoad('one', () => [said('Zoë'), said('b')])
    await chats.append('one', () => [said('c')])

    const [header, ...items] = await redis.lrange(key, 0, -1)

    expect(header).toMatch(/^V[\w-]{22}3-0{13}\d{13}\d{10}\d{8}v-[\w-]{16}-window$/)
    expect(items).toEqual(['Zoë', 'b', 'c'].map((content) => `{"role":"user","content":"${content}"}`))
  })

  it('has the weight of each item before it, with a budget', async () => {
    const { cache, key } = open()
    const chats = chatsOn(cache, { limit: tokens })
    await chats.getOrLoad('one', () => [said('Zoë')])
    await chats.append('one', () => [said('b')])

    expect(await redis.lrange(key, 1, -1)).toEqual([
      '3 {"role":"user","content":"Zoë"}',
      '1 {"role":"user","content":"b"}',
    ])
  })

  it('is kept for its TTL, and for as long again once it is appended to', async () => {
    const { cache, key } = open()
    const chats = chatsOn(cache, { ttl: hour })
    await chats.getOrLoad('one', () => [said('a')])
    const loaded = await redis.pttl(key)
    await redis.pexpire(key, hour / 2)

    await chats.append('one', () => [said('b')])

    expect(loaded).toBeGreaterThan(hour / 2)
    expect(await redis.pttl(key)).toBeGreaterThan(hour / 2)
    const [header = ''] = await redis.lrange(key, 0, 0)
    expect(Number(header.slice(38, 51))).toBeGreaterThan((await serverTime(redis)) + hour / 2)
    expect(Number(header.slice(51, 61))).toBe(hour)
  })

  it('is served while its writer is at work, and not after the time of a writer who died', async () => {
    const { cache, key } = open()
    const chats = chatsOn(cache)
    const database = new Database({ one: ['a'] })
    await chats.getOrLoad('one', database.load('one'))
    const [header = ''] = await redis.lrange(key, 0, 0)
    const markUntil = async (time: number) =>
      redis.lset(key, 0, `${header.slice(0, 24)}w${String(time).padStart(13, '0')}${header.slice(38)}`)

    await markUntil((await serverTime(redis)) + hour)
    expect(await chats.get('one')).toMatchObject({ found: true })
    await markUntil((await serverTime(redis)) - hour)
    expect(await chats.get('one')).toMatchObject({ found: false })

    expect(contents(await chats.getOrLoad('one', database.load('one')))).toEqual(['a'])
    expect(await chats.append('one', database.add('one', 'b'))).toBe('updated')
  })

  it.each<[string, (key: string) => Promise<unknown>]>([
    ['a list without a header', (key) => redis.rpush(key, '"a"', '"b"')],
    ['a list of what begins as a lease', (key) => redis.rpush(key, `L${'t'.repeat(22)}`)],
    ['an item that is no JSON', (key) => redis.rpush(key, '{"role":')],
    ['an item that is empty', (key) => redis.rpush(key, '')],
    ['a header that is cut', (key) => redis.lset(key, 0, `V${'i'.repeat(22)}3-000`)],
    ['a hash', (key) => redis.hset(key, 'a', 'b')],
    ['a text', (key) => redis.set(key, '[{"role":"user"}]')],
    ['a value of the cache', (key) => redis.set(key, `V${'i'.repeat(22)}3-${'0'.repeat(70)}json\n[]`)],
  ])('that is corrupt is told, loaded again and replaced: %s', async (what, corrupt) => {
    const { cache, key } = open()
    const chats = chatsOn(cache)
    const database = new Database({ one: ['a', 'b'] })
    await chats.getOrLoad('one', database.load('one'))
    if (!/^an item|^a header/.test(what)) await redis.unlink(key)
    await corrupt(key)

    const told: string[] = []
    cache.events.on('corrupt', (event) => told.push(event.key))
    expect(contents(await chats.getOrLoad('one', database.load('one')))).toEqual(['a', 'b'])

    expect(told).toEqual(['chat:one'])
    expect(await chats.get('one')).toMatchObject({ found: true })
    expect(await redis.llen(key)).toBe(3)
    expect(database.loads).toBe(2)
  })

  it('that is corrupt is void once it is appended to', async () => {
    const { cache, key } = open()
    const chats = chatsOn(cache)
    await redis.rpush(key, '"a"')

    expect(await chats.append('one', () => [said('b')])).toBe('uncached')
    expect(await redis.exists(key)).toBe(0)
  })

  it('that is larger than maxValueSize is not cached', async () => {
    const { cache, key } = open({ maxValueSize: 200 })
    const chats = chatsOn(cache)
    const large = said('x'.repeat(200))

    expect(await chats.getOrLoad('one', () => [large])).toEqual([large])
    expect(await redis.exists(key)).toBe(0)
  })

  it('costs so many round trips, besides the loader and the write', async () => {
    const { url, count } = await counting(server.port)
    const { cache } = open({ store: undefined, redis: url, commandTimeout: '10s' } as never)
    const chats = chatsOn(cache)
    const database = new Database({ one: ['a'] })
    for (const id of ['warm', 'warm', 'up', 'up']) {
      await chats.getOrLoad(id, database.load(id))
      await chats.append(id, database.add(id, 'a'))
      await chats.invalidate(id)
      await chats.append(id, database.add(id, 'a'))
    }

    expect(await count(() => chats.getOrLoad('one', database.load('one')))).toBe(3) // read, acquire, fill
    expect(await count(() => chats.getOrLoad('one', database.load('one')))).toBe(1)
    expect(await count(() => chats.get('one'))).toBe(1)
    expect(await count(() => chats.append('one', database.add('one', 'b')))).toBe(2) // before the write, after it
    expect(await count(() => chats.invalidate('one'))).toBe(1)
    expect(await count(() => chats.append('one', database.add('one', 'c')))).toBe(3) // and the barrier
  })
})

/** A proxy that counts how often a client has to wait for the server. */
async function counting(port: number) {
  let trips = 0
  let asked = false
  const proxy = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    client.on('data', (bytes) => {
      if (!asked) trips += 1
      asked = true
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      asked = false
      client.write(bytes)
    })
    for (const socket of [client, upstream]) socket.on('error', () => {})
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  onTestFinished(() => void proxy.close())
  const address = proxy.address()
  return {
    url: `redis://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    async count(act: () => Promise<unknown>): Promise<number> {
      trips = 0
      await act()
      return trips
    },
  }
}
