import { gate } from '@cache-aside/testkit'
import { Controller, Get, NotFoundException, Param, Query, Req, UseInterceptors } from '@nestjs/common'
import { describe, expect, it } from 'vitest'
import {
  CacheAsideInterceptor,
  CacheKey,
  cacheKey,
  CachePolicy,
  CacheTags,
  CacheTTL,
  type HttpRequest,
  type Loaded,
  MemoryStore,
} from '../src/index.ts'
import { type App, cacheOptions, ClockedStore, platforms, startApp } from './app.ts'

interface Product {
  readonly id: string
  readonly category: string
}

const userOf = ({ headers }: HttpRequest) => headers.authorization?.slice('Bearer '.length)
const as = (user: string) => ({ authorization: `Bearer ${user}` })

/** What the cache says of each path. */
async function outcomes(app: App, ...paths: readonly string[]) {
  const answers: unknown[] = []
  for (const path of paths) answers.push((await app.get(path)).cache)
  return answers
}

describe.each(platforms)('on $name, a response with @CacheTags', (platform) => {
  it('is void once the tag of a template is invalidated, whatever its key', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products')
      @CacheTags('catalogue', 'category::category')
      list(@Query('category') category: string) {
        return category
      }
    }
    const app = await startApp({ platform, controllers: [Products] })
    const paths = ['/products?category=a:b&page=1', '/products?category=a:b&page=2', '/products?category=c']
    await outcomes(app, ...paths)

    await app.cache.invalidateTag(cacheKey('category', 'a:b'))

    expect(await outcomes(app, ...paths)).toEqual(['MISS', 'MISS', 'HIT'])
    await app.cache.invalidateTag('catalogue')
    expect(await outcomes(app, ...paths)).toEqual(['MISS', 'MISS', 'MISS'])
  })

  it('is void by what a function makes of the request and the result', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products/:id')
      @CacheTags(({ result, request }: Loaded<Product>) => [
        cacheKey('category', result.category),
        cacheKey('tenant', String(request.headers['x-tenant'])),
      ])
      find(@Param('id') id: string): Product {
        return { id, category: id.charAt(0) }
      }
    }
    const app = await startApp({ platform, controllers: [Products] })
    const tenant = { 'x-tenant': 'acme' }
    await app.get('/products/a1')
    await app.get('/products/b1', tenant)

    await app.cache.invalidateTag('category:a')

    expect(await outcomes(app, '/products/a1', '/products/b1')).toEqual(['MISS', 'HIT'])
    await app.cache.invalidateTag('tenant:acme')
    expect(await outcomes(app, '/products/a1', '/products/b1')).toEqual(['HIT', 'MISS'])
  })

  it('has the tags of its route, its controller and the class that this extends', async () => {
    @CacheTags('base')
    class Base {}
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    @CacheTags('controller', () => 'made')
    class Products extends Base {
      @Get('products')
      @CacheTags('route')
      @CacheTags('route, too'.replaceAll(/\W+/g, '-'))
      list() {
        return 'list'
      }
    }
    const app = await startApp({ platform, controllers: [Products] })
    await app.get('/products')

    for (const tag of ['base', 'controller', 'made', 'route', 'route-too']) {
      expect([tag, ...(await outcomes(app, '/products'))]).toEqual([tag, 'HIT'])
      await app.cache.invalidateTag(tag)
      expect([tag, ...(await outcomes(app, '/products'))]).toEqual([tag, 'MISS'])
    }
  })

  it("is void for every user, and nobody is given another's", async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    @CachePolicy({ credentials: userOf })
    class Cart {
      @Get('cart')
      @CacheKey('cart')
      @CacheTags('prices', ({ request }) => cacheKey('user', String(userOf(request))))
      read(@Req() request: HttpRequest) {
        return userOf(request)
      }
    }
    const app = await startApp({ platform, controllers: [Cart] })
    const users = ['ada', 'bob'] as const
    const read = async () => {
      const answers = await Promise.all(users.map((user) => app.get('/cart', as(user))))
      return answers.map(({ cache, text }) => `${cache} ${text}`)
    }
    await read()

    await app.cache.invalidateTag('prices')

    expect(await read()).toEqual(['MISS ada', 'MISS bob'])
    await app.cache.invalidateTag('user:ada')
    expect(await read()).toEqual(['MISS ada', 'HIT bob'])
  })

  it('is not stored where a tag of it was invalidated while its handler ran', async () => {
    const source = gate<Product>()
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products/:id')
      @CacheTags(({ result }: Loaded<Product>) => cacheKey('category', result.category))
      find() {
        return source.load()
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const early = app.get('/products/1')
    await source.called
    await app.cache.invalidateTag('category:tea')
    source.answer({ id: '1', category: 'tea' })
    await early
    const late = app.get('/products/1')
    await source.next()
    source.answer({ id: '1', category: 'coffee' })

    expect((await early).json).toMatchObject({ category: 'tea' })
    expect((await late).json).toMatchObject({ category: 'coffee' })
  })

  it('has the tags of what a run behind an answer has brought', async () => {
    let category = 'tea'
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products/:id')
      @CacheTTL({ ttl: '1s', staleWhileRevalidate: '1h' })
      @CacheTags(({ result }: Loaded<Product>) => cacheKey('category', result.category))
      find(@Param('id') id: string) {
        return { id, category }
      }
    }
    const store = new ClockedStore()
    const app = await startApp({ platform, controllers: [Products], cache: { store, jitter: 0 } })
    await app.get('/products/1')
    category = 'coffee'
    store.pass(1_000)
    const filled = app.next('fill')
    expect(await outcomes(app, '/products/1')).toEqual(['STALE'])
    await filled

    await app.cache.invalidateTag('category:tea')
    expect(await outcomes(app, '/products/1')).toEqual(['HIT'])
    await app.cache.invalidateTag('category:coffee')
    expect(await outcomes(app, '/products/1')).toEqual(['MISS'])
  })

  it('is not the one that was stored before its route had a tag', async () => {
    const options = { namespace: cacheOptions().namespace, store: new MemoryStore() }
    const version = (...decorators: readonly MethodDecorator[]) => {
      @Controller()
      @UseInterceptors(CacheAsideInterceptor)
      class Products {
        @Get('products')
        @CacheKey('products')
        list() {
          return 'list'
        }
      }
      const method = Object.getOwnPropertyDescriptor(Products.prototype, 'list') as PropertyDescriptor
      for (const decorate of decorators) decorate(Products.prototype, 'list', method)
      return startApp({ platform, controllers: [Products], cache: options })
    }
    const [before, after] = [await version(), await version(CacheTags('catalogue'))]
    await before.get('/products')

    expect(await outcomes(after, '/products', '/products')).toEqual(['MISS', 'HIT'])
    expect(await outcomes(before, '/products')).toEqual(['HIT'])
  })

  it('is not stored where a function gives no tags, and each request runs its handler', async () => {
    const source = gate<string>()
    const failing = () => {
      throw new Error('no category')
    }
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('throws')
      @CacheTags(failing)
      throws() {
        return source.load()
      }

      @Get('nothing')
      @CacheTags(() => undefined as unknown as string)
      nothing() {
        return 'nothing'
      }

      @Get('many')
      @CacheTags(() => Array.from({ length: 65 }, (_, at) => `tag-${at}`))
      many() {
        return 'many'
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const first = app.get('/throws')
    await source.called
    const second = app.get('/throws')
    await app.next('miss')
    const next = source.next()
    source.answer('first')
    await next
    source.answer('second')
    const throwing = await Promise.all([first, second])

    expect(throwing.map(({ status, text }) => `${status} ${text}`)).toEqual(['200 first', '200 second'])
    expect(await outcomes(app, '/nothing', '/nothing')).toEqual(['MISS', 'BYPASS'])
    expect(await outcomes(app, '/many', '/many')).toEqual(['MISS', 'BYPASS'])
    expect(app.log.matching(/^warn: Products\.throws is not cached: Error: no category/)).toHaveLength(1)
    expect(app.log.matching(/^warn: Products\.nothing is not cached: .*tag of type undefined/)).toHaveLength(1)
    expect(app.log.matching(/^warn: Products\.many is not cached: .*at most 64/)).toHaveLength(1)
  })

  it('has each tag once, however often its functions make it', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products')
      @CacheTags('category:tea', ({ result }: Loaded<Product[]>) =>
        result.map(({ category }) => `category:${category}`),
      )
      list(): Product[] {
        return Array.from({ length: 100 }, (_, at) => ({ id: String(at), category: 'tea' }))
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    expect(await outcomes(app, '/products', '/products')).toEqual(['MISS', 'HIT'])
  })

  it('is not asked for its tags where the handler throws an answer', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products/:id')
      @CacheTags(({ result }: Loaded<Product>) => cacheKey('category', result.category))
      find() {
        throw new NotFoundException('no such product')
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    expect((await app.get('/products/1')).status).toBe(404)
    expect(app.log.matching(/^warn/)).toEqual([])
  })

  it('runs uncached, and warns once, where a colon is missing in a template', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('categories/:category')
      @CacheTags('of:category')
      list() {
        return 'list'
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    expect(await outcomes(app, '/categories/tea', '/categories/tea')).toEqual(['BYPASS', 'BYPASS'])
    expect(app.log.matching(/^warn: Products\.list is not cached: .*@CacheTags.*write "::category"/)).toHaveLength(1)
  })

  it('refuses a bad template while the class is defined', () => {
    expect(() => CacheTags('product:*')).toThrow(/@CacheTags.*'product::id'/)
  })
})
