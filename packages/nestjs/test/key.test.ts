import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  type NestInterceptor,
  Param,
  Query,
  Req,
  UseInterceptors,
  Version,
  VersioningType,
} from '@nestjs/common'
import { describe, expect, it } from 'vitest'
import { CacheAsideInterceptor, cacheKey, CacheKey, type HttpRequest } from '../src/index.ts'
import { platforms, startApp } from './app.ts'

class Outside implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle()
  }
}

describe.each(platforms)('on $name, the default key', (platform) => {
  @Controller()
  @UseInterceptors(CacheAsideInterceptor)
  class Echo {
    @Get('*')
    echo(@Req() request: HttpRequest & { readonly originalUrl: string }) {
      return `${request.hostname} ${request.originalUrl}`
    }
  }

  it('holds the host', async () => {
    const app = await startApp({ platform, controllers: [Echo] })

    const one = await app.getRaw('/products', 'one.example')
    const other = await app.getRaw('/products', 'other.example:8080')
    const again = await app.getRaw('/products', 'one.example')

    expect([one, other, again].map(({ text }) => text)).toEqual([
      'one.example /products',
      'other.example /products',
      'one.example /products',
    ])
    expect([one, other, again].map(({ cache }) => cache)).toEqual(['MISS', 'MISS', 'HIT'])
  })

  it('is the same for a query in another order', async () => {
    const app = await startApp({ platform, controllers: [Echo] })

    await app.get('/products?page=1&sort=name&tag=a&tag=b')
    const turned = await app.get('/products?tag=a&sort=name&tag=b&page=1')

    expect(turned.cache).toBe('HIT')
  })

  it.each([
    ['/a?tag=a&tag=b', '/a?tag=b&tag=a'],
    ['/a?tag=1&%74ag=2', '/a?%74ag=2&tag=1'],
    ['/a?tag=a&tag[]=b', '/a?tag[]=b&tag=a'],
    ['/a?name=%FF', '/a?name=%FE'],
    ['/a?b=1', '/a/b=1'],
    ['/a/b', '/a%2Fb'],
    ['/a?b=1%26c=2', '/a?b=1&c=2'],
    ['/a', '/A'],
  ])('tells %s from %s', async (one, other) => {
    const app = await startApp({ platform, controllers: [Echo] })

    const answers = [await app.getRaw(one, 'a.example'), await app.getRaw(other, 'a.example')]

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'MISS'])
  })

  it('tells two versions apart that share a URL', async () => {
    @Controller({ path: 'products', version: '1' })
    @UseInterceptors(CacheAsideInterceptor)
    class One {
      @Get()
      list() {
        return 'one'
      }
    }
    @Controller('products')
    @UseInterceptors(CacheAsideInterceptor)
    class Two {
      @Get()
      @Version(['2', '3'])
      list() {
        return 'two'
      }
    }
    // Two classes of one name, as in v1/products.controller.ts and v2/products.controller.ts.
    Object.defineProperty(Two, 'name', { value: 'One' })
    const app = await startApp({
      platform,
      controllers: [One, Two],
      configure: (nest) => nest.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version' }),
    })

    const answers = [await app.get('/products', { 'x-version': '1' }), await app.get('/products', { 'x-version': '2' })]

    expect(answers.map(({ text }) => text)).toEqual(['one', 'two'])
    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'MISS'])
  })
})

