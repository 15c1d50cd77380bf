import { expect, describe, it, onTestFinished } from 'vitest'
import { CacheAside, type CacheOptions } from '../../src/index.ts'
import { ToldStore } from './told-store.ts'

/** design §4: what a near cache may keep and serve, by what it has been told. Nothing is told here but by the test. */
describe('a near cache', () => {
  const open = (options: Partial<CacheOptions> = {}) => {
    const store = new ToldStore()
    const cache = new CacheAside({ namespace: 'shop', store, near: true, ...options })
    onTestFinished(() => cache.close())
    return { store, cache }
  }
  /** Whether the near cache serves the key. */
  const isNear = async (cache: CacheAside, options?: object) => {
    const { nearHits } = cache.stats()
    await cache.get('k', options)
    return cache.stats().nearHits > nearHits
  }
  /** Loads, and reads once: kept. */
  const keep = async (cache: CacheAside, value: unknown = 'old', options: object = {}) => {
    await cache.getOrLoad('k', () => value, options)
    await cache.get('k', options)
  }

  it('keeps nothing of a read during which its key, the namespace or the connection has changed', async () => {
    const changes = ['changed', 'cleared', 'flushed', 'voided here'] as const
    for (const change of changes) {
      const { store, cache } = open()
      await cache.getOrLoad('k', () => 'old')
      const release = store.hold()
      const reading = cache.get('k')
      if (change === 'changed') store.tell?.changed(['shop:k'])
      if (change === 'cleared') store.tell?.changed(['shop/generation'])
      if (change === 'flushed') store.tell?.lost('flushed')
      if (change === 'voided here') await cache.invalidate('k')
      release()
      expect(await reading).toEqual({ found: true, value: 'old' })

      expect([change, cache.stats().nearEntries]).toEqual([change, 0])
    }
  })

  it('keeps nothing of a read that began before changes were heard', async () => {
    const { store, cache } = open()
    await cache.getOrLoad('k', () => 'old')
    store.behind = Number.POSITIVE_INFINITY
    const release = store.hold()
    const reading = cache.get('k')
    store.behind = 0
    release()
    await reading

    expect(cache.stats().nearEntries).toBe(0)
  })

  it('keeps what a later read brings while an earlier one, which is void, ends', async () => {
    const { store, cache } = open()
    await cache.getOrLoad('k', () => 'value')
    const releaseFirst = store.hold()
    const first = cache.get('k')
    store.tell?.changed(['shop:k'])
    const releaseSecond = store.hold()
    const second = cache.get('k')
    releaseFirst()
    await first
    releaseSecond()
    await second

    expect(await isNear(cache)).toBe(true)
  })

  it('has no value with a tag that only the value tells, once tags have changed, and keeps it again', async () => {
    const { store, cache } = open()
    const options = { tags: () => ['t'] }
    await keep(cache, 'value', options)
    expect(await isNear(cache)).toBe(true)

    store.tell?.changed(['shop/tags'])

    expect(await isNear(cache)).toBe(false)
    expect(await isNear(cache)).toBe(true)
  })

  it('keeps nothing with tags of a read during which tags have changed', async () => {
    const { store, cache } = open()
    await cache.getOrLoad('k', () => 'old', { tags: ['t'] })
    const release = store.hold()
    const reading = cache.get('k')
    store.tell?.changed(['shop/tags'])
    release()
    await reading

    expect(await isNear(cache)).toBe(false)
  })

  it('has nothing that this process voids, before it is told so', async () => {
    const options = { tags: ['t'] }
    const voids: Record<string, (cache: CacheAside) => Promise<unknown>> = {
      invalidate: (cache) => cache.invalidate('k'),
      expire: (cache) => cache.expire('k'),
      set: (cache) => cache.set('k', 'set'),
      mutate: (cache) => cache.mutate('k', () => undefined),
      'mutate, from its barrier on': (cache) =>
        cache.mutate('k', async () => expect(await cache.getOrLoad('k', () => 'new', options)).toBe('new')),
      'mutate of a tag, from its barrier on': (cache) =>
        cache.mutate([], async () => expect(await cache.getOrLoad('k', () => 'new', options)).toBe('new'), options),
      writeThrough: (cache) => cache.writeThrough('k', () => 'written'),
      invalidateTag: (cache) => cache.invalidateTag('t'),
      expireTag: (cache) => cache.expireTag('t'),
      invalidatePattern: (cache) => cache.invalidatePattern('k*'),
      clear: (cache) => cache.clear(),
    }
    for (const [call, voiding] of Object.entries(voids)) {
      const { cache } = open()
      await keep(cache, 'old', options)
      expect([call, await isNear(cache, options)]).toEqual([call, true])

      await voiding(cache)

      expect([call, await isNear(cache, options)]).toEqual([call, false])
    }
  })

  it('has nothing that this process tried to void', async () => {
    const { store, cache } = open()
    await keep(cache)
    store.fails = true

    await expect(cache.invalidate('k')).rejects.toThrow('no answer')

    expect(await isNear(cache)).toBe(false)
  })

  it('has nothing that is to be voided as soon as that is possible', async () => {
    const { store, cache } = open({ onUnreachable: 'journal' })
    await keep(cache)
    store.fails = true
    expect(await cache.invalidate('k')).toBe('pending')

    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
  })

  it('holds nothing that has expired by call', async () => {
    const { cache } = open({ failSafe: '1h' })
    await keep(cache)
    await cache.expire('k')
    const failing = () => {
      throw new Error('no database')
    }
    expect(await cache.getOrLoad('k', failing)).toBe('old')

    expect(cache.stats().nearEntries).toBe(0)
  })
})
