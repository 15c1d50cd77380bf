import { type RedisServer, startFaultProxy, startRedis, startRedisCluster } from '@cache-aside/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import {
  CacheAside,
  type CacheOptions,
  type Codec,
  defineCache,
  jsonCodec,
  MemoryStore,
  v8Codec,
} from '../../src/index.ts'
import { keepNear, next, openNear } from './opened.ts'

/** design §4; P1 and P2 of docs/guarantees.md. */
describe('a near cache', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())
  beforeEach(async () => {
    const client = redis.client()
    await client.flushall()
    await client.quit()
  })

  const commandsDuring = async (act: () => Promise<unknown>): Promise<number> => {
    const client = redis.client()
    const calls = async () => {
      const stats = await client.info('commandstats')
      const counted = [...stats.matchAll(/cmdstat_(\w+)[^:]*:calls=(\d+)/g)]
      return counted.reduce((sum, [, name, count]) => sum + (name === 'ping' || name === 'info' ? 0 : Number(count)), 0)
    }
    const before = await calls()
    await act()
    const sent = (await calls()) - before
    await client.quit()
    return sent
  }

  it('serves a value again without a command, and counts and tells so', async () => {
    const { cache, heard } = await openNear(redis)
    await keepNear(cache, 'k', () => 'value')

    const { hits, nearHits } = cache.stats()
    const sent = await commandsDuring(async () => {
      for (let read = 0; read < 100; read++) expect(await cache.getOrLoad('k', () => 'other')).toBe('value')
      expect(await cache.get('k')).toEqual({ found: true, value: 'value' })
      expect(await cache.getOrLoadEntry('k', () => 'other')).toEqual({ value: 'value', stale: undefined })
      expect(await cache.getOrLoadMany(['k'], () => ['other'])).toEqual(new Map([['k', 'value']]))
    })

    expect(sent).toBe(0)
    expect(cache.stats()).toMatchObject({ hits: hits + 103, nearHits: nearHits + 103, nearEntries: 1 })
    expect(heard.at(-1)).toEqual({ type: 'hit', key: 'k', near: true })
  })

  it('is passed by where a call says so, which leaves nothing in it', async () => {
    const { cache } = await openNear(redis)
    await cache.getOrLoad('k', () => 'value', { near: false })
    for (let read = 0; read < 3; read++) await cache.getOrLoad('k', () => 'other', { near: false })
    expect(cache.stats()).toMatchObject({ nearHits: 0, nearEntries: 0 })

    await keepNear(cache, 'k', () => 'other')
    expect(await commandsDuring(() => cache.getOrLoad('k', () => 'other', { near: false }))).toBe(1)
  })

  it('has no value of this process any more once a call that voids it has resolved', async () => {
    const { cache } = await openNear(redis)
    const voids: Record<string, () => Promise<unknown>> = {
      invalidate: () => cache.invalidate('k'),
      expire: () => cache.expire('k'),
      set: () => cache.set('k', 'set'),
      mutate: () => cache.mutate('k', () => undefined),
      writeThrough: () => cache.writeThrough('k', () => 'written'),
      invalidateTag: () => cache.invalidateTag('t'),
      expireTag: () => cache.expireTag('t'),
      'mutate of a tag': () => cache.mutate([], () => undefined, { tags: ['t'] }),
      invalidatePattern: () => cache.invalidatePattern('k*'),
      clear: () => cache.clear(),
    }
    for (const [call, voiding] of Object.entries(voids)) {
      await keepNear(cache, 'k', () => 'old', { tags: ['t'] })
      await voiding()
      const { nearHits } = cache.stats()
      expect([call, await cache.getOrLoad('k', () => 'new', { tags: ['t'] })]).not.toEqual([call, 'old'])
      expect([call, cache.stats().nearHits]).toEqual([call, nearHits])
      await cache.invalidate('k')
    }
  })

  it('hears what another process voids, by key, by tag and all at once', async () => {
    const { cache } = await openNear(redis)
    const other = new CacheAside({ namespace: 'shop', redis: redis.url })
    onTestFinished(() => other.close())
    const tags = ['t']
    const voids = [
      () => other.invalidate('k'),
      () => other.set('k', 'theirs'),
      () => other.invalidateTag('t'),
      () => other.clear(),
      () => other.mutate('k', () => undefined),
      () => other.invalidatePattern('*'),
    ]
    for (const voiding of voids) {
      await keepNear(cache, 'k', () => 'old', { tags })
      await voiding()
      await expect
        .poll(async () => {
          const { nearHits } = cache.stats()
          await cache.get('k', { tags })
          return cache.stats().nearHits - nearHits
        })
        .toBe(0)
      await other.invalidate('k')
    }
  })

  it('keeps what has tags while others load what has tags', async () => {
    const { cache } = await openNear(redis)
    const other = new CacheAside({ namespace: 'shop', redis: redis.url })
    onTestFinished(() => other.close())
    await keepNear(cache, 'k', () => 'value', { tags: ['t'] })

    for (let key = 0; key < 5; key++) await other.getOrLoad(`theirs:${key}`, () => 'value', { tags: ['t', 'u'] })
    await other.invalidate('theirs:0', { scope: 'everywhere' }) // What was changed before has been told.

    const { nearHits } = cache.stats()
    expect(await cache.get('k', { tags: ['t'] })).toEqual({ found: true, value: 'value' })
    expect(cache.stats().nearHits).toBe(nearHits + 1)
  })

  it('has nothing for a reader who goes by tags that the one before did not', async () => {
    const { cache } = await openNear(redis)
    await keepNear(cache, 'k', () => 'untagged')
    await cache.invalidateTag('t')

    expect(await cache.getOrLoad('k', () => 'tagged', { tags: ['t'] })).toBe('tagged')
  })

  it('serves nothing where changes may be unheard for longer than nearLag, and hears again by itself', async () => {
    const proxy = await startFaultProxy({ port: redis.port })
    onTestFinished(() => proxy.close())
    const { cache } = await openNear(`redis://127.0.0.1:${proxy.port}`)
    await keepNear(cache, 'k', () => 'value')

    const lost = next(cache, 'tracking-lost')
    const on = next(cache, 'tracking-on')
    proxy.cut()
    await lost
    expect(cache.stats()).toMatchObject({ nearEntries: 0 })
    await on
    await keepNear(cache, 'k', () => 'value')
  })

  it('is emptied when the server is flushed, and goes on', async () => {
    const { cache, heard } = await openNear(redis)
    await keepNear(cache, 'k', () => 'value')
    const client = redis.client()
    const on = next(cache, 'tracking-on')

    await client.flushall()
    await on

    expect(heard.filter(({ type }) => type !== 'hit').map(({ type }) => type)).toEqual([
      'tracking-on',
      'tracking-lost',
      'tracking-on',
    ])
    expect(await cache.getOrLoad('k', () => 'other')).toBe('other')
    await client.quit()
  })

  it('is off where the server does not allow it, which is told once', async () => {
    const client = redis.client()
    await client.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking')
    const cache = new CacheAside({ namespace: 'shop', redis: `redis://app:secret@127.0.0.1:${redis.port}`, near: true })
    onTestFinished(() => cache.close())
    const refused: unknown[] = []
    cache.events.on('tracking-refused', (event) => refused.push(event))
    const told = next(cache, 'tracking-refused')

    await cache.getOrLoad('k', () => 'value')
    await told
    for (let read = 0; read < 5; read++) expect(await cache.getOrLoad('k', () => 'other')).toBe('value')

    expect(cache.stats().nearHits).toBe(0)
    expect(refused).toHaveLength(1)
    expect(String(refused)).not.toContain('secret')
    await client.call('ACL', 'DELUSER', 'app')
    await client.quit()
  })

  it('keeps a negative, and what a definition reads', async () => {
    const { cache } = await openNear(redis)
    const products = defineCache({
      name: 'product',
      key: (id: number) => id,
      load: async (id: number) => (id === 1 ? { id } : null),
    }).bind(cache)
    await expect
      .poll(async () => [await products.get(1), await products.get(2), cache.stats().nearHits > 3])
      .toEqual([{ id: 1 }, null, true])
    expect(await commandsDuring(() => Promise.all([products.get(1), products.get(2)]))).toBe(0)
  })

  it('serves a value no longer than it is fresh', async () => {
    const { cache } = await openNear(redis)
    let loads = 0
    const load = () => ++loads
    await expect
      .poll(() => cache.getOrLoad('k', load, { ttl: 100, jitter: 0, earlyRefresh: 0 }), { interval: 5 })
      .toBeGreaterThan(2)
    expect(cache.stats().nearHits).toBeGreaterThan(0)
  })

  it('has a value refreshed early, as Redis would', async () => {
    const { cache } = await openNear(redis)
    let loads = 0
    const load = () => ++loads
    const options = { ttl: '1h', jitter: 0, earlyRefresh: 0, earlyRefreshAt: 0.000_01 } as const // After 36 ms.
    await cache.getOrLoad('k', load, options)
    await expect.poll(() => cache.getOrLoad('k', load, options), { interval: 5 }).toBeGreaterThan(2)
  })

  it('gives each caller a copy of its own, whatever the codec', async () => {
    for (const codec of [undefined, v8Codec]) {
      const { cache } = await openNear(redis, { namespace: codec ? 'v8' : 'json', ...(codec && { codec }) })
      await keepNear(cache, 'k', () => ({ list: [{ deep: 1 }] }))

      const first = await cache.getOrLoad('k', () => ({ list: [{ deep: 0 }] }))
      first.list[0] = { deep: 9 }
      first.list.push({ deep: 9 })

      expect(await cache.getOrLoad('k', () => ({ list: [{ deep: 0 }] }))).toEqual({ list: [{ deep: 1 }] })
    }
  })

  it('shares one frozen value where it is told to, and freezes the others too', async () => {
    const { cache } = await openNear(redis, { near: { values: 'frozen' } })
    const loaded = await cache.getOrLoad('k', () => ({ list: [{ deep: 1 }] }))
    expect(Object.isFrozen(loaded.list[0])).toBe(true)
    await keepNear(cache, 'k', () => ({ list: [{ deep: 1 }] }))

    const [first, second] = [await cache.get<object>('k'), await cache.get<object>('k')]

    expect(first.value).toBe(second.value)
    expect(Object.isFrozen(first.value)).toBe(true)
  })

  it('copies what cannot be frozen', async () => {
    const { cache } = await openNear(redis, { near: { values: 'frozen' }, codec: v8Codec })
    await keepNear(cache, 'k', () => ({ seen: new Map([['a', 1]]) }))

    const first = await cache.getOrLoad('k', () => ({ seen: new Map<string, number>() }))
    first.seen.set('a', 9)

    expect(await cache.getOrLoad('k', () => ({ seen: new Map<string, number>() }))).toEqual({
      seen: new Map([['a', 1]]),
    })
  })

  it('holds so many entries and bytes', async () => {
    const { cache } = await openNear(redis, { near: { entries: 3 } })
    for (let key = 0; key < 10; key++) await keepNear(cache, `k${key}`, () => 'value')
    expect(cache.stats().nearEntries).toBe(3)

    const { cache: small } = await openNear(redis, { near: { bytes: 2_000 } })
    for (let key = 0; key < 10; key++) await keepNear(small, `k${key}`, () => 'value')
    for (let read = 0; read < 5; read++) await small.getOrLoad('large', () => 'x'.repeat(3_000))
    expect(small.stats().nearBytes).toBeLessThanOrEqual(2_000)
    expect(small.stats().nearHits).toBeGreaterThan(0)
  })

  it('hears keys behind the prefix of a client', async () => {
    const client = new Redis(redis.url, { keyPrefix: 'app:' })
    const { cache } = await openNear(client)
    const other = new CacheAside({ namespace: 'shop', redis: client })
    await keepNear(cache, 'k', () => 'old')

    await other.invalidate('k', { scope: 'everywhere' })

    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
    await cache.close()
    client.disconnect()
  })

  it('leaves the client as it was', async () => {
    const client = new Redis(redis.url)
    const listeners = client.getMaxListeners()
    const { cache } = await openNear(client)
    expect(client.getMaxListeners()).toBe(listeners + 1)

    await cache.close()

    expect(client.getMaxListeners()).toBe(listeners)
    client.disconnect()
  })

  it('hears every master of a cluster', async () => {
    await using cluster = await startRedisCluster()
    const client = cluster.client({ keyPrefix: 'app:' })
    const { cache } = await openNear(client)
    const other = new CacheAside({ namespace: 'shop', redis: client })
    const keys = Array.from({ length: 12 }, (_, key) => `k${key}`)
    for (const key of keys) await keepNear(cache, key, () => 'old', { tags: ['t'] })
    const read = () => Promise.all(keys.map((key) => cache.getOrLoad(key, () => 'new', { tags: ['t'] })))

    await other.invalidate(keys.slice(0, 6), { scope: 'everywhere' })
    expect(await read()).toEqual(keys.map((_, key) => (key < 6 ? 'new' : 'old')))

    await other.invalidateTag('t', { scope: 'everywhere' })
    expect(await read()).toEqual(keys.map(() => 'new'))
    await cache.close()
  })

  it('is told by a memory store at once', async () => {
    const store = new MemoryStore()
    const [cache, other] = [0, 1].map(() => new CacheAside({ namespace: 'shop', store, near: true })) as [
      CacheAside,
      CacheAside,
    ]
    await keepNear(cache, 'k', () => 'old', { tags: ['t'] })

    await other.invalidate('k')
    expect(await cache.getOrLoad('k', () => 'new', { tags: ['t'] })).toBe('new')
    await keepNear(cache, 'k', () => 'newer', { tags: ['t'] })
    await other.invalidateTag('t')
    expect(await cache.getOrLoad('k', () => 'newest', { tags: ['t'] })).toBe('newest')
  })
})

