import type { Availability } from '@cache-aside/core'
import { Controller, Get, Patch, UseInterceptors } from '@nestjs/common'
import { describe, expect, it } from 'vitest'
import {
  CacheAsideInterceptor,
  type CacheAsideModuleOptions,
  CacheInvalidate,
  CacheInvalidateTag,
  CacheKey,
  MemoryStore,
} from '../src/index.ts'
import { platforms, startApp } from './app.ts'

/** A store that is away when a test says so. */
class AwayStore extends MemoryStore {
  readonly #listeners = new Set<(change: Availability) => void>()
  #isAway = false

  go(): void {
    this.#isAway = true
    for (const tell of this.#listeners) tell({ kind: 'degraded', reason: new Error('connection lost') })
  }

  comeBack(): void {
    this.#isAway = false
    for (const tell of this.#listeners) tell({ kind: 'recovered', after: 1 })
  }

  override onChange(listener: (change: Availability) => void = () => {}): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What the server tells of changes. */
  tracking: Parameters<MemoryStore['track']>[1] | undefined

  override track(...args: Parameters<MemoryStore['track']>) {
    this.tracking = args[1]
    return super.track(...args)
  }

  override async read(...args: Parameters<MemoryStore['read']>) {
    this.#refuse()
    return super.read(...args)
  }

  override async invalidate(...args: Parameters<MemoryStore['invalidate']>) {
    this.#refuse()
    return super.invalidate(...args)
  }

  override async bump(...args: Parameters<MemoryStore['bump']>) {
    this.#refuse()
    return super.bump(...args)
  }

  override async clear(...args: Parameters<MemoryStore['clear']>) {
    this.#refuse()
    return super.clear(...args)
  }

  #refuse(): void {
    if (this.#isAway) throw new Error('connection lost')
  }
}

describe.each(platforms)('on $name, the log', (platform) => {
  async function start(cache: Partial<CacheAsideModuleOptions> = {}) {
    @Controller()
    class Products {
      @Get('products')
      @UseInterceptors(CacheAsideInterceptor)
      @CacheKey('secret-key')
      list() {
        return 'secret-value'
      }

      @Patch('products')
      @CacheInvalidate('secret-key')
      @CacheInvalidateTag('secret-tag')
      write() {
        return 'written'
      }
    }
    const store = new AwayStore()
    const app = await startApp({ platform, controllers: [Products], cache: { store, ...cache } })
    const traffic = async () => {
      for (let i = 0; i < 10; i++) {
        await app.get('/products')
        await app.send('PATCH', '/products')
      }
    }
    return { app, store, traffic, lines: () => app.log.matching(/Redis|Invalidation|clear/) }
  }

  it('has one line for each change of state, whatever the load', async () => {
    const { app, store, traffic, lines } = await start({ onUnreachable: 'journal' })
    await traffic()
    const before = lines()

    const replayed = app.next('invalidate-replayed')
    store.go()
    await traffic()
    store.comeBack()
    await replayed
    await traffic()

    expect(before).toEqual([])
    expect(lines()).toEqual([
      expect.stringMatching(/^warn: Redis is away: Error: connection lost/),
      expect.stringMatching(/^warn: Invalidations are pending: /),
      'log: Redis is back: caching again',
      'log: Invalidations are replayed (keys and tags: 2)',
    ])
    expect(app.log.lines.join('\n')).not.toContain('secret')
  })

  it('has them again for the next time', async () => {
    const { app, store, traffic, lines } = await start({ onUnreachable: 'journal' })

    for (let time = 0; time < 2; time++) {
      const replayed = app.next('invalidate-replayed')
      store.go()
      await traffic()
      store.comeBack()
      await replayed
    }

    expect(lines()).toHaveLength(8)
  })

  it('says when a clear is pending, once, and that nothing is read from the cache meanwhile', async () => {
    const { app, store, traffic, lines } = await start({ onUnreachable: 'journal' })
    const replayed = app.next('invalidate-replayed')

    store.go()
    await traffic()
    for (let time = 0; time < 2; time++) await app.cache.clear()
    await traffic()
    store.comeBack()
    await replayed

    expect(lines().slice(1)).toEqual([
      expect.stringMatching(/^warn: Invalidations are pending: /),
      expect.stringMatching(/^warn: A clear is pending: .*reads nothing from the cache/),
      'log: Redis is back: caching again',
      expect.stringMatching(/^log: Invalidations are replayed \(keys and tags: .*, and the whole namespace\)/),
    ])
  })

  it('has one line for a route whose invalidations are not acknowledged, where there is no journal', async () => {
    const { app, store, traffic } = await start()
    store.go()

    await traffic()

    expect(app.log.matching(/^error:/)).toEqual([
      expect.stringMatching(
        /Products\.write wrote, but secret-key could not be .*; secret-tag could not be .*until its TTL ends/,
      ),
    ])
  })

  it('says that invalidations are lost when the application ends before Redis is back', async () => {
    const { app, store, traffic, lines } = await start({ onUnreachable: 'journal' })
    store.go()
    await traffic()

    await app.nest.close()

    expect(lines().at(-1)).toMatch(/^error: Invalidations are lost \(keys and tags: 2\)/)
    expect(app.log.matching(/^error:/)).toHaveLength(1)
  })

  it('says when what others change is no longer heard, and when it is again', async () => {
    const { app, store, traffic } = await start({ near: true })
    await traffic()
    const before = app.log.matching(/others change/)

    store.tracking?.lost('the connection was lost')
    store.tracking?.ready()
    store.tracking?.ready()

    expect(before).toEqual([])
    expect(app.log.matching(/others change/)).toEqual([
      'warn: What others change may be missed: the connection was lost (the near cache was emptied)',
      'log: What others change is heard again',
    ])
  })

  it('says when the server does not tell what others change', async () => {
    const { app, store, traffic } = await start({ near: true })
    await traffic()

    store.tracking?.refused(new Error('NOPERM'))
    await traffic()

    expect(app.log.matching(/others change/)).toEqual([
      expect.stringMatching(
        /^warn: What others change is not told by the server: Error: NOPERM \(there is no near cache/,
      ),
    ])
  })
})
