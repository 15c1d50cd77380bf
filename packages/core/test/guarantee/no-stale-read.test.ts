import { gate } from '@cache-aside/testkit'
import { expect, it } from 'vitest'
import type { CacheAside } from '../../src/cache/cache.ts'
import type { CacheEventType } from '../../src/events.ts'
import { Held } from './held-store.ts'
import { onEveryStore } from './on-every-store.ts'

const next = (cache: CacheAside, type: CacheEventType) =>
  new Promise<void>((resolve) => {
    const once = () => {
      cache.events.off(type, once)
      resolve()
    }
    cache.events.on(type, once)
  })

/** design §1, P1. */
onEveryStore('no stale read after an invalidation', ({ open }) => {
  it('a load that began before the invalidation does not fill after it', async () => {
    const [cache, other] = [open(), open()]
    const source = gate<string>()
    const early = cache.getOrLoad('k', source.load)
    await source.called

    await other.invalidate('k')
    source.answer('old')

    expect(await early).toBe('old') // its call overlaps the invalidation
    expect(cache.stats().fillsRejected).toBe(1)
    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
  })

  it('a caller that joins a load after the invalidation reads again', async () => {
    const [cache, other] = [open(), open()]
    const source = gate<string>()
    const early = cache.getOrLoad('k', source.load)
    await source.called
    await other.invalidate('k')

    const missed = next(cache, 'miss')
    const late = cache.getOrLoad('k', () => 'new')
    await missed
    source.answer('old')

    expect(await early).toBe('old')
    expect(await late).toBe('new')
  })

  it('a caller that joins after the fill was sent reads again, though the fill is accepted', async () => {
    const held = new Held()
    const [cache, other] = [open({}, held.wrap), open()]
    const fill = held.next('fill', 'after')
    const early = cache.getOrLoad('k', () => 'old')
    await fill.reached
    await other.invalidate('k')

    const missed = next(cache, 'miss')
    const late = cache.getOrLoad('k', () => 'new')
    await missed
    fill.release()

    expect(await early).toBe('old')
    expect(await late).toBe('new')
  })

  it('a caller that joins after a value was sent for does not get that value', async () => {
    const held = new Held()
    const [cache, other] = [open({}, held.wrap), open()]
    const acquire = held.next('acquire', 'before')
    const early = cache.getOrLoad('k', () => 'loaded by nobody')
    await acquire.reached
    await other.getOrLoad('k', () => 'old')
    const answered = held.next('acquire', 'after')
    acquire.release()
    await answered.reached
    await other.invalidate('k')

    const missed = next(cache, 'miss')
    const late = cache.getOrLoad('k', () => 'new')
    await missed
    answered.release()

    expect(await early).toBe('old')
    expect(await late).toBe('new')
  })

  it('a caller that joined before the loader was invoked shares its value, though the fill is rejected', async () => {
    const held = new Held()
    const [cache, other] = [open({}, held.wrap), open()]
    const source = gate<string>()
    const acquire = held.next('acquire', 'before')
    const leader = cache.getOrLoad('k', source.load)
    await acquire.reached
    const missed = next(cache, 'miss')
    const joiner = cache.getOrLoad('k', source.load)
    await missed

    acquire.release()
    await source.called
    await other.invalidate('k')
    source.answer('loaded after both calls began')

    expect(await Promise.all([leader, joiner])).toEqual(Array(2).fill('loaded after both calls began'))
    expect(source.calls).toBe(1)
  })

  it('a caller is denied once at most: then it leads a load of its own', async () => {
    const held = new Held()
    const [cache, other] = [open({}, held.wrap), open()]
    const [first, second, own] = [gate<string>(), gate<string>(), gate<string>()]
    const leader = cache.getOrLoad('k', first.load)
    await first.called
    await other.invalidate('k')
    const missed = next(cache, 'miss')
    const denied = cache.getOrLoad('k', own.load)
    await missed
    const readAgain = held.next('read', 'after')
    first.answer('old')
    await readAgain.reached
    const following = cache.getOrLoad('k', second.load)
    await second.called

    readAgain.release() // It finds the second load under way, which is older than any invalidation from now on.
    await other.invalidate('k')
    await own.called
    own.answer('new')

    expect(await denied).toBe('new')
    second.answer('between')
    expect(await Promise.all([leader, following])).toEqual(['old', 'between'])
  })

  it('a caller that was denied does not join a flight that may have found a value already', async () => {
    const held = new Held()
    const [cache, other] = [open({}, held.wrap), open()]
    const own = gate<string>()
    const fill = held.next('fill', 'after')
    const leader = cache.getOrLoad('k', () => 'old')
    await fill.reached
    await other.invalidate('k')
    const missed = next(cache, 'miss')
    const denied = cache.getOrLoad('k', own.load)
    await missed
    const readAgain = held.next('read', 'before')
    fill.release()
    await readAgain.reached

    const acquire = held.next('acquire', 'before')
    const following = cache.getOrLoad('k', () => 'loaded by nobody')
    await acquire.reached
    await other.set('k', 'between')
    const answer = held.next('acquire', 'after')
    acquire.release()
    await answer.reached
    await other.invalidate('k')
    readAgain.release()
    await own.called // Though the other flight has no answer yet.
    own.answer('new')

    expect(await denied).toBe('new')
    answer.release()
    expect(await Promise.all([leader, following])).toEqual(['old', 'between'])
  })

  it('a set fences off the load that is under way', async () => {
    const [cache, other] = [open(), open()]
    const source = gate<string>()
    const early = cache.getOrLoad('k', source.load)
    await source.called

    expect(await other.set('k', 'set')).toBe(true)
    source.answer('old')
    await early

    expect(await cache.get('k')).toEqual({ found: true, value: 'set' })
  })

  it('a set does not store its value after an invalidation that came while it was under way', async () => {
    const held = new Held()
    const [cache, other] = [open({}, held.wrap), open()]
    const fill = held.next('fill', 'before')
    const set = cache.set('k', 'old')
    await fill.reached

    await other.invalidate('k')
    fill.release()

    expect(await set).toBe(false)
    expect(await cache.get('k')).toEqual({ found: false, value: undefined })
  })

  it('an evicted lease voids its load', async () => {
    const [cache, other] = [open(), open()]
    const source = gate<string>()
    const early = cache.getOrLoad('k', source.load)
    await source.called
    await other.invalidate('k') // What an eviction does to the key.
    await other.getOrLoad('k', () => 'newer')

    source.answer('old')
    await early

    expect(await cache.get('k')).toEqual({ found: true, value: 'newer' })
  })

  it('a cached "does not exist" is void after an invalidation', async () => {
    const [cache, other] = [open(), open()]
    expect(await cache.getOrLoad('k', () => null)).toBeNull()
    expect(await other.get('k')).toEqual({ found: true, value: null })

    await other.invalidate('k')

    expect(await cache.getOrLoad('k', () => 'exists')).toBe('exists')
  })

  it('many keys are void once their invalidation has resolved', async () => {
    const [cache, other] = [open(), open()]
    const keys = Array.from({ length: 1_200 }, (_, index) => `k:${index}`)
    await Promise.all(keys.map((key) => cache.getOrLoad(key, () => 'old')))

    await other.invalidate(keys)

    const lookups = await Promise.all(keys.map((key) => cache.get(key)))
    expect(lookups.filter(({ found }) => found)).toEqual([])
  })
})
