import { gate, type RedisServer, startRedis } from '@cache-aside/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  CacheAside,
  type CacheOptions,
  InvalidKeyError,
  InvalidOptionsError,
  LoadTimeoutError,
} from '../../src/index.ts'
import type { Store } from '../../src/protocol/store.ts'
import { systemClock } from '../../src/time/clock.ts'
import { heard, next } from './events-heard.ts'
import { LateClock } from './late-clock.ts'
import { onEveryStore } from './on-every-store.ts'

/** A batch loader that notes what it was given, and brings the name of each key. */
function source() {
  const calls: (readonly string[])[] = []
  const load = (keys: readonly string[]) => {
    calls.push(keys)
    return new Map(keys.map((key) => [key, `value of ${key}`]))
  }
  return { calls, load }
}

const mapOf = (values: Record<string, unknown>) => new Map(Object.entries(values))
/** What `source` brings. */
const valuesOf = (...keys: string[]) => new Map(keys.map((key) => [key, `value of ${key}`]))

onEveryStore('a batch', ({ open }) => {
  it('loads what nobody has cached, by one call, in order and without duplicates', async () => {
    const cache = open()
    const { calls, load } = source()
    await cache.set('b', 'cached')

    const values = await cache.getOrLoadMany(['d', 'b', 'a', 'd', 'c', 'b'], load)

    expect(calls).toEqual([['d', 'a', 'c']])
    expect([...values]).toEqual([
      ['d', 'value of d'],
      ['b', 'cached'],
      ['a', 'value of a'],
      ['c', 'value of c'],
    ])
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 3, loads: 3 })
    expect(await open().getOrLoadMany(['a', 'b', 'c', 'd'], load)).toEqual(values)
    expect(calls).toHaveLength(1)
  })

  it('takes the values in the order of the keys, too', async () => {
    const cache = open()

    const values = await cache.getOrLoadMany(['a', 'b'], async (keys) => keys.map((key) => ({ key })))

    expect(values).toEqual(mapOf({ a: { key: 'a' }, b: { key: 'b' } }))
  })

  it('of no keys calls nobody', async () => {
    const { calls, load } = source()

    expect(await open().getOrLoadMany([], load)).toEqual(new Map())
    expect(await open().getOrLoadManySettled([], load)).toEqual(new Map())
    expect(calls).toEqual([])
  })

  it('caches what its Map lacks as "does not exist"', async () => {
    const cache = open()

    const values = await cache.getOrLoadMany(['a', 'b', 'c'], () => new Map([['b', 'there']]))

    expect(values).toEqual(mapOf({ a: null, b: 'there', c: null }))
    expect(await cache.get('a')).toEqual({ found: true, value: null })
  })

  it('fails the key that has an Error in place of its value, alone and uncached', async () => {
    const cache = open()
    const error = new RangeError('b is broken')

    const settled = await cache.getOrLoadManySettled(['a', 'b', 'c'], (keys) =>
      keys.map((key) => (key === 'b' ? error : key)),
    )

    expect([...settled.keys()]).toEqual(['a', 'b', 'c'])
    expect(settled.get('a')).toEqual({ status: 'fulfilled', value: 'a' })
    expect((settled.get('b') as PromiseRejectedResult).reason).toBe(error)
    expect(await cache.get('b')).toEqual({ found: false, value: undefined })
    expect(await cache.get('c')).toEqual({ found: true, value: 'c' })
  })

  it('fails the key whose value cannot be cached, alone', async () => {
    const cache = open()

    const settled = await cache.getOrLoadManySettled(['a', 'b'], () => [undefined, 'b'])

    expect(settled.get('a')).toMatchObject({ status: 'rejected', reason: { code: 'UNCACHEABLE' } })
    expect(settled.get('b')).toEqual({ status: 'fulfilled', value: 'b' })
  })

  it('rejects with the error of the first key that failed, as it was thrown, when all have settled', async () => {
    const cache = open()
    const elsewhere = gate<string>()
    const joined = cache.getOrLoad('c', elsewhere.load)
    await elsewhere.called
    const [first, second] = [new RangeError('b'), new RangeError('a')]
    const failed = next(cache, 'load-error')
    let rejected = false
    const reading = cache
      .getOrLoadMany(['b', 'a', 'c'], () => [first, second])
      .catch((error: unknown) => {
        rejected = true
        return error
      })

    await failed
    await cache.get('b') // Time to reject, if it would.
    expect(rejected).toBe(false)
    elsewhere.answer('c')

    expect(await reading).toBe(first)
    expect(await joined).toBe('c')
  })

  it('fails only the keys its loader was given when the loader throws', async () => {
    const cache = open()
    const elsewhere = gate<string>()
    await cache.set('cached', 'hit')
    const joined = cache.getOrLoad('joined', elsewhere.load)
    await elsewhere.called
    const error = new Error('no database')
    const failed = next(cache, 'load-error')

    const reading = cache.getOrLoadManySettled(['a', 'cached', 'joined', 'b'], () => {
      throw error
    })
    await failed
    elsewhere.answer('another load')

    expect(Object.fromEntries(await reading)).toEqual({
      a: { status: 'rejected', reason: error },
      b: { status: 'rejected', reason: error },
      cached: { status: 'fulfilled', value: 'hit' },
      joined: { status: 'fulfilled', value: 'another load' },
    })
    expect(await joined).toBe('another load')
    expect(await cache.getOrLoad('a', () => 'next')).toBe('next') // No lease was left behind.
  })

  it.each([
    ['an array of another length', () => ['one']],
    ['what is neither a Map nor an array', () => ({ a: 1, b: 2 })],
    ['a Map of other keys than it was given', () => new Map([[1, 'one']])],
  ])('fails with a TypeError when its loader returns %s', async (_what, load) => {
    const cache = open()

    await expect(cache.getOrLoadMany(['a', 'b'], load as never)).rejects.toBeInstanceOf(TypeError)
    expect(await cache.get('a')).toEqual({ found: false, value: undefined })
  })

  it.each(['in another process', 'in this one'])(
    'waits for a key that is loaded %s, and loads the others meanwhile',
    async (where) => {
      const cache = open()
      const other = where === 'in this one' ? cache : open()
      const [elsewhere, ours] = [gate<string>(), gate<string[]>()]
      const holding = other.getOrLoad('b', elsewhere.load)
      await elsewhere.called
      const given: unknown[] = []

      const reading = cache.getOrLoadMany(['a', 'b', 'c'], (keys) => {
        given.push(keys)
        return ours.load()
      })
      await ours.called // The other load is still open.
      ours.answer(['our a', 'our c'])
      while (!(await cache.get('c')).found) await new Promise(setImmediate)
      elsewhere.answer('their b')

      expect(await reading).toEqual(mapOf({ a: 'our a', b: 'their b', c: 'our c' }))
      expect(await holding).toBe('their b')
      expect(given).toEqual([['a', 'c']])
    },
  )

  it('loads what another process has failed to load', async () => {
    const [cache, other] = [open(), open()]
    const theirs = gate<string[]>()
    const failing = other.getOrLoadMany(['a', 'b'], theirs.load)
    await theirs.called
    const { calls, load } = source()
    const ours = gate<void>()
    const reading = cache.getOrLoadMany(['a', 'b', 'c'], async (keys) => {
      if (calls.length === 0) ours.load().catch(() => {})
      return load(keys)
    })
    await ours.called

    theirs.fail(new Error('no database'))

    await expect(failing).rejects.toThrow('no database')
    expect(await reading).toEqual(valuesOf('a', 'b', 'c'))
    expect(calls[0]).toEqual(['c'])
    expect(calls.slice(1).flat().toSorted()).toEqual(['a', 'b'])
  })

  it('does not wait for a key whose reader has left with a stale value', async () => {
    const clock = new LateClock()
    const [cache, other] = [open({ ttl: '1m', failSafe: '1h', softTimeout: 1 }, clock.wrap), open({}, clock.wrap)]
    await cache.set('a', 'old')
    clock.pass(120_000)
    const [a, b] = [gate<string>(), gate<string>()]
    const theirs = [other.getOrLoad('a', a.load), other.getOrLoad('b', b.load)]
    await Promise.all([a.called, b.called])
    const { calls, load } = source()
    const left = next(cache, 'stale')
    const reading = cache.getOrLoadMany(['a', 'b'], load)

    expect(await left).toMatchObject({ key: 'a', reason: 'slow-load' })
    a.answer('new')
    b.fail(new Error('no database'))
    await Promise.allSettled(theirs)

    expect(await reading).toEqual(mapOf({ a: 'old', b: 'value of b' }))
    expect(calls).toEqual([['b']])
  })

  it('shares a key with a single read that misses it at the same time', async () => {
    const cache = open()
    const { calls, load } = source()

    const [values, value] = await Promise.all([
      cache.getOrLoadMany(['a', 'b'], load),
      cache.getOrLoad('b', () => 'a load too many'),
    ])

    expect(values.get('b')).toBe(value)
    expect(value).toBe('value of b')
    expect(calls).toEqual([['a', 'b']])
  })

  it('is one of so many loaders at a time, however many keys it has', async () => {
    const cache = open({ maxConcurrentLoads: 1 })
    const running = gate<string>()
    const { calls, load } = source()
    const single = cache.getOrLoad('single', running.load)
    await running.called

    const reading = cache.getOrLoadMany(['a', 'b', 'c'], load)
    while (cache.stats().misses < 4) await next(cache, 'miss')
    await Promise.all(['a', 'b', 'c'].map((key) => cache.get(key))) // Time for it to begin, if it could.
    expect(calls).toEqual([])
    running.answer('single')

    expect(await reading).toEqual(valuesOf('a', 'b', 'c'))
    expect(calls).toEqual([['a', 'b', 'c']])
    expect(await single).toBe('single')
  })

  it('does not cache the key that was invalidated in mid-load, and caches the others', async () => {
    const [cache, other] = [open(), open()]
    const ours = gate<string[]>()
    const reading = cache.getOrLoadMany(['a', 'b', 'c'], ours.load)
    await ours.called

    await other.invalidate('b')
    ours.answer(['old a', 'old b', 'old c'])

    expect([...(await reading).values()]).toEqual(['old a', 'old b', 'old c']) // its call began before
    expect(await cache.get('b')).toEqual({ found: false, value: undefined })
    expect(await cache.getOrLoadMany(['a', 'b', 'c'], () => ['new b'])).toEqual(
      mapOf({ a: 'old a', b: 'new b', c: 'old c' }),
    )
  })

  it('is over when its time is: its signal aborts, and its turn is free', async () => {
    const cache = open({ maxConcurrentLoads: 1, loadTimeout: 50 })
    const signals: AbortSignal[] = []

    const settled = await cache.getOrLoadManySettled(['a', 'b'], (_keys, { signal }) => {
      signals.push(signal)
      return new Promise<string[]>(() => {})
    })

    for (const key of ['a', 'b']) {
      const { reason } = settled.get(key) as PromiseRejectedResult
      expect(reason).toBeInstanceOf(LoadTimeoutError)
      expect(reason).toMatchObject({ key })
    }
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
    expect(await cache.getOrLoadMany(['a', 'b'], source().load)).toEqual(valuesOf('a', 'b'))
  })

  it('is tried again for all of its keys at once', async () => {
    const cache = open({ retry: { when: (error) => error instanceof RangeError, delay: 1 } })
    const retries = heard(cache, 'retry')
    const calls: (readonly string[])[] = []

    const values = await cache.getOrLoadMany(['a', 'b', 'c'], (keys) => {
      if (calls.push(keys) === 1) throw new RangeError('deadlock')
      return keys.map((key) => (key === 'b' && calls.length === 2 ? new RangeError('b') : key))
    })

    expect([...values.values()]).toEqual(['a', 'b', 'c'])
    expect(calls).toEqual([['a', 'b', 'c'], ['a', 'b', 'c'], ['b']])
    expect(retries.map(({ key, attempt }) => `${key} ${attempt}`)).toEqual(['a 1', 'b 1', 'c 1', 'b 2'])
    expect(cache.stats()).toMatchObject({ loads: 3, loadErrors: 0 })
  })

  it('is given up after so many tries, with the error itself', async () => {
    const cache = open({ retry: { when: (error) => error instanceof RangeError, attempts: 1, delay: 1 } })
    const { calls, load } = source()

    const reading = cache.getOrLoadMany(['a', 'b'], (keys) => {
      load(keys)
      throw new RangeError(`deadlock ${calls.length}`)
    })

    await expect(reading).rejects.toEqual(new RangeError('deadlock 2'))
    expect(calls).toHaveLength(2)
  })

  it('serves what is stale at once, and refreshes it', async () => {
    const clock = new LateClock()
    const cache = open({ ttl: '1m', staleWhileRevalidate: '1h' }, clock.wrap)
    await cache.getOrLoadMany(['a', 'b'], () => ['old a', 'old b'])
    clock.pass(120_000)
    const { calls, load } = source()
    const filled = heard(cache, 'fill')

    expect(await cache.getOrLoadMany(['a', 'b'], load)).toEqual(mapOf({ a: 'old a', b: 'old b' }))
    while (filled.length < 2) await next(cache, 'fill')

    expect(calls.flat().toSorted()).toEqual(['a', 'b'])
    expect(await cache.get('a')).toEqual({ found: true, value: 'value of a' })
  })

  it('serves what has expired when its loader fails, key by key', async () => {
    const cache = open({ failSafe: '1h' })
    await cache.getOrLoadMany(['a', 'b'], () => ['old a', 'old b'])
    await cache.expire(['a', 'b'])
    const stale = heard(cache, 'stale')

    const settled = await cache.getOrLoadManySettled(['a', 'b', 'c'], () => [new Error('a'), 'new b', new Error('c')])

    expect(settled.get('a')).toEqual({ status: 'fulfilled', value: 'old a' })
    expect(settled.get('b')).toEqual({ status: 'fulfilled', value: 'new b' })
    expect(settled.get('c')).toEqual({ status: 'rejected', reason: new Error('c') })
    expect(stale).toMatchObject([{ key: 'a', reason: 'load-failed' }])
  })

  it('has tags of each value, and is voided by them value by value', async () => {
    const [cache, other] = [open(), open()]
    const tags = (value: string) => [`tag of ${value}`]
    await cache.getOrLoadMany(['a', 'b'], (keys) => [...keys], { tags })

    await other.invalidateTag('tag of b')

    const { calls, load } = source()
    expect(await cache.getOrLoadMany(['a', 'b'], load, { tags })).toEqual(mapOf({ a: 'a', b: 'value of b' }))
    expect(calls).toEqual([['b']])
  })

  it('does not cache the value whose tag was invalidated in mid-load, and caches the others', async () => {
    const [cache, other] = [open(), open()]
    const ours = gate<string[]>()
    const reading = cache.getOrLoadMany(['a', 'b'], ours.load, { tags: (value: string) => [`tag of ${value}`] })
    await ours.called

    await other.invalidateTag('tag of b')
    ours.answer(['a', 'b'])

    expect(await reading).toEqual(mapOf({ a: 'a', b: 'b' })) // its call began before
    expect(await cache.get('a')).toEqual({ found: true, value: 'a' })
    expect(await cache.get('b')).toEqual({ found: false, value: undefined })
  })

  it('of a wrong key or with a wrong option reads nothing', async () => {
    const asked: string[] = []
    const cache = open({}, (store: Store) => {
      const read = (...args: Parameters<Store['read']>) => {
        asked.push(args[0])
        return store.read(...args)
      }
      return new Proxy(store, {
        get: (target, name: keyof Store) => (name === 'read' ? read : target[name].bind(target)),
      })
    })
    const { calls, load } = source()

    await expect(cache.getOrLoadMany(['a', ''], load)).rejects.toBeInstanceOf(InvalidKeyError)
    await expect(cache.getOrLoadManySettled(['a', 'b\n'], load)).rejects.toBeInstanceOf(InvalidKeyError)
    await expect(cache.getOrLoadMany(['a'], load, { ttl: -1 })).rejects.toBeInstanceOf(InvalidOptionsError)

    expect(asked).toEqual([])
    expect(calls).toEqual([])
  })

  it('hands each caller values of its own', async () => {
    const cache = open()
    const load = () => [{ tags: ['a'] }]
    const [first, second] = await Promise.all([cache.getOrLoadMany(['a'], load), cache.getOrLoadMany(['a'], load)])

    first?.get('a')?.tags.push('changed')

    expect(second?.get('a')).toEqual({ tags: ['a'] })
  })
})

