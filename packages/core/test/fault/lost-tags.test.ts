import { once } from 'node:events'
import { type RedisServer, startFaultProxy, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { CacheAside } from '../../src/cache/cache.ts'
import type { CacheOptions } from '../../src/cache/options.ts'
import { RedisStore } from '../../src/protocol/redis-store.ts'
import { bump } from '../../src/protocol/tag-clock.ts'
import { commandsDuring } from '../protocol/standing.ts'

let server: RedisServer
let redis: Redis
beforeAll(async () => {
  server = await startRedis()
  redis = server.client()
})
afterAll(() => server.stop())
beforeEach(() => redis.flushall())

const nothing = { found: false, value: undefined }
const tagged = { tags: ['a', 'b'] }

function open(options: Partial<CacheOptions> = {}): CacheAside {
  const store = new RedisStore(server.client(), { commandTimeout: 10_000 })
  const cache = new CacheAside({ namespace: 'shop', store, ...options })
  onTestFinished(() => cache.close())
  return cache
}

/** design §3: what says that entries are void can be lost, and then they are. */
describe('a tag clock that is lost', () => {
  it.each<readonly [string, () => Promise<unknown>]>([
    ['deleted', () => redis.del('shop/tags')],
    ['a hash of somebody else', () => redis.pipeline().del('shop/tags').hset('shop/tags', 'field', 'text').exec()],
    ['a text', () => redis.set('shop/tags', 'text')],
    ['without its id', () => redis.hdel('shop/tags', 'id')],
    ['without its floor', () => redis.hdel('shop/tags', 'floor')],
    ['of another id', () => redis.hset('shop/tags', 'id', 'another id, 16 c')],
  ])('(%s) takes every entry with tags, before an invalidation and after', async (_how, lose) => {
    const [cache, other] = [open(), open()]
    await cache.getOrLoad('k', () => 'old', tagged)
    await cache.getOrLoad('l', () => 'without tags')
    await cache.invalidateTag('b')
    await lose()

    expect(await other.get('k')).toEqual(nothing)
    expect(await other.get('l')).toEqual({ found: true, value: 'without tags' })
    expect(await other.getOrLoad('k', () => 'new', tagged)).toBe('new')
    expect(await cache.get('k')).toEqual({ found: true, value: 'new' })
    await other.invalidateTag('a')
    expect(await cache.get('k')).toEqual(nothing)
  })

  it('does not bring back what was void by it, when an invalidation makes the next one', async () => {
    const cache = open()
    await cache.getOrLoad('k', () => 'old', tagged)
    await redis.del('shop/tags')
    await cache.invalidateTag('c')

    expect(await cache.get('k')).toEqual(nothing)
  })

  it('voids what is being loaded', async () => {
    const cache = open()
    await cache.getOrLoad('k', async () => (await redis.del('shop/tags'), 'old'), tagged)

    expect(await cache.get('k')).toEqual(nothing)
  })

  it('in which one reading is no reading voids what has that tag', async () => {
    const cache = open()
    await cache.getOrLoad('k', () => 'value', tagged)
    await redis.hset('shop/tags', ':a', 'text')

    expect(await cache.get('k')).toEqual(nothing)
  })
})

describe('a generation that is lost', () => {
  it.each<readonly [string, () => Promise<unknown>]>([
    ['deleted', () => redis.del('shop/generation')],
    ['a text of another length', () => redis.set('shop/generation', 'text')],
    ['a list', () => redis.pipeline().del('shop/generation').rpush('shop/generation', 'a').exec()],
  ])('(%s) takes every entry, and caching goes on', async (_how, lose) => {
    const [cache, other] = [open(), open()]
    await cache.getOrLoad('k', () => 'old')
    await cache.clear()
    await cache.getOrLoad('k', () => 'old')
    await lose()

    expect(await other.get('k')).toEqual(nothing)
    expect(await other.getOrLoad('k', () => 'new')).toBe('new')
    expect(await cache.get('k')).toEqual({ found: true, value: 'new' })
  })
})

describe('a copy of a command that arrives late', () => {
  it('of a clear, or of a load that made the generation, brings nothing back', async () => {
    const cache = open()
    const monitor = await server.client().monitor()
    const sent: string[][] = []
    monitor.on('monitor', (_time: string, args: string[]) => {
      if (args[0]?.startsWith('eval') && args[3] === 'shop/generation') sent.push(args)
    })
    await cache.getOrLoad('k', () => 'old')
    await cache.clear()
    await expect.poll(() => sent.length).toBeGreaterThanOrEqual(2)
    monitor.disconnect()
    const repeat = () => Promise.all(sent.map(([command = '', ...args]) => redis.call(command, ...args)))

    await repeat()
    expect(await cache.get('k')).toEqual(nothing)
    await redis.del('shop/generation')
    await repeat()
    expect(await cache.get('k')).toEqual(nothing)
  })
})

describe('commands', () => {
  it.each([
    ['no tags', [], { mget: 1 }],
    ['one tag', ['a'], { mget: 1, hmget: 1 }],
    ['three tags', ['a', 'b', 'c'], { mget: 1, hmget: 1 }],
  ])('of a hit with %s', async (_what, tags, commands) => {
    const cache = open()
    await cache.getOrLoad('k', () => 'value', { tags })

    expect(await commandsDuring(redis, () => cache.getOrLoad('k', () => 'loaded by nobody', { tags }))).toEqual(
      commands,
    )
  })

  it('of a hit with tags that only the value tells are as many, once this process has seen it', async () => {
    const [cache, other] = [open(), open()]
    const load = () => 'value'
    await cache.getOrLoad('k', load, { tags: () => ['a'] })

    const first = await commandsDuring(redis, () => other.getOrLoad('k', load))
    const second = await commandsDuring(redis, () => other.getOrLoad('k', load))

    expect(first).toMatchObject({ hmget: 1 })
    expect(second).toEqual({ mget: 1, hmget: 1 })
  })

  it('of reads of one tick are one for all entries, and one for all tags', async () => {
    const cache = open()
    const read = (at: number) => cache.getOrLoad(`k${at}`, () => at, { tags: [`t${at % 7}`, 'all'] })
    const readAll = () => Promise.all(Array.from({ length: 100 }, (_, at) => read(at)))
    await readAll()

    expect(await commandsDuring(redis, readAll)).toEqual({ mget: 1, hmget: 1 })
  })
})

describe('what is true before a load', () => {
  it('is asked once for all loads of a tick, and again for one that begins while the answer is on its way', async () => {
    using proxy = await startFaultProxy(server)
    const client = server.client({ port: proxy.port })
    await once(client, 'ready')
    const store = new RedisStore(client, { commandTimeout: 10_000 })
    onTestFinished(() => store.close())
    const namespace = { generation: 'shop/generation', tagClock: 'shop/tags' }
    const sent = async () => Number((await redis.info('commandstats')).match(/evalsha:calls=(\d+)/)?.[1] ?? 0)
    await store.origin(namespace, true)
    await redis.config('RESETSTAT')

    proxy.blackHole('toClient')
    const [early, beside] = [store.origin(namespace, true), store.origin(namespace, true)]
    await expect.poll(sent).toBe(2) // One for the generation, one for the tags.
    await bump(redis, namespace.tagClock, ['a'], { what: 'void', ahead: 0, writer: '' })
    const late = store.origin(namespace, true)
    proxy.heal()

    const reading = async (origin: typeof early) => (await origin).tagMoment?.reading ?? NaN
    expect(await reading(beside)).toBe(await reading(early))
    expect(await reading(late)).toBeGreaterThan(await reading(early))
  })
})

describe('without Redis, with a journal', () => {
  it('a tag that is pending is not served by this process, until Redis has been told', async () => {
    const own = await startRedis()
    onTestFinished(() => own.stop())
    const cache = new CacheAside({ namespace: 'shop', redis: own.url, onUnreachable: 'journal' })
    const other = new CacheAside({ namespace: 'shop', store: new RedisStore(own.client(), { commandTimeout: 10_000 }) })
    onTestFinished(() => Promise.all([cache.close(), other.close()]).then(() => {}))
    const load = () => 'old'
    await cache.getOrLoad('k', load, { tags: () => ['a'] })
    await cache.getOrLoad('l', load)
    const replayed = new Promise((resolve) => cache.events.on('invalidate-replayed', resolve))

    own.pause()
    expect(await cache.invalidateTag('a')).toBe('pending')
    expect(await cache.clear()).toBe('pending')
    expect(await cache.getOrLoad('k', () => 'loaded', { tags: () => ['a'] })).toBe('loaded')
    expect(await cache.getOrLoad('l', () => 'loaded')).toBe('loaded')
    own.resume()
    await replayed

    expect(await other.get('k')).toEqual(nothing)
    expect(await other.get('l')).toEqual(nothing)
  })

  it('no entry with a pending tag is served though Redis answers again', async () => {
    const cache = open({ onUnreachable: 'journal' })
    await cache.getOrLoad('k', () => 'old', { tags: () => ['a'] })
    await cache.getOrLoad('l', () => 'other', { tags: ['b'] })
    await redis.acl('SETUSER', 'default', '-evalsha', '-eval')
    onTestFinished(async () => void (await redis.acl('SETUSER', 'default', '+@all')))

    expect(await cache.invalidateTag('a')).toBe('pending')

    expect(await cache.get('k')).toEqual(nothing)
    expect(await cache.getOrLoad('k', () => 'loaded')).toBe('loaded')
    expect(await cache.getOrLoad('l', () => 'loaded', { tags: ['a', 'b'] })).toBe('loaded')
    expect(await cache.get('l')).toEqual({ found: true, value: 'other' })
    await redis.acl('SETUSER', 'default', '+@all')
    await expect.poll(() => cache.stats().invalidationsReplayed).toBe(1)
    expect(await cache.get('k')).toEqual(nothing)
  })

  it('rejects by default, and names the tags', async () => {
    const cache = open()
    await redis.acl('SETUSER', 'default', '-evalsha', '-eval')
    onTestFinished(async () => void (await redis.acl('SETUSER', 'default', '+@all')))

    await expect(cache.invalidateTag(['a', 'b'])).rejects.toThrow('invalidateTag "a", "b": NOPERM')
    await expect(cache.expireTag('a')).rejects.toThrow('expireTag "a": NOPERM')
    await expect(cache.clear()).rejects.toThrow('clear: NOPERM')
    await expect(cache.mutate([], () => 'never', { tags: ['a'] })).rejects.toThrow('the write was not made')
  })
})
