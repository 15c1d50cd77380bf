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
import { ExternalContextCreator } from '@nestjs/core'
import { describe, expect, it } from 'vitest'
import {
  CacheAsideInterceptor,
  CacheInvalidate,
  CacheKey,
  cacheKey,
  CacheMutate,
  CachePolicy,
  type HttpRequest,
  MemoryStore,
  type Written,
} from '../src/index.ts'
import { platforms, startApp } from './app.ts'

/** A store that is away when a test says so. */
class AwayStore extends MemoryStore {
  raises = true
  lowers = true

  override async raise(...args: Parameters<MemoryStore['raise']>) {
    if (!this.raises) throw new Error('connection lost')
    return super.raise(...args)
  }

  override async lower(...args: Parameters<MemoryStore['lower']>) {
    if (!this.lowers) throw new Error('connection lost')
    return super.lower(...args)
  }
}

describe.each(platforms)('on $name, a write with @CacheMutate', (platform) => {
  function shop() {
    const names = new Map([['1', 'old']])
    const write = gate<void>()
    @Controller()
    class Products {
      @Get('products/:id')
      @UseInterceptors(CacheAsideInterceptor)
      @CacheKey('product::id')
      find(@Param('id') id: string) {
        return { name: names.get(id) ?? null }
      }

      @Patch('products/:id')
      @CacheMutate('product::id', 'products:all')
      async rename(@Param('id') id: string, @Body() { name }: { readonly name: string }) {
        await write.load()
        names.set(id, name)
        return { renamed: id }
      }

      @Put('products/:id')
      @CacheMutate('product::id')
      fails(@Param('id') id: string) {
        names.set(id, 'half')
        throw new ConflictException('taken')
      }

      @Delete('products/:id')
      @CacheMutate('product::id')
      failsByStatus(@Param('id') id: string, @Res({ passthrough: true }) response: { status(code: number): unknown }) {
        names.set(id, 'half')
        response.status(409)
        return 'taken'
      }
    }
    return { Products, names, write }
  }

  it('keeps readers out of the cache from before it begins until its keys are void', async () => {
    const { Products, write } = shop()
    const app = await startApp({ platform, controllers: [Products] })
    await app.get('/products/1')

    const answer = app.send('PATCH', '/products/1', { body: { name: 'new' } })
    await write.called
    const during = [await app.get('/products/1'), await app.get('/products/1')]
    write.answer()
    const written = await answer
    const after = [await app.get('/products/1'), await app.get('/products/1')]

    expect([written.status, written.json]).toEqual([200, { renamed: '1' }])
    expect(during.map(({ cache, text }) => `${cache} ${text}`)).toEqual(['MISS {"name":"old"}', 'MISS {"name":"old"}'])
    expect(after.map(({ cache, text }) => `${cache} ${text}`)).toEqual(['MISS {"name":"new"}', 'HIT {"name":"new"}'])
  })

  it.each(['PUT', 'DELETE'])('voids its keys when the handler fails too: %s', async (method) => {
    const { Products } = shop()
    const app = await startApp({ platform, controllers: [Products] })
    await app.get('/products/1')

    const write = await app.send(method, '/products/1')
    const reads = [await app.get('/products/1'), await app.get('/products/1')]

    expect([write.status, write.text.includes('taken')]).toEqual([409, true])
    expect(reads.map(({ cache, text }) => `${cache} ${text}`)).toEqual(['MISS {"name":"half"}', 'HIT {"name":"half"}'])
  })

  it('takes keys of the request, and has @CacheInvalidate beside it for those of the result', async () => {
    @Controller()
    class Products {
      @Post('products')
      @HttpCode(200)
      @CacheMutate((request: HttpRequest) => cacheKey('tenant', String(request.headers['x-tenant'])), 'products:all')
      @CacheInvalidate(({ result }: Written<{ id: string }>) => cacheKey('product', result.id))
      create() {
        return { id: '7' }
      }
    }
    const app = await startApp({ platform, controllers: [Products] })
    const voided: unknown[] = []
    app.cache.events.on('invalidate', ({ keys }) => voided.push(keys))

    await app.send('POST', '/products', { headers: { 'x-tenant': 'acme' } })

    expect(voided).toEqual(expect.arrayContaining([['tenant:acme', 'products:all'], ['product:7']]))
    expect(voided).toHaveLength(2)
  })

  it("voids the key of the request's user as well, where the route has one", async () => {
    @Controller()
    @CachePolicy({ credentials: (request: HttpRequest) => String(request.headers['x-user']) })
    class Carts {
      @Get('cart')
      @UseInterceptors(CacheAsideInterceptor)
      @CacheKey('cart')
      cart() {
        return 'a cart'
      }

      @Post('cart')
      @CacheMutate('cart')
      add() {}
    }
    const app = await startApp({ platform, controllers: [Carts] })
    for (const user of ['ada', 'bob']) await app.get('/cart', { 'x-user': user })

    await app.send('POST', '/cart', { headers: { 'x-user': 'ada' } })

    expect((await app.get('/cart', { 'x-user': 'ada' })).cache).toBe('MISS')
    expect((await app.get('/cart', { 'x-user': 'bob' })).cache).toBe('HIT')
  })

  it('is not made without a barrier: it answers 503, and the log says so once', async () => {
    const { Products, names, write } = shop()
    const store = new AwayStore()
    const app = await startApp({ platform, controllers: [Products], cache: { store } })
    store.raises = false

    const answers = [
      await app.send('PATCH', '/products/1', { body: { name: 'new' } }),
      await app.send('PATCH', '/products/1', { body: { name: 'new' } }),
    ]

    expect(answers.map(({ status }) => status)).toEqual([503, 503])
    expect(answers[0]?.text).not.toContain('product')
    expect([write.calls, names.get('1')]).toEqual([0, 'old'])
    const [line, ...more] = app.log.matching(/^error:/)
    expect(line).toMatch(/Products\.rename answers 503.*connection lost.*onUnreachable: 'journal'/)
    expect(more).toEqual([])
  })

  it('is made without a barrier where the module has a journal', async () => {
    const { Products, names, write } = shop()
    const store = new AwayStore()
    const app = await startApp({ platform, controllers: [Products], cache: { store, onUnreachable: 'journal' } })
    store.raises = false
    store.lowers = false

    const answer = app.send('PATCH', '/products/1', { body: { name: 'new' } })
    await write.called
    write.answer()

    expect((await answer).status).toBe(200)
    expect(names.get('1')).toBe('new')
    expect(app.log.matching(/^error:/)).toEqual([])
    expect(app.log.matching(/^warn: Invalidations are pending/)).toHaveLength(1)
  })

  it('is answered when it is made and the barrier cannot be lowered, and the log says what follows', async () => {
    const { Products, write } = shop()
    const store = new AwayStore()
    const app = await startApp({ platform, controllers: [Products], cache: { store } })

    const answer = app.send('PATCH', '/products/1', { body: { name: 'new' } })
    await write.called
    store.lowers = false
    write.answer()

    expect([(await answer).status, (await answer).json]).toEqual([200, { renamed: '1' }])
    const [line, ...more] = app.log.matching(/^error:/)
    expect(line).toMatch(/Products\.rename wrote, but: .*product:1.*connection lost.*invalidate the keys/)
    expect(more).toEqual([])
  })

  it('answers as the handler does, where that fails and the barrier cannot be lowered', async () => {
    const { Products } = shop()
    const store = new AwayStore()
    store.lowers = false
    const app = await startApp({ platform, controllers: [Products], cache: { store } })

    expect((await app.send('PUT', '/products/1')).status).toBe(409)
  })

  it('is a write with GET too, and never answered from the cache', async () => {
    let runs = 0
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Legacy {
      @Get('touch')
      @CacheMutate('product:1')
      @CacheMutate('product:2')
      touch() {
        return { run: ++runs }
      }
    }
    const app = await startApp({ platform, controllers: [Legacy] })

    const answers = [await app.get('/touch'), await app.get('/touch')]

    expect(answers.map(({ text }) => text)).toEqual(['{"run":1}', '{"run":2}'])
  })

  it('does nothing on another transport, and says so once', async () => {
    class Resolver {
      @CacheMutate('product:1')
      rename() {
        return 'renamed'
      }
    }
    const app = await startApp({ platform, providers: [Resolver] })
    const { rename } = Resolver.prototype
    const call = app.nest
      .get(ExternalContextCreator)
      .create(new Resolver(), rename, 'rename', '', undefined, undefined, undefined, undefined, 'graphql')

    expect(await call({}, {}, {}, {})).toBe('renamed')
    expect(await call({}, {}, {}, {})).toBe('renamed')
    expect(app.log.matching(/^warn: Resolver\.rename: @CacheMutate does nothing on "graphql"/)).toHaveLength(1)
  })

  it('refuses a bad template while the class is defined', () => {
    expect(() => CacheMutate('product:*')).toThrow(/@CacheMutate.*'product::id'/)
  })
})
