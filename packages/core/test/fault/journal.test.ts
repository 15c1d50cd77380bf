import { type RedisServer, startRedis } from '@cache-aside/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { heard, next } from '../guarantee/events-heard.ts'
import { CacheAside, type CacheOptions, StoreError } from '../../src/index.ts'

/** design §1, P7, and §5: an invalidation that Redis does not acknowledge. */
describe('with a journal', () => {
  let redis: RedisServer
  let opened: CacheAside[]

  beforeEach(async () => {
    redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
    opened = []
  })
  afterEach(async () => {
    await Promise.all(opened.map((cache) => cache.close()))
    await redis.stop()
  })

  const open = (options: Partial<CacheOptions> = {}) => {
    const cache = new CacheAside({
      namespace: 'journal',
      redis: redis.url,
      commandTimeout: '200ms',
      onUnreachable: 'journal',
      ...options,
    })
    opened.push(cache)
    return cache
  }

  it.each([
    ['killed', () => redis.kill(), () => redis.start()],
    ['frozen', async () => redis.pause(), async () => redis.resume()],
  ])('what is invalidated while Redis is %s is void once it is back', async (_how, away, back) => {
    const [writer, reader] = [open(), open()]
    await writer.getOrLoad('k', () => 'old')
    await away()
    const pending = heard(writer, 'invalidate-pending')

    expect(await writer.invalidate('k')).toBe('pending')
    expect(pending).toEqual([{ type: 'invalidate-pending', operation: 'invalidate', keys: ['k'], tags: [] }])
    const replayed = next(writer, 'invalidate-replayed')
    await back()

    expect(await replayed).toMatchObject({ count: 1, overflowed: false })
    expect(await reader.getOrLoad('k', () => 'new')).toBe('new')
    expect(writer.stats()).toMatchObject({ invalidationsReplayed: 1, invalidationsLost: 0 })
  })

  it.each(['expire', 'mutate', 'writeThrough'] as const)(
    'a %s is pending too, and what it writes is written',
    async (by) => {
      const [writer, reader] = [open(), open()]
      await writer.getOrLoad('k', () => 'old')
      await redis.kill()

      if (by === 'expire') expect(await writer.expire('k')).toBe('pending')
      else expect(await writer[by]('k', () => 'written')).toBe('written')
      const replayed = next(writer, 'invalidate-replayed')
      await redis.start()
      await replayed

      expect(await reader.getOrLoad('k', () => 'new')).toBe('new')
    },
  )

  it('nothing pending is read from the cache by its own process, though Redis is back', async () => {
    const writer = open()
    await writer.getOrLoad('k', () => 'old')
    await redis.kill()
    await writer.invalidate('k')

    const replays = heard(writer, 'invalidate-replayed')
    await redis.start()
    let version = 0
    while (replays.length === 0) {
      expect(await writer.getOrLoad('k', () => `new ${++version}`)).toBe(`new ${version}`)
      await redis.cli('PING') // The client needs a turn of the event loop to connect again.
    }
  })

  it('what cannot be sent before the cache is closed is lost, and said to be', async () => {
    const writer = open()
    await writer.getOrLoad('k', () => 'old')
    await redis.kill()
    await writer.invalidate(['k', 'l'])
    const lost = next(writer, 'invalidate-lost')

    await writer.close()

    expect(await lost).toEqual({ type: 'invalidate-lost', count: 2, overflowed: false })
    expect(writer.stats().invalidationsLost).toBe(2)
  })

  it('more than it can hold becomes a clear of the namespace, and of no other', async () => {
    const [writer, reader, neighbour] = [open(), open(), open({ namespace: 'journal2' })]
    await Promise.all([writer.getOrLoad('k0', () => 'old'), neighbour.getOrLoad('k0', () => 'kept')])
    await redis.kill()
    await writer.invalidate(Array.from({ length: 10_001 }, (_, index) => `k${index}`))
    expect(await writer.getOrLoad('never named', () => 'loaded')).toBe('loaded')

    const replayed = next(writer, 'invalidate-replayed')
    const recovered = next(neighbour, 'recovered')
    await redis.start()
    await recovered

    expect(await replayed).toMatchObject({ overflowed: true })
    expect(await reader.getOrLoad('k0', () => 'new')).toBe('new')
    expect(await neighbour.get('k0')).toEqual({ found: true, value: 'kept' })
  })
})

describe('without a journal', () => {
  it('an invalidation, an expiry and a write behind a barrier reject, and the write is not made', async () => {
    await using redis = await startRedis()
    const cache = new CacheAside({ namespace: 'reject', redis: redis.url, commandTimeout: '200ms' })
    await cache.connect()
    await redis.kill()
    let written = false

    await expect(cache.invalidate('k')).rejects.toBeInstanceOf(StoreError)
    await expect(cache.expire('k')).rejects.toBeInstanceOf(StoreError)
    await expect(cache.mutate('k', () => (written = true))).rejects.toThrow('the write was not made')

    expect(written).toBe(false)
    await cache.close()
  })
})
