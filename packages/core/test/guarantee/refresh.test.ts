import { gate } from '@cache-aside/testkit'
import { expect, it } from 'vitest'
import { heard, next } from './events-heard.ts'
import { LateClock } from './late-clock.ts'
import { onEveryStore } from './on-every-store.ts'

const second = 1_000
/** What is loaded after it is fresh, though the clock of its readers is late. */
const brief = { ttl: '1s' }

/** Served by time, refreshed behind: design §2; RFC 5861. */
onEveryStore('stale-while-revalidate', ({ open }) => {
  const options = { ttl: '10s', staleWhileRevalidate: '1m', jitter: 0, earlyRefresh: 0 } as const

  it('serves what is stale at once, and refreshes it behind', async () => {
    const clock = new LateClock()
    const cache = open(options, clock.wrap)
    await cache.getOrLoad('k', () => 'old', brief)
    clock.pass(2 * second)
    const source = gate<string>()

    expect(await cache.getOrLoadEntry('k', source.load)).toEqual({ value: 'old', stale: 'revalidating' })
    await source.called
    const filled = next(cache, 'fill')
    source.answer('new')

    expect(await filled).toMatchObject({ accepted: true })
    expect(await cache.get('k')).toMatchObject({ value: 'new' })
  })

  it('refreshes once, whoever reads in whatever process', async () => {
    const clock = new LateClock()
    const caches = [open(options, clock.wrap), open(options, clock.wrap), open(options, clock.wrap)] as const
    await caches[0].getOrLoad('k', () => 'old', brief)
    clock.pass(2 * second)
    const source = gate<string>()
    const filled = caches.map((cache) => next(cache, 'fill'))

    const first = await Promise.all(caches.map((cache) => cache.getOrLoad('k', source.load)))
    await source.called
    const later = await Promise.all(caches.flatMap((cache) => [1, 2, 3].map(() => cache.getOrLoad('k', source.load))))
    source.answer('new')
    await Promise.race(filled)

    expect([...first, ...later].every((value) => value === 'old')).toBe(true)
    expect(source.calls).toBe(1)
  })

  it('never serves what was invalidated', async () => {
    const clock = new LateClock()
    const [cache, other] = [open(options, clock.wrap), open(options, clock.wrap)]
    await cache.getOrLoad('k', () => 'old', brief)
    clock.pass(2 * second)
    await other.invalidate('k')

    expect(await cache.getOrLoadEntry('k', () => 'new')).toEqual({ value: 'new', stale: undefined })
  })

  it('does not fill what it began to load before an invalidation', async () => {
    const clock = new LateClock()
    const [cache, other] = [open(options, clock.wrap), open(options, clock.wrap)]
    await cache.getOrLoad('k', () => 'old', brief)
    clock.pass(2 * second)
    const source = gate<string>()
    await cache.getOrLoad('k', source.load)
    await source.called

    await other.invalidate('k')
    const filled = next(cache, 'fill')
    source.answer('old too')

    expect(await filled).toMatchObject({ accepted: false })
    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
  })

  it('does not fill over what was loaded after the invalidation', async () => {
    const clock = new LateClock()
    const [cache, other] = [open(options, clock.wrap), open(options, clock.wrap)]
    await cache.getOrLoad('k', () => 'old', brief)
    clock.pass(2 * second)
    const source = gate<string>()
    await cache.getOrLoad('k', source.load)
    await source.called

    await other.invalidate('k')
    await other.getOrLoad('k', () => 'new')
    const filled = next(cache, 'fill')
    source.answer('old too')
    await filled

    expect(await cache.get('k')).toMatchObject({ value: 'new' })
  })

  it('waits for a load where the window is over', async () => {
    const clock = new LateClock()
    const cache = open(options, clock.wrap)
    await cache.getOrLoad('k', () => 'old', { ...brief, failSafe: '1h' })
    clock.pass(62 * second)

    expect(await cache.getOrLoadEntry('k', () => 'new')).toEqual({ value: 'new', stale: undefined })
  })

  it('lets a reader whose value is over join the refresh that is under way', async () => {
    const clock = new LateClock()
    const cache = open(options, clock.wrap)
    await cache.getOrLoad('k', () => 'old', brief)
    clock.pass(2 * second)
    const source = gate<string>()
    await cache.getOrLoad('k', source.load)
    await source.called

    const missed = next(cache, 'miss')
    const strict = cache.getOrLoad('k', source.load, { staleWhileRevalidate: 0 })
    await missed
    source.answer('new')

    expect(await strict).toBe('new')
    expect(source.calls).toBe(1)
  })

  it('lets another process wait for the refresh rather than load beside it', async () => {
    const clock = new LateClock()
    const [cache, other] = [open(options, clock.wrap), open({ ...options, staleWhileRevalidate: 0 }, clock.wrap)]
    await cache.getOrLoad('k', () => 'old', brief)
    clock.pass(2 * second)
    const source = gate<string>()
    await cache.getOrLoad('k', source.load)
    await source.called

    const missed = next(other, 'miss')
    const strict = other.getOrLoad('k', () => 'loaded beside it')
    await missed
    source.answer('new')

    expect(await strict).toBe('new')
  })

  it('keeps the value while its refresh fails, and puts the next one off', async () => {
    const clock = new LateClock()
    const cache = open(options, clock.wrap)
    await cache.getOrLoad('k', () => 'old', brief)
    clock.pass(2 * second)
    const failed = next(cache, 'load-error')
    await cache.getOrLoad('k', () => Promise.reject(new Error('no database')))
    await failed
    await cache.get('k') // The store has been told.

    const refreshes = heard(cache, 'refresh')
    expect(await cache.getOrLoad('k', () => 'new')).toBe('old')
    expect(refreshes).toEqual([])

    clock.pass(6 * second)
    expect(await cache.getOrLoad('k', () => 'new')).toBe('old')
    expect(refreshes).toHaveLength(1)
  })

  it('is not for a "does not exist"', async () => {
    const clock = new LateClock()
    const cache = open(options, clock.wrap)
    await cache.getOrLoad('k', () => null, { ttl: '1s', negativeTtl: '1s' })
    clock.pass(2 * second)

    expect(await cache.getOrLoadEntry('k', () => 'it does')).toEqual({ value: 'it does', stale: undefined })
  })
})

