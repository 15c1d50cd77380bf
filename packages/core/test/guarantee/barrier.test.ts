import { gate } from '@cache-aside/testkit'
import { expect, it } from 'vitest'
import { StoreError } from '../../src/errors.ts'
import type { Store } from '../../src/protocol/store.ts'
import { heard, next } from './events-heard.ts'
import { Held } from './held-store.ts'
import { onEveryStore } from './on-every-store.ts'

/** A store that does one operation wrong. */
const failing =
  (operation: keyof Store) =>
  (store: Store): Store =>
    new Proxy(store, {
      get: (target, name: keyof Store) =>
        name === operation ? () => Promise.reject(new Error('Redis is away')) : target[name].bind(target),
    })

/** design §1, P4; with writers that are killed in `../fault/killed-writers.test.ts`. */
onEveryStore('a write behind a barrier', ({ open }) => {
  it('voids what was cached before it begins', async () => {
    const [cache, other] = [open(), open()]
    await cache.getOrLoad('k', () => 'old')
    const commit = gate<number>()
    const writing = other.mutate('k', commit.load)
    await commit.called

    expect(await cache.get('k')).toEqual({ found: false, value: undefined })

    commit.answer(1)
    expect(await writing).toBe(1)
  })

  it('lets readers load, and caches nothing of it', async () => {
    const [cache, other] = [open(), open()]
    const commit = gate<void>()
    const writing = other.mutate('k', commit.load)
    await commit.called

    expect(await cache.getOrLoad('k', () => 'old')).toBe('old')
    expect(await cache.getOrLoad('k', () => 'older')).toBe('older')
    commit.answer()
    await writing

    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
    expect(await other.getOrLoad('k', () => 'newer')).toBe('new')
  })

  it('keeps a load that began before it from filling', async () => {
    const [cache, other] = [open(), open()]
    const source = gate<string>()
    const early = cache.getOrLoad('k', source.load)
    await source.called
    await other.mutate('k', () => source.answer('old'))

    expect(await early).toBe('old')
    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
  })

  it('does not let a later caller share a load of its time', async () => {
    const [cache, other] = [open(), open()]
    const [commit, source] = [gate<void>(), gate<string>()]
    const writing = other.mutate('k', commit.load)
    await commit.called
    const early = cache.getOrLoad('k', source.load)
    await source.called
    commit.answer()
    await writing

    const missed = next(cache, 'miss')
    const late = cache.getOrLoad('k', () => 'new')
    await missed
    source.answer('old')

    expect(await early).toBe('old')
    expect(await late).toBe('new')
  })

  it('stands until the last of several writers is done', async () => {
    const caches = [open(), open(), open()] as const
    const [one, two] = [gate<void>(), gate<void>()]
    const first = caches[0].mutate('k', one.load)
    const second = caches[1].mutate('k', two.load)
    await Promise.all([one.called, two.called])

    one.answer()
    await first
    await caches[2].getOrLoad('k', () => 'old')
    expect(await caches[2].get('k')).toMatchObject({ found: false })
    two.answer()
    await second

    await caches[2].getOrLoad('k', () => 'new')
    expect(await caches[2].get('k')).toEqual({ found: true, value: 'new' })
  })

  it('is left standing by an invalidation, and by an expiry', async () => {
    const [cache, other] = [open(), open()]
    const commit = gate<void>()
    const writing = other.mutate('k', commit.load)
    await commit.called

    await cache.invalidate('k')
    await cache.expire('k')
    await cache.getOrLoad('k', () => 'old')
    expect(await cache.get('k')).toMatchObject({ found: false })

    commit.answer()
    await writing
  })

  it('refuses a set', async () => {
    const [cache, other] = [open(), open()]
    const commit = gate<void>()
    const writing = other.mutate('k', commit.load)
    await commit.called

    expect(await cache.set('k', 'of whom?')).toBe(false)

    commit.answer()
    await writing
    expect(await cache.get('k')).toMatchObject({ found: false })
  })

  it('falls when its writer does not go on, and what was filled then goes when he does', async () => {
    const held = new Held()
    const [cache, other] = [open(), open({ barrierTtl: 40 }, held.wrap)]
    const commit = gate<void>()
    const raised = held.next('raise', 'after')
    const writing = other.mutate('k', commit.load) // Held up before it can keep the barrier up.
    await raised.reached

    const fills = heard(cache, 'fill')
    while (!fills.some(({ accepted }) => accepted)) await cache.getOrLoad('k', () => 'old')
    raised.release()
    await commit.called
    commit.answer()
    await writing

    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
  })

  it('is kept up for as long as the write goes on', async () => {
    const raises: string[] = []
    let enough = () => {}
    const outlived = new Promise<void>((resolve) => {
      enough = resolve
    })
    const watched = (store: Store): Store =>
      new Proxy(store, {
        get: (target, name: keyof Store) => {
          if (name !== 'raise') return target[name].bind(target)
          return async (...args: Parameters<Store['raise']>) => {
            const reply = await target.raise(...args)
            if (raises.push(reply) === 8) enough()
            return reply
          }
        },
      })
    const [cache, other] = [open(), open({ barrierTtl: 300 }, watched)]

    const commit = gate<void>()
    const writing = other.mutate('k', commit.load)
    await outlived
    await cache.getOrLoad('k', () => 'old')
    const during = await cache.get('k')
    commit.answer()
    await writing

    expect(during).toMatchObject({ found: false })
    expect(raises.slice(0, 8)).toEqual(['raised', ...Array.from({ length: 7 }, () => 'up')])
  })

  it('that will never end, because somebody has persisted it, does not keep the key from being cached', async () => {
    const cache = open()
    const endless = (store: Store): Store =>
      new Proxy(store, {
        get: (target, name: keyof Store) => {
          if (name !== 'read') return target[name].bind(target)
          const raw = Buffer.from(`B-${'A'.repeat(22)}${'9'.repeat(13)}`)
          return async (...args: Parameters<Store['read']>) => ({ ...(await target.read(...args)), raw })
        },
      })

    await open({}, endless).getOrLoad('k', () => 'value') // The store is asked all the same, and has none.

    expect(await cache.get('k')).toEqual({ found: true, value: 'value' })
  })

  it('falls with a write that fails, and gives its error', async () => {
    const cache = open()
    await cache.getOrLoad('k', () => 'old')
    const error = new Error('unique constraint')

    await expect(cache.mutate('k', () => Promise.reject(error))).rejects.toBe(error)

    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
    expect(await cache.get('k')).toEqual({ found: true, value: 'new' })
  })

  it('spans several keys', async () => {
    const [cache, other] = [open(), open()]
    await Promise.all(['a', 'b', 'c'].map((key) => cache.getOrLoad(key, () => 'old')))

    await other.mutate(['a', 'b'], () => {})

    expect(await cache.get('a')).toMatchObject({ found: false })
    expect(await cache.get('b')).toMatchObject({ found: false })
    expect(await cache.get('c')).toEqual({ found: true, value: 'old' })
  })

  it('is not made where Redis does not put it up: the error says so', async () => {
    const cache = open({}, failing('raise'))
    let written = false

    const writing = cache.mutate('k', () => {
      written = true
    })

    await expect(writing).rejects.toThrow('mutate "k": Redis is away (the write was not made, safe to repeat)')
    await expect(writing).rejects.toBeInstanceOf(StoreError)
    expect(written).toBe(false)
  })

  it('that Redis does not take down is made, and the error says so', async () => {
    const cache = open({}, failing('lower'))

    await expect(cache.mutate('k', () => {})).rejects.toThrow('the write is made')
  })
})