describe('what a near cache hands out', () => {
  const opened = (options: Partial<CacheOptions> = {}) => {
    const cache = new CacheAside({
      namespace: 'shop',
      store: new MemoryStore(),
      near: true,
      ...options,
    })
    onTestFinished(() => cache.close())
    return cache
  }

  it('is made by the codec of who reads, though two have one name', async () => {
    const cache = opened()
    const dates: Codec = { ...jsonCodec, decode: (payload) => new Date(JSON.parse(payload.toString()) as string) }
    await keepNear(cache, 'k', () => '2026-01-01T00:00:00.000Z')

    for (let read = 0; read < 3; read++)
      expect((await cache.get('k', { codec: dates })).value).toEqual(new Date('2026-01-01'))
  })

  it('is frozen by the codec of a call too, wherever it comes from', async () => {
    const cache = opened({ near: { values: 'frozen' } })
    const codec: Codec = { id: 'mine', encode: jsonCodec.encode, decode: jsonCodec.decode }
    const isFrozen = async () => Object.isFrozen(await cache.getOrLoad('k', () => ({ a: 1 }), { codec }))

    expect([await isFrozen(), await isFrozen(), await isFrozen()]).toEqual([true, true, true])
  })

  it('is not shared where a part of it can be changed', async () => {
    const codec: Codec = {
      id: 'shallow',
      encode: jsonCodec.encode,
      decode: (payload) => Object.freeze({ list: JSON.parse(payload.toString()) as number[], seen: new Map([[1, 1]]) }),
    }
    const cache = opened({ near: { values: 'frozen' }, codec })
    await keepNear(cache, 'k', () => [1])

    const read = async () => (await cache.get<{ list: number[]; seen: Map<number, number> }>('k')).value
    ;(await read())?.seen.set(1, 666)

    expect((await read())?.seen.get(1)).toBe(1)
  })

  it('is not what the loader is shown that refreshes it', async () => {
    const cache = opened()
    const options = { earlyRefreshAt: 0.000_001, jitter: 0, tags: (value: { tag: string }) => [value.tag] }
    await cache.getOrLoad('k', () => ({ tag: 'own' }), options)
    const shown: unknown[] = []
    await expect
      .poll(async () => {
        const value = await cache.getOrLoad(
          'k',
          ({ stale, notModified }) => {
            shown.push(stale?.value)
            return notModified()
          },
          options,
        )
        Object.assign(value, { tag: 'changed by its caller' })
        return shown.length
      })
      .toBeGreaterThan(2)

    expect(new Set(shown.map((value) => JSON.stringify(value)))).toEqual(new Set(['{"tag":"own"}']))
  })

  it('is refreshed where it is due, though its codec refuses what it has decoded', async () => {
    class Row {
      readonly id = 1
    }
    const encode = (value: unknown) => {
      if (!(value instanceof Row)) throw new TypeError('no Row')
      return jsonCodec.encode(value)
    }
    const cache = opened({ codec: { ...jsonCodec, id: 'row', encode } })
    await keepNear(cache, 'k', () => new Row())

    expect(await cache.getOrLoad('k', () => new Row(), { earlyRefreshAt: 1e-9 })).toEqual({ id: 1 })
  })

  it('may be read by who is told that changes are heard', async () => {
    const cache = opened()
    const reads: Promise<unknown>[] = []
    cache.events.on('tracking-on', () => reads.push(cache.get('k')))

    await cache.getOrLoad('k', () => 'value')
    await expect.poll(() => reads.length).toBe(1)
    await reads[0]
  })
})