onEveryStore('an early refresh', ({ open }) => {
  it('comes after the share of the TTL that was set', async () => {
    const clock = new LateClock()
    const cache = open({ ttl: '10s', jitter: 0, earlyRefresh: 0, earlyRefreshAt: 0.8 }, clock.wrap)
    await cache.getOrLoad('k', () => 'old')

    const refreshes = heard(cache, 'refresh')
    clock.pass(7 * second)
    await cache.getOrLoad('k', () => 'new')
    expect(refreshes).toEqual([])

    clock.pass(2 * second)
    const filled = next(cache, 'fill')
    expect(await cache.getOrLoadEntry('k', () => 'new')).toEqual({ value: 'old', stale: undefined })
    await filled

    expect(await cache.get('k')).toMatchObject({ value: 'new' })
  })

  it('comes the earlier, the longer the load took', async () => {
    const clock = new LateClock()
    let now = 0
    const stopwatch = { now: () => now, wall: () => 0, after: () => () => {} }
    const cache = open({ ttl: '10m', jitter: 0, earlyRefresh: 1_000_000 }, clock.wrap, stopwatch)
    await cache.getOrLoad('cheap', () => 'value')
    await cache.getOrLoad('dear', () => {
      now += 600_000
      return 'value'
    })

    const refreshes = heard(cache, 'refresh')
    await cache.getOrLoad('cheap', () => 'value')
    await cache.getOrLoad('dear', () => 'value')

    expect(refreshes).toEqual([{ type: 'refresh', key: 'dear' }])
  })
})

onEveryStore('a loader that finds its value unchanged', ({ open }) => {
  const options = { ttl: '10s', failSafe: '1h', jitter: 0, earlyRefresh: 0 } as const

  it('is given the stale value and its etag, and renews it', async () => {
    const clock = new LateClock()
    const cache = open(options, clock.wrap)
    await cache.getOrLoad('k', ({ setEtag }) => {
      setEtag('"v1, ok"\n')
      return { name: 'Ada' }
    })
    clock.pass(11 * second)
    const renewed = next(cache, 'renew')
    const given: unknown[] = []

    const value = await cache.getOrLoad('k', ({ stale, notModified }) => {
      given.push(stale)
      return notModified()
    })

    expect(value).toEqual({ name: 'Ada' })
    expect(given).toEqual([{ value: { name: 'Ada' }, etag: '"v1, ok"\n' }])
    expect(await renewed).toMatchObject({ accepted: true })
    clock.pass(-11 * second)
    expect(await cache.getOrLoad('k', () => 'another')).toEqual({ name: 'Ada' })
  })

  it('does not renew what was invalidated meanwhile', async () => {
    const clock = new LateClock()
    const [cache, other] = [open(options, clock.wrap), open(options, clock.wrap)]
    await cache.getOrLoad('k', () => 'old')
    clock.pass(11 * second)

    const value = await cache.getOrLoad('k', async ({ notModified }) => {
      await other.invalidate('k')
      return notModified()
    })

    expect(value).toBe('old') // Its call overlaps the invalidation.
    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
  })

  it.each(['\ud800', 'x'.repeat(1_025), 5 as unknown as string])(
    'is refused an etag that cannot be kept: %o',
    async (etag) => {
      const cache = open(options)

      const reading = cache.getOrLoad('k', ({ setEtag }) => setEtag(etag))

      await expect(reading).rejects.toThrow('option "setEtag": expected well-formed text of at most 1024 characters')
      expect(await cache.getOrLoad('k', () => 'value')).toBe('value')
    },
  )

  it('has an error without a stale value', async () => {
    await expect(open().getOrLoad('k', ({ notModified }) => notModified())).rejects.toThrow(
      'load "k": notModified() without a stale value',
    )
  })

  it('keeps the etag for the load after that', async () => {
    const clock = new LateClock()
    const cache = open(options, clock.wrap)
    await cache.getOrLoad('k', ({ setEtag }) => {
      setEtag('v1')
      return 'value'
    })
    const etags: unknown[] = []
    for (let load = 0; load < 2; load++) {
      clock.pass(11 * second)
      await cache.getOrLoad('k', ({ stale, notModified }) => {
        etags.push(stale?.etag)
        return notModified()
      })
    }

    expect(etags).toEqual(['v1', 'v1'])
  })
})