onEveryStore('a write through the cache', ({ open }) => {
  it('leaves what it wrote in the cache', async () => {
    const [cache, other] = [open(), open()]

    expect(await cache.writeThrough('k', () => ({ name: 'new' }))).toEqual({ name: 'new' })

    expect(await other.get('k')).toEqual({ found: true, value: { name: 'new' } })
  })

  it('leaves nothing where two have written at once: which came last is not known', async () => {
    const [cache, other] = [open(), open()]
    const [one, two] = [gate<string>(), gate<string>()]
    const first = cache.writeThrough('k', one.load)
    const second = other.writeThrough('k', two.load)
    await Promise.all([one.called, two.called])

    one.answer('one')
    await first
    two.answer('two')
    await second

    expect(await cache.get('k')).toMatchObject({ found: false })
  })

  it('leaves nothing where somebody has invalidated meanwhile', async () => {
    const [cache, other] = [open(), open()]
    const commit = gate<string>()
    const writing = cache.writeThrough('k', commit.load)
    await commit.called

    await other.invalidate('k')
    commit.answer('older than that')
    await writing

    expect(await cache.get('k')).toMatchObject({ found: false })
  })

  it('leaves nothing where its barrier had fallen, and another has written', async () => {
    const held = new Held()
    const [cache, other] = [open({ barrierTtl: 40 }, held.wrap), open()]
    const commit = gate<string>()
    const raised = held.next('raise', 'after')
    const writing = cache.writeThrough('k', commit.load)
    await raised.reached

    while (!(await other.set('k', 'newer')));
    raised.release()
    await commit.called
    commit.answer('older')
    await writing

    expect(await other.get('k')).toMatchObject({ found: false })
  })

  it('leaves nothing where a writer whose own barrier had fallen has ended meanwhile', async () => {
    const held = new Held()
    const [cache, other, slow] = [open(), open(), open({ barrierTtl: 40 }, held.wrap)]
    const raised = held.next('raise', 'after')
    const late = slow.mutate('k', () => {})
    await raised.reached
    while (!(await other.set('k', 'the barrier has fallen')));
    const commit = gate<string>()
    const writing = cache.writeThrough('k', commit.load)
    await commit.called

    raised.release()
    await late
    commit.answer('older than that')
    await writing

    expect(await cache.get('k')).toMatchObject({ found: false })
  })

  it('of a value that the codec refuses is made, and says what is wrong with the value', async () => {
    const cache = open()
    await cache.getOrLoad('k', () => 'old')

    await expect(cache.writeThrough('k', () => undefined)).rejects.toMatchObject({ code: 'UNCACHEABLE' })

    expect(await cache.get('k')).toMatchObject({ found: false })
  })
})

onEveryStore('a write that settles', ({ open }) => {
  it('has nothing cached until then', async () => {
    const cache = open({ settle: '60s' })
    await cache.invalidate('k')

    await cache.getOrLoad('k', () => 'of a replica that lags')

    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
    expect(await cache.set('k', 'set')).toBe(false)
  })

  it('has everything cached again afterwards', async () => {
    const cache = open()
    await cache.mutate('k', () => {}, { settle: 30 })

    const fills = heard(cache, 'fill')
    while (fills.length === 0) await cache.getOrLoad('k', () => 'new')

    expect(await cache.get('k')).toEqual({ found: true, value: 'new' })
  })
})
