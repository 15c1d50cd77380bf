import { gate } from '@cache-aside/testkit'
import { expect, it } from 'vitest'
import { InvalidKeyError, InvalidOptionsError } from '../../src/index.ts'
import { Held } from './held-store.ts'
import { onEveryStore } from './on-every-store.ts'

onEveryStore('gathered reads', ({ open }) => {
  it('of one tick are loaded by one call, each with what it was asked for', async () => {
    const calls: (readonly number[])[] = []
    const item = open().gathered((ids: readonly number[]) => {
      calls.push(ids)
      return new Map(ids.map((id) => [id, id * 10]))
    })
    await item('item:2', 2)

    const woken = Promise.resolve().then(() => item('item:1', 1))
    const values = await Promise.all([item('item:3', 3), item('item:2', 2), woken, item('item:3', 3)])

    expect(values).toEqual([30, 20, 10, 30])
    expect(calls).toEqual([[2], [3, 1]])
  })

  it('of another tick hold up no call, and wait for none', async () => {
    const held = new Held()
    const source = gate<string[]>()
    const given: unknown[] = []
    const item = open({}, held.wrap).gathered((ids: readonly string[]) => {
      given.push(ids)
      return source.load()
    })

    const first = item('a', 'a')
    await new Promise(process.nextTick)
    await new Promise(process.nextTick)
    const hold = held.next('read', 'before')
    const second = item('b', 'b')
    await hold.reached
    await source.called
    expect(given).toEqual([['a']])
    const again = source.next()
    hold.release()
    await again
    source.answer(['one'])
    source.answer(['two'])

    expect(await Promise.all([first, second])).toEqual(['one', 'two'])
    expect(given).toEqual([['a'], ['b']])
  })

  it('are loaded by so many calls as one can bear, when they are many', async () => {
    const cache = open()
    const given: number[] = []
    const item = cache.gathered((keys: readonly string[]) => (given.push(keys.length), keys.map((key) => key)))

    await Promise.all(Array.from({ length: 2_100 }, (_, at) => item(`k${at}`, `k${at}`)))

    expect(given.toSorted((one, other) => other - one)).toEqual([1_000, 1_000, 100])
  })

  it('have their values one by one, and fail one by one', async () => {
    const cache = open()
    const source = gate<(string | Error)[]>()
    const item = cache.gathered(source.load)
    await cache.set('a', 'cached')

    const a = item('a', 'a')
    const others = Promise.allSettled([item('b', 'b'), item('c', 'c')])
    expect(await a).toBe('cached') // The call is still open.
    await source.called
    source.answer(['loaded', new RangeError('c')])

    expect(await others).toEqual([
      { status: 'fulfilled', value: 'loaded' },
      { status: 'rejected', reason: new RangeError('c') },
    ])
  })

  it('take options for all of them, and of their own', async () => {
    const cache = open({ jitter: 0 })
    const item = cache.gathered((keys: readonly string[]) => [...keys], { ttl: '1m' })

    await Promise.all([item('a', 'a'), item('b', 'b', { ttl: '1h' })])

    expect(await cache.ttl('a')).toBeLessThanOrEqual(60_000)
    expect(await cache.ttl('b')).toBeGreaterThan(60_000)
  })

  it('reject by themselves for a wrong key or option', async () => {
    const cache = open()
    const item = cache.gathered((keys: readonly string[]) => [...keys])

    const [empty, negative, right] = await Promise.allSettled([
      item('', ''),
      item('a', 'a', { ttl: -1 }),
      item('b', 'b'),
    ])

    expect((empty as PromiseRejectedResult).reason).toBeInstanceOf(InvalidKeyError)
    expect((negative as PromiseRejectedResult).reason).toBeInstanceOf(InvalidOptionsError)
    expect(right).toEqual({ status: 'fulfilled', value: 'b' })
    expect(() => cache.gathered(() => [], { ttl: -1 })).toThrow(InvalidOptionsError)
  })
})
