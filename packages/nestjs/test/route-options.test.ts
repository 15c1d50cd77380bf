import { Controller, Get, UseInterceptors } from '@nestjs/common'
import { describe, expect, it } from 'vitest'
import { CacheAsideInterceptor, CacheKey, CacheTTL, InvalidOptionsError, type RouteReadOptions } from '../src/index.ts'
import { ClockedStore, platforms, startApp } from './app.ts'

describe('@CacheTTL', () => {
  it.each([
    { wrong: 'a duration', options: 'soon', named: 'ttl' },
    { wrong: 'a ttl', options: { ttl: '1 lightyear' }, named: 'ttl' },
    { wrong: 'a window', options: { staleWhileRevalidate: -1 }, named: 'staleWhileRevalidate' },
    { wrong: 'a share', options: { earlyRefreshAt: 2 }, named: 'earlyRefreshAt' },
    { wrong: 'a retry', options: { retry: {} }, named: 'retry.when' },
    { wrong: 'an option of the module', options: { namespace: 'shop' }, named: 'namespace' },
    { wrong: 'an option of values', options: { negativeTtl: '1s' }, named: 'negativeTtl' },
    { wrong: 'tags', options: { tags: ['a'] }, named: 'tags' },
    { wrong: 'a typing error', options: { staleWhileRevalidating: '1s' }, named: 'staleWhileRevalidating' },
  ])('refuses $wrong while the class is defined, and names the route', ({ options, named }) => {
    const define = () => {
      class Products {
        @CacheTTL(options as RouteReadOptions)
        find() {}
      }
      return Products
    }

    expect(define).toThrow(InvalidOptionsError)
    expect(define).toThrow(`option "@CacheTTL of Products.find: ${named}": expected `)
  })

  it('names the controller where it stands on one, and every option that is wrong', () => {
    const define = () => {
      @CacheTTL({ ttl: 'soon', failSafe: 'long' })
      class Products {}
      return Products
    }

    expect(define).toThrow(/"@CacheTTL of Products: ttl".*"@CacheTTL of Products: failSafe"/)
  })
})

describe.each(platforms)('on $name, a route', (platform) => {
  it('adds its options to those of its controller, and both to those of the module', async () => {
    let runs = 0
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    @CacheTTL({ ttl: '1m', failSafe: '1h' })
    class Products {
      @Get('plain')
      @CacheKey('plain')
      plain() {
        if (++runs > 1) throw new Error('no database')
        return 'plain'
      }

      @Get('short')
      @CacheKey('short')
      @CacheTTL('1s')
      short() {
        if (++runs > 1) throw new Error('no database')
        return 'short'
      }

      @Get('strict')
      @CacheKey('strict')
      @CacheTTL({ failSafe: 0 })
      strict() {
        if (++runs > 1) throw new Error('no database')
        return 'strict'
      }
    }
    const store = new ClockedStore()
    const app = await startApp({ platform, controllers: [Products], cache: { store, jitter: 0, ttl: '5m' } })

    const after: Record<string, unknown> = {}
    for (const [route, fresh] of [
      ['plain', 60_000],
      ['short', 1_000],
      ['strict', 60_000],
    ] as const) {
      runs = 0
      await app.get(`/${route}`)
      store.pass(fresh - 1)
      const before = await app.get(`/${route}`)
      store.pass(1)
      const { status, cache } = await app.get(`/${route}`)
      after[route] = [before.cache, status, cache]
    }

    expect(after).toEqual({
      plain: ['HIT', 200, 'STALE'],
      short: ['HIT', 200, 'STALE'],
      strict: ['HIT', 500, 'MISS'],
    })
  })
})
