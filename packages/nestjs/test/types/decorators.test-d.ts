import { Controller, Get } from '@nestjs/common'
import { describe, expectTypeOf, it } from 'vitest'
import {
  CacheAsideModule,
  CacheAsideService,
  CacheInvalidate,
  CacheInvalidateTag,
  CacheKey,
  CacheMutate,
  CacheMutateTag,
  CachePolicy,
  CacheTags,
  CacheTTL,
  type Eviction,
  type HttpRequest,
  type Loaded,
  type Lookup,
  MemoryStore,
  NoCache,
  OnCacheEviction,
  type Written,
} from '../../src/index.ts'

interface AuthenticatedRequest extends HttpRequest {
  readonly user: { readonly id: number }
}

interface Product {
  readonly id: string
}

describe('the decorators', () => {
  it('take what they are for', () => {
    @Controller()
    @CacheTTL('1m')
    @CachePolicy({ credentials: (request: AuthenticatedRequest) => request.user.id })
    @CacheTags('catalogue', 'tenant::headers.x-tenant')
    @NoCache()
    class Products {
      @Get()
      @CacheKey((request) => {
        expectTypeOf(request).toEqualTypeOf<HttpRequest>()
        return 'key'
      })
      @CacheTTL(1_000)
      @CacheTTL({ ttl: '1m', staleWhileRevalidate: '30s', failSafe: '1h', earlyRefresh: 1, softTimeout: 500 })
      @CachePolicy({ statuses: [404], instances: 'plain', credentials: 'shared' })
      @CacheTags('catalogue', ({ result }: Loaded<Product>) => ['a', result.id])
      @CacheTags(({ request, result }) => {
        expectTypeOf(request).toEqualTypeOf<HttpRequest>()
        expectTypeOf(result).toEqualTypeOf<unknown>()
        return 'a'
      })
      @CacheTags(({ request }: Loaded<Product, AuthenticatedRequest>) => String(request.user.id))
      list() {}

      @CacheInvalidate('product::id', ({ result }: Written<Product>) => result.id)
      @CacheInvalidate(({ request }) => {
        expectTypeOf(request).toEqualTypeOf<HttpRequest>()
        return ['a', 'b']
      })
      @CacheInvalidateTag('category::id', ({ result }: Written<Product>) => [result.id])
      write() {}

      @CacheMutate('product::id', (request) => {
        expectTypeOf(request).toEqualTypeOf<HttpRequest>()
        return ['a', 'b']
      })
      @CacheMutate((request: AuthenticatedRequest) => String(request.user.id))
      @CacheMutateTag('category::id', ({ body }) => {
        expectTypeOf(body).toEqualTypeOf<unknown>()
        return 'a'
      })
      change() {}

      @OnCacheEviction('product:*')
      onGone(_eviction: Eviction) {}

      @OnCacheEviction('product:*')
      async warm() {}
    }
    expectTypeOf(Products).toBeConstructibleWith()
  })

  it('refuse what would do nothing', () => {
    // @ts-expect-error one key for every route of a controller
    @CacheKey('all')
    // @ts-expect-error a controller does not write
    @CacheInvalidate('all')
    // @ts-expect-error a controller does not write
    @CacheMutate('all')
    // @ts-expect-error a controller does not write
    @CacheInvalidateTag('all')
    // @ts-expect-error a controller does not write
    @CacheMutateTag('all')
    class OnAController {
      // @ts-expect-error no key
      @CacheInvalidate()
      // @ts-expect-error no key
      @CacheKey()
      // @ts-expect-error no duration
      @CacheTTL()
      // @ts-expect-error an option of the module
      @CacheTTL({ namespace: 'shop' })
      // @ts-expect-error a response is never a null
      @CacheTTL({ negativeTtl: '1s' })
      // @ts-expect-error no key
      @CacheMutate()
      // @ts-expect-error the result is not known before the handler runs
      @CacheMutate(({ result }) => result.id)
      // @ts-expect-error no tag
      @CacheTags()
      // @ts-expect-error a list in place of tags
      @CacheTags(['a', 'b'])
      // @ts-expect-error a tag is text
      @CacheTags(() => 7)
      // @ts-expect-error a result that nobody has described
      @CacheTags(({ result }) => result.id)
      // @ts-expect-error given by @CacheTags
      @CacheTTL({ tags: ['a'] })
      // @ts-expect-error no tag
      @CacheInvalidateTag()
      // @ts-expect-error the result is not known before the handler runs
      @CacheMutateTag(({ result }) => result.id)
      // @ts-expect-error a typing error
      @CachePolicy({ credentials: 'share' })
      // @ts-expect-error not an option
      @CachePolicy({ status: [404] })
      // @ts-expect-error a key is text
      @CacheKey(() => 7)
      // @ts-expect-error a result that nobody has described
      @CacheInvalidate(({ result }) => result.id)
      route() {}

      // @ts-expect-error called with an eviction, and not with text
      @OnCacheEviction('product:*')
      onGone(_key: string) {}
    }
    expectTypeOf(OnAController).toBeConstructibleWith()
  })
})

describe('the module', () => {
  it('needs a namespace, and a factory that gives one', () => {
    CacheAsideModule.forRoot({ namespace: 'shop', store: new MemoryStore(), isGlobal: true, startWithoutRedis: true })
    CacheAsideModule.forRootAsync({ useFactory: () => ({ namespace: 'shop', redis: 'redis://localhost' }) })
    // @ts-expect-error no namespace
    CacheAsideModule.forRoot({ store: new MemoryStore() })
    // @ts-expect-error no namespace
    CacheAsideModule.forRootAsync({ useFactory: () => ({ redis: 'redis://localhost' }) })
  })
})

describe('the service', () => {
  it('knows the type of what a loader returns', async () => {
    const cache = null as unknown as CacheAsideService
    expectTypeOf(cache.getOrLoad('key', () => ({ id: '1' }))).resolves.toEqualTypeOf<{ id: string }>()
    expectTypeOf(cache.get<Product>('key')).resolves.toEqualTypeOf<Lookup<Product>>()
  })
})
