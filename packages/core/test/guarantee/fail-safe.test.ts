import { gate } from '@cache-aside/testkit'
import { expect, it } from 'vitest'
import { LoadTimeoutError } from '../../src/errors.ts'
import { heard, next } from './events-heard.ts'
import { LateClock } from './late-clock.ts'
import { ManualClock } from '../manual-clock.ts'
import { onEveryStore } from './on-every-store.ts'

const broken = () => Promise.reject(new Error('no database'))
const options = { ttl: '10s', failSafe: '1h', jitter: 0, earlyRefresh: 0 } as const

onEveryStore('fail-safe', ({ open }) => {
  const openStale = async (more: object = {}) => {
    const clock = new LateClock()
    const cache = open({ ...options, ...more }, clock.wrap)
    await cache.getOrLoad('k', () => 'old', { ttl: '1s' })
    clock.pass(2_000)
    return { cache, clock }
  }

  it('serves what is stale when the loader fails, and says so', async () => {
    const { cache } = await openStale()
    const stale = heard(cache, 'stale')

    expect(await cache.getOrLoadEntry('k', broken)).toEqual({ value: 'old', stale: 'load-failed' })
    expect(stale).toEqual([{ type: 'stale', key: 'k', reason: 'load-failed' }])
  })

  it('serves it to all who waited for that load', async () => {
    const { cache } = await openStale()
    const source = gate<string>()
    const reads = Array.from({ length: 10 }, () => cache.getOrLoad('k', source.load))
    await source.called
    source.fail(new Error('no database'))

    expect(await Promise.all(reads)).toEqual(Array.from({ length: 10 }, () => 'old'))
    expect(source.calls).toBe(1)
  })

  it('does not ask the loader again for a while, in any process', async () => {
    const { cache, clock } = await openStale({ retryAfter: '20s' })
    const other = open(options, clock.wrap)
    await cache.getOrLoad('k', broken)

    expect(await cache.getOrLoadEntry('k', () => 'new')).toEqual({ value: 'old', stale: 'load-failed' })
    expect(await other.getOrLoadEntry('k', () => 'new')).toEqual({ value: 'old', stale: 'load-failed' })

    clock.pass(21_000)
    expect(await other.getOrLoadEntry('k', () => 'new')).toEqual({ value: 'new', stale: undefined })
  })

  it('holds no caller up that has no use for it', async () => {
    const { cache } = await openStale()
    await cache.getOrLoad('k', broken)

    expect(await cache.getOrLoad('k', () => 'new', { failSafe: 0 })).toBe('new')
  })

  it('is over when its window is', async () => {
    const { cache, clock } = await openStale()
    clock.pass(3_600_000)

    await expect(cache.getOrLoad('k', broken)).rejects.toThrow('no database')
  })

  it('does not hide a value that cannot be cached when there is none to serve', async () => {
    await expect(open(options).getOrLoad('k', () => undefined)).rejects.toMatchObject({ code: 'UNCACHEABLE' })
  })

  it('serves what is stale when the loader runs out of time', async () => {
    const { cache } = await openStale({ loadTimeout: 20 })
    const errors = heard(cache, 'load-error')

    expect(await cache.getOrLoadEntry('k', () => new Promise(() => {}))).toEqual({ value: 'old', stale: 'load-failed' })
    expect(errors[0]?.error).toBeInstanceOf(LoadTimeoutError)
  })
})

onEveryStore('a soft timeout', ({ open }) => {
  const openStale = async () => {
    const clock = new LateClock()
    const cache = open({ ...options, softTimeout: 10 }, clock.wrap)
    await cache.getOrLoad('k', () => 'old', { ttl: '1s' })
    clock.pass(2_000)
    return cache
  }

  it('serves what is stale, and the load goes on and fills', async () => {
    const cache = await openStale()
    const source = gate<string>()

    expect(await cache.getOrLoadEntry('k', source.load)).toEqual({ value: 'old', stale: 'slow-load' })
    const filled = next(cache, 'fill')
    source.answer('new')

    expect(await filled).toMatchObject({ accepted: true })
    expect(await cache.get('k')).toMatchObject({ value: 'new' })
  })

  it('lets the load that goes on fill nothing that was invalidated meanwhile', async () => {
    const cache = await openStale()
    const source = gate<string>()
    await cache.getOrLoad('k', source.load)
    await cache.invalidate('k')
    const filled = next(cache, 'fill')
    source.answer('old')

    expect(await filled).toMatchObject({ accepted: false })
    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
  })

  it('lets the load that goes on fail without a trace but its event', async () => {
    const cache = await openStale()
    const source = gate<string>()
    await cache.getOrLoad('k', source.load)
    const failed = next(cache, 'load-error')
    source.fail(new Error('no database'))

    expect(await failed).toMatchObject({ error: new Error('no database') })
  })

  it('is none where nothing stale is at hand', async () => {
    const clock = new ManualClock()
    const cache = open({ ...options, softTimeout: 1 }, undefined, clock)
    const source = gate<string>()
    const reading = cache.getOrLoad('k', source.load)
    await source.called
    clock.pass(20) // Longer than the soft timeout.
    source.answer('new')

    expect(await reading).toBe('new')
  })
})
