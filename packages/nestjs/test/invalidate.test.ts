import { gate } from '@cache-aside/testkit'
import {
  Body,
  ConflictException,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Res,
  UseInterceptors,
} from '@nestjs/common'
import { of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { CacheAsideInterceptor, CacheInvalidate, CacheKey, cacheKey, MemoryStore, type Written } from '../src/index.ts'
import { bindGlobally, platforms, startApp } from './app.ts'

interface Product {
  readonly id: string
  readonly category: string
}

/** A store whose invalidations wait for the test. */
class GatedStore extends MemoryStore {
  readonly gate = gate<void>()

  override async invalidate(...args: Parameters<MemoryStore['invalidate']>) {
    await this.gate.load()
    await super.invalidate(...args)
  }
}

describe.each(platforms)('on $name, a write', (platform) => {
  function shop() {
    const names = new Map([['1', 'old']])
    @Controller()
    class Products {
      @Get('products/:id')
      @UseInterceptors(CacheAsideInterceptor)
      @CacheKey('product::id')
      find(@Param('id') id: string) {
        return { name: names.get(id) ?? null }
      }

      @Patch('products/:id')
      @CacheInvalidate('product::id', 'products:all')
      rename(@Param('id') id: string, @Body() { name }: { readonly name: string }) {
        names.set(id, name)
        return { renamed: id }
      }

      @Put('products/:id')
      @CacheInvalidate('product::id')
      refuse() {
        throw new ConflictException('taken')
      }

      @Delete('products/:id')
      @CacheInvalidate('product::id')
      refuseByStatus(@Res({ passthrough: true }) response: { status(code: number): unknown }) {
        response.status(409)
        return 'taken'
      }

      @Post('products')
      @CacheInvalidate(({ result, request }: Written<Product>) => [
        cacheKey('product', result.id),
        cacheKey('category', result.category, String(request.headers['x-tenant'])),
      ])
      create(): Product {
        return { id: '1', category: 'a:b' }
      }
    }
    return { names, Products }
  }

  it('invalidates its keys before the client has its answer', async () => {
    const { Products } = shop()
    const app = await startApp({ platform, controllers: [Products] })
    await app.get('/products/1')
    await app.cache.set('products:all', 'list')

    const write = await app.send('PATCH', '/products/1', { body: { name: 'new' } })
    const read = await app.get('/products/1')

    expect(write.json).toEqual({ renamed: '1' })
    expect([read.cache, read.text]).toEqual(['MISS', '{"name":"new"}'])
    expect((await app.cache.get('products:all')).found).toBe(false)
  })

  it('is answered when the invalidation is done, and not before', async () => {
    const { Products } = shop()
    const store = new GatedStore()
    const app = await startApp({ platform, controllers: [Products], cache: { store } })
    let answered = false

    const write = app.send('PATCH', '/products/1', { body: { name: 'new' } }).finally(() => (answered = true))
    await store.gate.called
    // An answer that was on its way would be there before these.
    for (let i = 0; i < 5; i++) await app.get('/products/1')
    expect(answered).toBe(false)
    store.gate.answer()

    expect((await write).status).toBe(200)
  })

  it.each(['PUT', 'DELETE'])('that failed invalidates nothing: %s', async (method) => {
    const { Products } = shop()
    const app = await startApp({ platform, controllers: [Products] })
    await app.get('/products/1')

    const write = await app.send(method, '/products/1')
    const read = await app.get('/products/1')

    expect(write.status).toBe(409)
    expect(read.cache).toBe('HIT')
  })

  it('invalidates what a function makes of the request and the result', async () => {
    const { Products } = shop()
    const app = await startApp({ platform, controllers: [Products] })
    await app.get('/products/1')
    await app.cache.set(cacheKey('category', 'a:b', 'acme'), 'list')

    const write = await app.send('POST', '/products', { headers: { 'x-tenant': 'acme' } })

    expect(write.json).toEqual({ id: '1', category: 'a:b' })
    expect((await app.get('/products/1')).cache).toBe('MISS')
    expect((await app.cache.get(cacheKey('category', 'a:b', 'acme'))).found).toBe(false)
  })

  it('is answered when the invalidation fails, and the log says what follows', async () => {
    const { Products } = shop()
    const store = new GatedStore()
    const app = await startApp({ platform, controllers: [Products], cache: { store } })
    const errors: unknown[] = []
    app.cache.events.on('invalidate-error', ({ keys }) => errors.push(keys))
    await app.get('/products/1')

    const answer = app.send('PATCH', '/products/1', { body: { name: 'new' } })
    await store.gate.called
    store.gate.fail(new Error('connection lost'))
    const write = await answer

    expect([write.status, write.json]).toEqual([200, { renamed: '1' }])
    expect(errors).toEqual([['product:1', 'products:all']])
    const [line, ...more] = app.log.matching(/^error:/)
    expect(line).toMatch(/Products\.rename .*product:1, products:all .*connection lost.*until its TTL ends/)
    expect(more).toEqual([])
  })

  it('is answered when a function throws or makes no key, and the log says so', async () => {
    @Controller()
    class Products {
      @Post('throws')
      @CacheInvalidate(() => {
        throw new Error('no category')
      })
      throws() {
        return 'written'
      }

      @Post('nothing')
      @CacheInvalidate(() => undefined as unknown as string)
      nothing() {
        return 'written'
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const answers = [await app.send('POST', '/throws'), await app.send('POST', '/nothing')]

    expect(answers.map(({ status, text }) => `${status} ${text}`)).toEqual(['201 written', '201 written'])
    expect(app.log.matching(/^error: Products\.throws .*no category/)).toHaveLength(1)
    expect(app.log.matching(/^error: Products\.nothing /)).toHaveLength(1)
  })

  it('invalidates once where interceptors are bound to the route, the controller and the application', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Post('products/:id')
      @HttpCode(200)
      @UseInterceptors(CacheAsideInterceptor)
      @CacheInvalidate('product::id')
      @CacheInvalidate('products:all')
      write() {
        return of('written')
      }
    }
    const app = await startApp({ platform, controllers: [Products], configure: bindGlobally })
    const invalidated: unknown[] = []
    app.cache.events.on('invalidate', ({ keys }) => invalidated.push(keys))

    const answer = await app.send('POST', '/products/1')

    expect([answer.status, answer.text, answer.cache]).toEqual([200, 'written', 'BYPASS'])
    expect(invalidated).toEqual([['product:1', 'products:all']])
  })

  it('is a write with GET too, and never answered from the cache', async () => {
    let runs = 0
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Legacy {
      @Get('touch')
      @CacheInvalidate('product:1')
      touch() {
        return { run: ++runs }
      }
    }
    const app = await startApp({ platform, controllers: [Legacy] })

    const answers = [await app.get('/touch'), await app.get('/touch')]

    expect(answers.map(({ text }) => text)).toEqual(['{"run":1}', '{"run":2}'])
  })

  it('keeps a reader out of the cache that began before it', async () => {
    const source = gate<string>()
    @Controller()
    class Products {
      @Get('products/:id')
      @UseInterceptors(CacheAsideInterceptor)
      @CacheKey('product::id')
      find() {
        return source.load()
      }

      @Patch('products/:id')
      @CacheInvalidate('product::id')
      rename() {
        return 'renamed'
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const early = app.get('/products/1')
    await source.called
    await app.send('PATCH', '/products/1')
    source.answer('old')
    const late = app.get('/products/1')
    await source.next()
    source.answer('new')

    expect((await early).text).toBe('old')
    expect((await late).text).toBe('new')
  })

  it('refuses a bad template while the class is defined', () => {
    expect(() => CacheInvalidate('product:*')).toThrow(/@CacheInvalidate.*'product::id'/)
  })
})