describe('a batch on Redis', () => {
  let redis: RedisServer
  let test = 0

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  const open = (options: Partial<CacheOptions> = {}, clock = systemClock) =>
    new CacheAside({ namespace: `batch-${test}`, redis: redis.url, commandTimeout: '10s', ...options }, clock)
  const callsOf = async (command: string): Promise<number> => {
    const stats = String(await redis.cli('INFO', 'commandstats'))
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
  }
  const keys = (count: number) => Array.from({ length: count }, (_, index) => `key-${index}`)

  it('is read by one command', async () => {
    test += 1
    const cache = open()
    await cache.getOrLoad('first', () => 'of its namespace')
    await redis.cli('CONFIG', 'RESETSTAT')

    await cache.getOrLoadMany(keys(100), source().load)

    expect(await callsOf('mget')).toBe(1)
    expect(await callsOf('get')).toBe(0)
    await cache.close()
  })

  it('of 10 000 keys is loaded by so many calls as one can bear, and then read without one', async () => {
    test += 1
    const cache = open({ leaseTtl: '1m' }) // However busy the machine is.
    const { calls, load } = source()

    const loaded = await cache.getOrLoadMany(keys(10_000), load)
    const cached = await cache.getOrLoadMany(keys(10_000), load)

    expect(loaded.size).toBe(10_000)
    expect(cached).toEqual(loaded)
    expect(calls.map((given) => given.length)).toEqual(Array.from({ length: 10 }, () => 1_000))
    expect(cache.stats()).toMatchObject({ hits: 10_000, fillsRejected: 0, storeErrors: 0 })
    await cache.close()
  }, 60_000)

  it('loads what another process has failed to load by one further call', async () => {
    test += 1
    const pauses: (() => void)[] = []
    const clock = {
      ...systemClock,
      after(delay: number, run: () => void) {
        if (delay >= 1_000) return systemClock.after(delay, run) // A lease, or a load, that takes no time here.
        pauses.push(run)
        return () => {}
      },
    }
    const [cache, other] = [open({}, clock), open()]
    const theirs = gate<string[]>()
    const failing = other.getOrLoadMany(keys(20), theirs.load)
    await theirs.called
    const { calls, load } = source()
    const begun = gate<void>()
    const reading = cache.getOrLoadMany([...keys(20), 'ours'], (given) => {
      if (given.includes('ours')) void begun.load()
      return load(given)
    })
    await begun.called

    theirs.fail(new Error('no database'))

    await expect(failing).rejects.toThrow('no database')
    expect(pauses).toHaveLength(20)
    pauses[0]?.() // Who is woken first wakes all, after a moment for the others.
    await expect.poll(() => pauses).toHaveLength(21)
    pauses[20]?.()

    await reading
    expect(calls.map((given) => given.length)).toEqual([1, 20])
    await Promise.all([cache.close(), other.close()])
  })

  it('comes from its loader while Redis is away, by one call', async () => {
    test += 1
    const own = await startRedis()
    const cache = open({ redis: own.url })
    await cache.getOrLoadMany(['a', 'b'], () => ['cached', 'cached'])
    await own.kill()
    const { calls, load } = source()

    expect(await cache.getOrLoadMany(['a', 'b', 'c'], load)).toEqual(valuesOf('a', 'b', 'c'))
    expect(calls).toEqual([['a', 'b', 'c']])
    await cache.close()
    await own.stop()
  })
})
