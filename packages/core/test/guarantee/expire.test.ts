import { gate } from '@cache-aside/testkit'
import { expect, it } from 'vitest'
import { next } from './events-heard.ts'
import { LateClock } from './late-clock.ts'
import { ManualClock } from '../manual-clock.ts'
import { onEveryStore } from './on-every-store.ts'

const broken = () => Promise.reject(new Error('no database'))

/** design §1, P1, "likewise for `expire`". */
onEveryStore('no stale read after an expiry by call', ({ open }) => {
  const options = { failSafe: '1h', staleWhileRevalidate: '1h' } as const

  it('though the value is kept', async () => {
    const [cache, other] = [open(options), open(options)]
    await cache.getOrLoad('k', () => 'old')
    await other.expire('k')

    expect(await cache.get('k')).toMatchObject({ found: false })
    expect(await cache.ttl('k')).toBeNull()
    expect(await cache.getOrLoadEntry('k', () => 'new')).toEqual({ value: 'new', stale: undefined })
  })

  it('but for one whose loader fails: that one is marked', async () => {
    const cache = open(options)
    await cache.getOrLoad('k', () => 'old')
    await cache.expire('k')

    expect(await cache.getOrLoadEntry('k', broken)).toEqual({ value: 'old', stale: 'load-failed' })
    expect(cache.stats()).toMatchObject({ stale: 1, loadErrors: 1 })
  })

  it('whose loader is only slow', async () => {
    const clock = new ManualClock()
    const cache = open({ ...options, softTimeout: 1 }, undefined, clock)
    await cache.getOrLoad('k', () => 'old')
    await cache.expire('k')
    const source = gate<string>()
    const reading = cache.getOrLoad('k', source.load)
    await source.called
    clock.pass(20) // Longer than the soft timeout.
    source.answer('new')

    expect(await reading).toBe('new')
  })

  it('by a load that began before it', async () => {
    const [cache, other] = [open(options), open(options)]
    const source = gate<string>()
    const early = cache.getOrLoad('k', source.load)
    await source.called
    await other.expire('k')
    source.answer('old')

    expect(await early).toBe('old')
    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
  })

  it('by a refresh that began before it', async () => {
    const clock = new LateClock()
    const [cache, other] = [open(options, clock.wrap), open(options, clock.wrap)]
    await cache.getOrLoad('k', () => 'old', { ttl: '1s' })
    clock.pass(2_000)
    const source = gate<string>()
    await cache.getOrLoad('k', source.load)
    await source.called

    await other.expire('k')
    const filled = next(cache, 'fill')
    source.answer('old')

    expect(await filled).toMatchObject({ accepted: false })
    expect(await other.getOrLoad('k', () => 'new')).toBe('new')
  })

  it('by a caller that joins a load which began before it', async () => {
    const [cache, other] = [open(options), open(options)]
    await cache.getOrLoad('k', () => 'older')
    await cache.expire('k')
    const source = gate<string>()
    const early = cache.getOrLoad('k', source.load)
    await source.called
    await other.expire('k')

    const missed = next(cache, 'miss')
    const late = cache.getOrLoad('k', () => 'new')
    await missed
    source.answer('old')

    expect(await early).toBe('old')
    expect(await late).toBe('new')
  })

  it('nor anything of the value after a hard invalidation', async () => {
    const cache = open(options)
    await cache.getOrLoad('k', () => 'old')
    await cache.expire('k')
    await cache.invalidate('k')

    await expect(cache.getOrLoad('k', broken)).rejects.toThrow('no database')
  })
})
