import { expect, it } from 'vitest'
import type { Store } from '../../src/protocol/store.ts'
import { next } from './events-heard.ts'
import { Held } from './held-store.ts'
import { onEveryStore } from './on-every-store.ts'

/** A store that does not hear invalidations until it is told to. */
class Deaf {
  hears = false

  readonly wrap = (store: Store): Store =>
    new Proxy(store, {
      get: (target, name: keyof Store) => {
        const isDeaf = ['invalidate', 'raise', 'lower', 'expire', 'clear'].includes(name)
        if (!isDeaf) return target[name].bind(target)
        return async (...args: never[]) => {
          if (!this.hears) throw new Error('Redis is away')
          return (target[name] as (...args: never[]) => Promise<unknown>).apply(target, args)
        }
      },
    })
}

/** design §5: what this process has invalidated, and Redis has not been told. */
onEveryStore('a key that is pending', ({ open }) => {
  const journal = { onUnreachable: 'journal' } as const

  it('is loaded by each call, and not cached', async () => {
    const cache = open(journal, new Deaf().wrap)
    await cache.getOrLoad('k', () => 'old')
    await cache.invalidate('k')

    expect(await cache.get('k')).toEqual({ found: false, value: undefined })
    expect(await cache.getOrLoad('k', () => 'one')).toBe('one')
    expect(await cache.getOrLoad('k', () => 'two')).toBe('two')
  })

  it('is not joined where the load of it began to look for it before', async () => {
    const [held, deaf] = [new Held(), new Deaf()]
    const [cache, other] = [open(journal, (store) => held.wrap(deaf.wrap(store))), open()]
    const read = held.next('read', 'after')
    const early = cache.getOrLoad('k', () => 'loaded early')
    await read.reached // It has found nothing.

    await cache.invalidate('k')
    await other.getOrLoad('k', () => 'older than the invalidation')
    read.release()
    const late = cache.getOrLoad('k', () => 'loaded late')

    expect(await late).not.toBe('older than the invalidation')
    expect(await early).not.toBe('older than the invalidation')
  })

  it('settles for as long as it was to, and not for as long as another was', async () => {
    const deaf = new Deaf()
    const cache = open(journal, deaf.wrap)
    const replay = async (key: string, settle: number | string) => {
      deaf.hears = false
      await cache.invalidate(key, settle === 0 ? {} : { settle: settle as '1h' })
      const replayed = next(cache, 'invalidate-replayed')
      deaf.hears = true
      await replayed
      await cache.getOrLoad(key, () => 'value')
      return (await cache.get(key)).found
    }

    expect([await replay('k', '1h'), await replay('l', 0)]).toEqual([false, true])
  })

  it('is cached again once Redis has been told', async () => {
    const deaf = new Deaf()
    const cache = open(journal, deaf.wrap)
    await cache.getOrLoad('k', () => 'old')
    await cache.invalidate('k')
    const replayed = next(cache, 'invalidate-replayed')
    deaf.hears = true
    await replayed // After a pause of the journal's own.

    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
    expect(await cache.get('k')).toEqual({ found: true, value: 'new' })
  })

  it.each(['invalidate', 'mutate'] as const)('by %s settles when Redis has been told, as it was to', async (by) => {
    const deaf = new Deaf()
    const [cache, other] = [open({ ...journal, settle: '1m' }, deaf.wrap), open()]
    await cache.getOrLoad('k', () => 'old')
    if (by === 'mutate') await cache.mutate('k', () => {})
    else await cache.invalidate('k')
    const replayed = next(cache, 'invalidate-replayed')
    deaf.hears = true
    await replayed

    await other.getOrLoad('k', () => 'of a replica that lags')

    expect(await other.get('k')).toMatchObject({ found: false })
  })

  it('of a write through whose barrier was acknowledged by nobody is not left in the cache', async () => {
    let arrive = async (): Promise<unknown> => undefined
    const unheard = (store: Store): Store =>
      new Proxy(store, {
        get: (target, name: keyof Store) => {
          if (name !== 'raise') return target[name].bind(target)
          return (...args: Parameters<Store['raise']>) => {
            arrive = () => target.raise(...args)
            return Promise.reject(new Error('no answer'))
          }
        },
      })
    const [cache, other] = [open(journal, unheard), open()]

    await cache.writeThrough('k', async () => {
      await other.invalidate('k')
      await arrive() // Late, after an invalidation that has found no barrier.
      return 'older than that'
    })

    expect(await other.get('k')).toMatchObject({ found: false })
  })
})
