import { gate, startRedis } from '@cache-aside/testkit'
import { describe, expect, it } from 'vitest'
import { CacheError, InvalidKeyError, jsonCodec, StoreError, UncacheableValueError } from '../../src/index.ts'
import { BackPressureError } from '../../src/write-behind/index.ts'
import { allWritten, heard, next, onEveryRedis, open } from './opened.ts'

onEveryRedis('put', (openStock) => {
  it('is done when the value is in the stream and in the cache', async () => {
    const { stock, cache } = openStock()

    await stock.put('k', { left: 4 })

    expect(await cache.get('k')).toEqual({ found: true, value: { left: 4 } })
    expect(await stock.stats()).toMatchObject({ put: 1, pending: 1, written: 0, active: false })
  })

  it('returns ids that sort as text in the order of the puts', async () => {
    const { stock } = openStock()
    const ids: string[] = []

    for (let n = 0; n < 30; n++) ids.push(await stock.put(`k${n}`, n))

    expect(ids).toEqual(ids.toSorted())
    expect(new Set(ids.map((id) => id.length)).size).toBe(1)
  })

  it('is refused when as many entries wait as may, and accepted again when some are written', async () => {
    const { stock } = openStock({ maxPending: 2 })
    await stock.put('a', 1)
    await stock.put('b', 2)

    const refused: unknown = await stock.put('c', 3).catch((error: unknown) => error)

    expect(refused).toBeInstanceOf(BackPressureError)
    expect(refused).toMatchObject({ pending: 2, message: expect.stringContaining('option "maxPending"') as string })
    expect(await stock.stats()).toMatchObject({ pending: 2, put: 2, refused: 1 })
    stock.start()
    await allWritten(stock)
    await stock.put('c', 3)
  })

  it('fences off a load that is under way: the old row does not get into the cache', async () => {
    const { stock, cache } = openStock()
    const source = gate<string>()
    const read = cache.getOrLoad('k', source.load)
    await source.called

    await stock.put('k', 'new')
    source.answer('old')

    expect(await read).toBe('old') // Its call overlaps the put.
    expect(await cache.get('k')).toEqual({ found: true, value: 'new' })
  })

  it('that overlaps another of its key leaves neither in the cache, and both in the stream', async () => {
    const { stock, cache } = openStock()
    const other = openStock({ cache }).stock
    await cache.get('warm')

    await Promise.all(Array.from({ length: 10 }, (_, n) => (n % 2 ? stock : other).put('k', n)))

    expect((await stock.stats()).pending).toBe(10)
    expect(await cache.get('k')).toEqual({ found: false, value: undefined })
  })
})

onEveryRedis('pending', (openStock) => {
  it('is the newest value that is not written', async () => {
    const { stock } = openStock()
    await stock.put('k', 1)
    await stock.put('k', 2)

    expect(await stock.pending('k')).toEqual({ found: true, value: 2 })
    expect(await stock.pending('other')).toEqual({ found: false, value: undefined })
  })

  it('lets a loader see a put whose cached value is gone', async () => {
    const { stock, cache } = openStock()
    const load = async () => {
      const pending = await stock.pending('k')
      return pending.found ? pending.value : 'the old row'
    }
    expect(await cache.getOrLoad('k', load)).toBe('the old row')
    await stock.put('k', 'new')

    await cache.invalidate('k')

    expect(await cache.getOrLoad('k', load)).toBe('new')
  })

  it('is nothing once it is written', async () => {
    const { stock } = openStock()
    await stock.put('k', 1)
    stock.start()
    await next(stock, 'written')

    expect(await stock.pending('k')).toEqual({ found: false, value: undefined })
  })
})

describe('put', () => {
  it('refuses what the codec refuses, and what is no key, before anything is accepted', async () => {
    await using redis = await startRedis()
    const { stock } = open({ redis: redis.url })

    await expect(stock.put('k', undefined)).rejects.toBeInstanceOf(UncacheableValueError)
    await expect(stock.put('', 1)).rejects.toBeInstanceOf(InvalidKeyError)

    expect((await stock.stats()).pending).toBe(0)
  })

  it('accepts a value that is too large to be cached, and says so', async () => {
    await using redis = await startRedis()
    const { stock } = open({ redis: redis.url, caching: { maxValueSize: 5 } })
    const errors = heard(stock, 'store-error')

    await stock.put('k', 'longer than five')

    expect(await stock.pending('k')).toEqual({ found: true, value: 'longer than five' })
    expect(errors).toMatchObject([{ operation: 'put', key: 'k', error: { code: 'UNCACHEABLE' } }])
  })

  it('rejects after close', async () => {
    await using redis = await startRedis()
    const { stock } = open({ redis: redis.url })
    await stock.close()

    const refused: unknown = await stock.put('k', 1).catch((error: unknown) => error)

    expect(refused).toBeInstanceOf(CacheError)
    expect(refused).toMatchObject({ code: 'CLOSED' })
    expect(() => stock.start()).toThrow(CacheError)
  })

  it('rejects when Redis is away, and accepts nothing', async () => {
    await using redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
    const { stock } = open({ redis: redis.url })
    await stock.put('k', 1)
    await redis.kill()

    await expect(stock.put('k', 2)).rejects.toBeInstanceOf(StoreError)
    expect(await stock.stats()).toMatchObject({ put: 1, pending: null, deadLetters: null })

    await redis.start()
    const counted = async () => (await stock.stats()).pending
    while ((await counted()) === null) await redis.cli('PING')
    expect(await counted()).toBe(1)
  })

  it('rejects when the Redis of the stream has no memory left', async () => {
    await using redis = await startRedis()
    await using full = await startRedis({ args: ['--maxmemory', '1', '--maxmemory-policy', 'noeviction'] })
    const { cache } = open({ redis: redis.url })
    const { stock } = open({ redis: full.url, cache })

    await expect(stock.put('k', 1)).rejects.toThrow(/OOM/)
  })

  it('keeps to the keyPrefix of a client that was given, and so does what writes', async () => {
    await using redis = await startRedis()
    const { stock } = open({ redis: redis.client({ keyPrefix: 'app:' }), namespace: 'shop' })
    await stock.put('k', 1)
    expect(new Set((await redis.cli('KEYS', '*')) as string[])).toEqual(
      new Set(
        ['shop:k', 'shop/generation', 'shop/write-behind:{stock}', 'shop/write-behind:{stock}:newest'].map(
          (key) => `app:${key}`,
        ),
      ),
    )

    stock.start()
    await allWritten(stock)
  })

  it('keeps what is accepted in the codec it was given', async () => {
    await using redis = await startRedis()
    const codec = {
      id: 'reversed',
      encode: (value: unknown) => Buffer.from(jsonCodec.encode(value).toReversed()),
      decode: (payload: Buffer) => jsonCodec.decode(Buffer.from(payload.toReversed())),
    }
    const { stock, cache } = open({ redis: redis.url, codec })

    await stock.put('k', [1, 2])

    expect(await stock.pending('k')).toEqual({ found: true, value: [1, 2] })
    expect(await open({ redis: redis.url, cache }).stock.pending('k')).toEqual({ found: false, value: undefined })
  })
})
