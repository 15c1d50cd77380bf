import { gate } from '@cache-aside/testkit'
import { expect, it } from 'vitest'
import { LoadTimeoutError } from '../../src/errors.ts'
import { heard, next } from './events-heard.ts'
import { onEveryStore } from './on-every-store.ts'

class Deadlock extends Error {}
const isDeadlock = (error: unknown) => error instanceof Deadlock

onEveryStore('a loader that fails for a moment', ({ open }) => {
  it('is tried again, in the same load', async () => {
    const cache = open({ retry: { when: isDeadlock, attempts: 3, delay: 1 } })
    const retries = heard(cache, 'retry')
    let tries = 0

    const value = await cache.getOrLoad('k', () => {
      if (++tries < 3) throw new Deadlock()
      return 'value'
    })

    expect(value).toBe('value')
    expect(retries).toMatchObject([
      { attempt: 1, error: expect.any(Deadlock) as Deadlock },
      { attempt: 2, error: expect.any(Deadlock) as Deadlock },
    ])
    expect(cache.stats()).toMatchObject({ loads: 1, loadErrors: 0 })
  })

  it('is given up after so many tries, with its own error', async () => {
    const cache = open({ retry: { when: isDeadlock, attempts: 2, delay: 1 } })
    let tries = 0
    const failing = () => {
      tries += 1
      throw new Deadlock(`${tries}`)
    }

    await expect(cache.getOrLoad('k', failing)).rejects.toThrow(new Deadlock('3'))
    expect(tries).toBe(3)
  })

  it('is not tried again after another error', async () => {
    const cache = open({ retry: { when: isDeadlock, delay: 1 } })
    let tries = 0

    await expect(
      cache.getOrLoad('k', () => {
        tries += 1
        throw new TypeError('no such column')
      }),
    ).rejects.toThrow('no such column')
    expect(tries).toBe(1)
  })

  it('is not tried again where a call says so', async () => {
    const cache = open({ retry: { when: isDeadlock, delay: 1 } })
    const failing = () => Promise.reject(new Deadlock())

    await expect(cache.getOrLoad('k', failing, { retry: false })).rejects.toBeInstanceOf(Deadlock)
    expect(heard(cache, 'retry')).toEqual([])
  })

  it('says anew, with each try, what is to become of its value', async () => {
    const cache = open({ retry: { when: isDeadlock, delay: 1 } })
    let tries = 0

    await cache.getOrLoad('k', ({ decline }) => {
      if (++tries > 1) return 'value'
      decline()
      throw new Deadlock()
    })

    expect(await cache.get('k')).toEqual({ found: true, value: 'value' })
  })

  it('is over when its time is', async () => {
    const cache = open({ loadTimeout: 50, retry: { when: isDeadlock, attempts: 10, delay: '20s' } })

    await expect(cache.getOrLoad('k', () => Promise.reject(new Deadlock()))).rejects.toBeInstanceOf(LoadTimeoutError)
  })
})

onEveryStore('so many loaders at a time', ({ open }) => {
  it('run, and the others when their turn comes', async () => {
    const cache = open({ maxConcurrentLoads: 2 })
    const source = gate<string>()
    let second = source.next()
    const reads = ['a', 'b', 'c', 'd'].map((key) => cache.getOrLoad(key, source.load))
    while (source.calls < 2) {
      await second
      second = source.next()
    }
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => cache.get(key))) // Time for the others to begin, if they could.
    expect(source.calls).toBe(2)

    for (const value of ['one', 'two', 'three', 'four']) {
      while (source.calls < ['one', 'two', 'three', 'four'].indexOf(value) + 1) await source.next()
      source.answer(value)
    }

    expect((await Promise.all(reads)).toSorted()).toEqual(['four', 'one', 'three', 'two'])
  })

  it('leave room again when they are given up', async () => {
    const cache = open({ maxConcurrentLoads: 1, loadTimeout: 30 })
    const hanging = cache.getOrLoad('a', () => new Promise<string>(() => {}))
    await expect(hanging).rejects.toBeInstanceOf(LoadTimeoutError)

    expect(await cache.getOrLoad('b', () => 'value')).toBe('value')
  })

  it('make the others wait for no longer than a load may take', async () => {
    const cache = open({ maxConcurrentLoads: 1 })
    const source = gate<string>()
    const running = cache.getOrLoad('a', source.load)
    await source.called
    let invoked = false

    const waiting = cache.getOrLoad('b', () => (invoked = true), { loadTimeout: 30 })

    await expect(waiting).rejects.toBeInstanceOf(LoadTimeoutError)
    source.answer('value')
    await running
    expect(await cache.getOrLoad('c', () => 'next')).toBe('next')
    expect(invoked).toBe(false)
  })
})

onEveryStore('a "does not exist"', ({ open }) => {
  it('is found, as null', async () => {
    const cache = open()
    await cache.getOrLoad('k', () => null)

    expect(await cache.get('k')).toEqual({ found: true, value: null })
    expect(await cache.getOrLoad('k', () => 'created')).toBeNull()
  })

  it('is kept for a shorter time than a value', async () => {
    const cache = open({ ttl: '1h', negativeTtl: '1m', jitter: 0 })
    await cache.getOrLoad('k', () => null)

    expect(await cache.ttl('k')).toBeLessThanOrEqual(60_000)
  })

  it.each(['set', 'invalidate', 'expire', 'mutate', 'writeThrough'] as const)('is gone at once by %s', async (by) => {
    const [cache, other] = [open({ failSafe: '1h' }), open()]
    await cache.getOrLoad('k', () => null)

    if (by === 'mutate') await other.mutate('k', () => {})
    else if (by === 'writeThrough') await other.writeThrough('k', () => 'created')
    else if (by === 'set') await other.set('k', 'created')
    else await other[by]('k')

    expect(await cache.getOrLoad('k', () => 'created')).toBe('created')
  })
})

onEveryStore('the TTL that a loader sets', ({ open }) => {
  it('stands above the others', async () => {
    const cache = open({ ttl: '1h', jitter: 0 })
    await cache.getOrLoad('k', ({ setTtl }) => {
      setTtl('1m')
      return 'value'
    })

    expect(await cache.ttl('k')).toBeLessThanOrEqual(60_000)
    expect(await cache.ttl('k')).toBeGreaterThan(30_000)
  })

  it('is no more than the time that the value is fresh: it is kept for longer', async () => {
    const cache = open({ failSafe: '1h' })
    const filled = next(cache, 'fill')
    await cache.getOrLoad('k', ({ setTtl }) => {
      setTtl(1)
      return 'value'
    })
    await filled
    while ((await cache.ttl('k')) !== null) await new Promise(setImmediate)

    expect(await cache.getOrLoadEntry('k', () => Promise.reject(new Error('no database')))).toEqual({
      value: 'value',
      stale: 'load-failed',
    })
  })
})
