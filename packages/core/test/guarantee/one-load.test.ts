import { gate } from '@cache-aside/testkit'
import { expect, it } from 'vitest'
import type { CacheAside } from '../../src/cache/cache.ts'
import type { Store } from '../../src/protocol/store.ts'
import { onEveryStore } from './on-every-store.ts'

const misses = (cache: CacheAside, count: number) =>
  new Promise<void>((resolve) => {
    cache.events.on('miss', () => cache.stats().misses === count && resolve())
  })

/** design §1, P5; between operating system processes in `../fault/processes.test.ts`. */
onEveryStore('one load', ({ open }) => {
  it('serves every caller in every process', async () => {
    const caches = [open(), open(), open()]
    const source = gate<{ name: string }>()

    const allMissed = caches.map((cache) => misses(cache, 50))
    const reads = caches.flatMap((cache) => Array.from({ length: 50 }, () => cache.getOrLoad('k', source.load)))
    await Promise.all([source.called, ...allMissed])
    source.answer({ name: 'one' })

    expect(await Promise.all(reads)).toEqual(Array.from({ length: 150 }, () => ({ name: 'one' })))
    expect(source.calls).toBe(1)
    expect(caches.reduce((sum, cache) => sum + cache.stats().stampedesSuppressed, 0)).toBe(149)
  })

  it('fails leader and joiners with the error itself, and leaves no lease behind', async () => {
    const cache = open()
    const source = gate<string>()
    const reads = Array.from({ length: 20 }, () => cache.getOrLoad('k', source.load))
    await source.called
    const error = new TypeError('no such column')
    source.fail(error)

    const outcomes = await Promise.allSettled(reads)

    expect(outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason === error)).toBe(true)
    expect(source.calls).toBe(1)
    expect(await cache.getOrLoad('k', () => 'next')).toBe('next')
    expect(cache.stats()).toMatchObject({ loads: 2, loadErrors: 1 })
  })

  it('is made by another process when the first one failed', async () => {
    const [cache, other] = [open(), open()]
    const source = gate<string>()
    const failing = cache.getOrLoad('k', source.load)
    await source.called
    const waiting = other.getOrLoad('k', () => 'loaded')

    source.fail(new Error('gone'))

    await expect(failing).rejects.toThrow('gone')
    expect(await waiting).toBe('loaded')
  })

  it('keeps its lease for as long as the loader runs', async () => {
    const extensions: string[] = []
    let enough = () => {}
    const outlived = new Promise<void>((resolve) => {
      enough = resolve
    })
    const watched = (store: Store): Store =>
      new Proxy(store, {
        get: (target, name: keyof Store) => {
          if (name !== 'extend') return target[name].bind(target)
          return async (...args: Parameters<Store['extend']>) => {
            const reply = await target.extend(...args)
            if (extensions.push(reply) === 5) enough() // Five thirds of the TTL: it would have ended.
            return reply
          }
        },
      })
    const cache = open({ leaseTtl: 300 }, watched)
    const other = open()
    const source = gate<string>()
    const read = cache.getOrLoad('k', source.load)
    await source.called
    const waiting = other.getOrLoad('k', () => 'a second load')

    await outlived
    source.answer('one')

    expect(await Promise.all([read, waiting])).toEqual(['one', 'one'])
    expect(extensions).toEqual(Array(extensions.length).fill('extended'))
  })

  it('hands each caller a value of its own', async () => {
    const cache = open()
    const loaded = { tags: ['a'] }
    const [first, second] = await Promise.all([cache.getOrLoad('k', () => loaded), cache.getOrLoad('k', () => loaded)])

    first?.tags.push('changed')
    loaded.tags.push('changed')

    expect(second).toEqual({ tags: ['a'] })
    expect(await cache.get('k')).toEqual({ found: true, value: { tags: ['a'] } })
  })

  it('is not cached when its loader declines, and is shared all the same', async () => {
    const cache = open()
    const source = gate<string>()
    const reads = Array.from({ length: 5 }, () =>
      cache.getOrLoad('k', async (context) => {
        context.decline()
        return source.load()
      }),
    )
    await source.called
    source.answer('declined')

    expect(await Promise.all(reads)).toEqual(Array(5).fill('declined'))
    expect(source.calls).toBe(1)
    expect(await cache.get('k')).toEqual({ found: false, value: undefined })
  })
})