describe.each(platforms)('on $name, @CacheKey', (platform) => {
  it('gives the response a key that others can invalidate', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products/:id')
      @CacheKey('product::id')
      find(@Param('id') id: string, @Query('noise') noise?: string) {
        return `${id} ${noise}`
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const first = await app.get('/products/a%3Ab?noise=1')
    const second = await app.get('/products/a%3Ab?noise=2')
    await app.cache.invalidate(cacheKey('product', 'a:b'))
    const third = await app.get('/products/a%3Ab?noise=3')

    expect([first.text, second.text, third.text]).toEqual(['a:b 1', 'a:b 1', 'a:b 3'])
    expect([first.cache, second.cache, third.cache]).toEqual(['MISS', 'HIT', 'MISS'])
  })

  it('takes a list and a missing name for what they are', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products')
      @CacheKey('products::tag')
      list(@Query('tag') tag?: string | string[]) {
        return { tag: tag ?? null }
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    for (const path of [
      '/products',
      '/products?tag=',
      '/products?tag=a&tag=b',
      '/products?tag=a,b',
      '/products?tag=%25~',
    ]) {
      const [miss, hit] = [await app.get(path), await app.get(path)]
      expect([path, miss.cache, hit.cache]).toEqual([path, 'MISS', 'HIT'])
      expect(hit.text).toBe(miss.text)
    }
  })

  it('reads headers and the body', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('tenant')
      @CacheKey('tenant::headers.X-Tenant')
      tenant(@Req() { headers }: HttpRequest) {
        return headers['x-tenant']
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const answers = [
      await app.get('/tenant', { 'x-tenant': 'acme' }),
      await app.get('/tenant', { 'x-tenant': 'other' }),
      await app.get('/tenant', { 'x-tenant': 'acme' }),
    ]

    expect(answers.map(({ text }) => text)).toEqual(['acme', 'other', 'acme'])
    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'MISS', 'HIT'])
  })

  it('takes a function of the request and the context', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products/:id')
      @CacheKey<HttpRequest & { readonly params: { readonly id: string } }>(({ params }, context) =>
        cacheKey(context.getHandler().name, params.id.toLowerCase()),
      )
      find(@Param('id') id: string) {
        return id
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const answers = [await app.get('/products/ABC'), await app.get('/products/abc')]

    expect(answers.map(({ text }) => text)).toEqual(['ABC', 'ABC'])
    expect(await app.cache.ttl('find:abc')).not.toBeNull()
  })

  it('runs uncached, and warns once, where a function gives no key', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('throws/:id')
      @CacheKey(() => {
        throw new Error('no tenant')
      })
      throws(@Param('id') id: string) {
        return id
      }

      @Get('nothing/:id')
      @CacheKey(() => undefined as unknown as string)
      nothing(@Param('id') id: string) {
        return id
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const answers = await Promise.all(
      ['/throws/1', '/throws/2', '/nothing/1', '/nothing/2'].map((path) => app.get(path)),
    )

    expect(answers.map(({ text }) => text)).toEqual(['1', '2', '1', '2'])
    expect(answers.map(({ cache }) => cache)).toEqual(['BYPASS', 'BYPASS', 'BYPASS', 'BYPASS'])
    expect(app.log.matching(/^warn: Products\.throws is not cached: Error: no tenant/)).toHaveLength(1)
    expect(app.log.matching(/^warn: Products\.nothing is not cached: .*returned undefined/)).toHaveLength(1)
  })

  it('does not give every product one entry where a colon is missing', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products/:id')
      @CacheKey('product:id')
      find(@Param('id') id: string) {
        return id
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const answers = [await app.get('/products/1'), await app.get('/products/2')]

    expect(answers.map(({ text }) => text)).toEqual(['1', '2'])
    expect(app.log.matching(/write "::id"/)).toHaveLength(1)
  })

  it('runs uncached for a key that is longer than any key may be', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products')
      @CacheKey((request) => 'k'.repeat(20_000) + String(request.query))
      list() {
        return 'list'
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const answer = await app.get('/products')

    expect([answer.status, answer.text, answer.cache]).toEqual([200, 'list', 'BYPASS'])
  })

  it('never hands out a value that something else has put under the key, and replaces it', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products/:id')
      @CacheKey('product::id')
      find(@Param('id') id: string) {
        return `product ${id}`
      }
    }
    const app = await startApp({ platform, controllers: [Products] })
    await app.cache.set('product:1', { name: 'a product, and no response' })

    const answers = [await app.get('/products/1'), await app.get('/products/1')]

    expect(answers.map(({ cache, text }) => `${cache} ${text}`)).toEqual(['MISS product 1', 'HIT product 1'])
    expect(await app.cache.get('product:1')).toEqual({ found: false })
  })

  it('says so where the cache cannot tell a value from a response by how it is written', async () => {
    @Controller()
    @UseInterceptors(new Outside(), CacheAsideInterceptor)
    class Products {
      @Get('products/:id')
      @CacheKey('product::id')
      find(@Param('id') id: string) {
        return `product ${id}`
      }
    }
    const app = await startApp({ platform, controllers: [Products] })
    await app.cache.set('product:1', { name: 'a product, and no response' })

    const answers = [await app.get('/products/1'), await app.get('/products/1')]

    expect(answers.map(({ text }) => text)).toEqual(['product 1', 'product 1'])
    expect(app.log.matching(/"product:1" holds a value that is not a response/)).toHaveLength(1)
  })

  it('refuses a bad template while the class is defined', () => {
    expect(() => CacheKey('product:{id}')).toThrow(/@CacheKey.*'product::id'/)
  })
})
