import { gate, type RedisServer, startFaultProxy, startRedis } from '@cache-aside/testkit'
import { Body, Controller, Get, Param, Patch, Put, UseInterceptors } from '@nestjs/common'
import { beforeAll, beforeEach, afterAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  CacheAsideInterceptor,
  CacheInvalidate,
  CacheInvalidateTag,
  CacheKey,
  CacheMutate,
  CacheMutateTag,
  CacheTags,
  CacheTTL,
  type Loaded,
} from '../src/index.ts'
import { type Answer, type App, cacheOptions, platforms, startApp } from './app.ts'

describe.each(platforms)('on $name with Redis', (platform) => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  describe('in two applications', () => {
    let names: Map<string, string>
    let source: ReturnType<typeof gate<string>>

    @Controller()
    class Products {
      @Get('products/:id')
      @UseInterceptors(CacheAsideInterceptor)
      @CacheKey('product::id')
      find(@Param('id') id: string) {
        return { name: names.get(id) ?? null }
      }

      @Patch('products/:id')
      @CacheInvalidate('product::id')
      rename(@Param('id') id: string, @Body() { name }: { readonly name: string }) {
        names.set(id, name)
      }

      @Get('pages/:page')
      @UseInterceptors(CacheAsideInterceptor)
      @CacheTags('catalogue', ({ result }: Loaded<{ readonly shows: readonly string[] }>) => result.shows)
      page(@Param('page') page: string) {
        return { shows: [`product-${page}`, 'product-9'] }
      }

      @Put('shown/:product')
      @CacheMutateTag(':product')
      show() {}

      @Put('catalogue')
      @CacheInvalidateTag('catalogue')
      replace() {}

      @Get('report')
      @UseInterceptors(CacheAsideInterceptor)
      @CacheKey('report')
      report() {
        return source.load()
      }

      @Get('news')
      @UseInterceptors(CacheAsideInterceptor)
      @CacheKey('news')
      @CacheTTL({ ttl: 1, staleWhileRevalidate: '1h' })
      news() {
        return source.load()
      }
    }

    let one: App
    let other: App
    beforeEach(async () => {
      names = new Map([['1', 'old']])
      source = gate()
      const { namespace } = cacheOptions({ redis: server.url })
      const start = () => startApp({ platform, controllers: [Products], cache: { namespace, redis: server.url } })
      ;[one, other] = [await start(), await start()]
    })

    it('runs the handler once for twenty requests at a time', async () => {
      const requests = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : other).get('/report'))
      await source.called
      source.answer('the report')
      const answers = await Promise.all(requests)

      expect(source.calls).toBe(1)
      expect(answers.map(({ text }) => text)).toEqual(answers.map(() => 'the report'))
      expect(answers.filter(({ cache }) => cache === 'MISS')).toHaveLength(1)
      expect(answers.filter(({ cache }) => cache === 'HIT')).toHaveLength(19)
    })

    it('runs the handler once behind twenty answers that are stale', async () => {
      const first = one.get('/news')
      await source.called
      source.answer('old')
      await first
      const stale = async () => {
        while ((await one.cache.ttl('news')) !== null);
      }

      await stale()
      const behind = source.next()
      const requests = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : other).get('/news'))
      const answers = await Promise.all(requests)
      await behind
      const filled = Promise.race([one.next('fill'), other.next('fill')])
      source.answer('new')
      await filled
      await stale()
      const again = source.next()
      const { text: refreshed } = await one.get('/news')
      await again
      source.answer('newer')

      expect(answers.map(({ cache, text }) => `${cache} ${text}`)).toEqual(answers.map(() => 'STALE old'))
      expect(refreshed).toBe('new')
      expect(source.calls).toBe(3)
    })

    it('reads in one what was written in the other', async () => {
      await one.get('/products/1')
      expect((await other.get('/products/1')).cache).toBe('HIT')

      await other.send('PATCH', '/products/1', { body: { name: 'new' } })
      const read = await one.get('/products/1')

      expect([read.cache, read.text]).toEqual(['MISS', '{"name":"new"}'])
    })

    it.each([
      { write: '/shown/product-1', left: ['MISS', 'HIT'] },
      { write: '/shown/product-9', left: ['MISS', 'MISS'] },
      { write: '/catalogue', left: ['MISS', 'MISS'] },
    ])('voids in one what has a tag that was written in the other: $write', async ({ write, left }) => {
      const read = async () => [(await one.get('/pages/1')).cache, (await one.get('/pages/2')).cache]
      await read()
      expect(await read()).toEqual(['HIT', 'HIT'])

      await other.send('PUT', write)

      expect(await read()).toEqual(left)
    })
  })

  it('answers every request while Redis is gone, and caches again when it is back', async () => {
    let runs = 0
    @Controller()
    class Products {
      @Get('products')
      @UseInterceptors(CacheAsideInterceptor)
      list() {
        return { run: ++runs }
      }

      @Patch('products')
      @CacheInvalidate('products:all')
      write() {
        return 'written'
      }
    }
    const app = await startApp({ platform, controllers: [Products], cache: { redis: server.url } })
    const answers: Answer[] = []
    const traffic = async (until: (answer: Answer) => boolean) => {
      for (let done = false; !done; done = until(answers.at(-1) as Answer)) answers.push(await app.get('/products'))
    }
    await traffic(({ cache }) => cache === 'HIT')

    // Requests run while the server goes, while it is gone and while it comes back.
    const back = /^log: Redis is back/
    const during = Array.from({ length: 4 }, () =>
      traffic(({ cache }) => cache === 'HIT' && app.log.matching(back).length > 0),
    )
    await server.kill()
    await app.log.printed(/^warn: Redis is away/)
    const write = await app.send('PATCH', '/products')
    await server.start()
    await Promise.all(during)

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(write.text).toBe('written')
    expect(app.log.matching(/^warn: Redis is away/)).toHaveLength(1)
    expect(app.log.matching(back)).toHaveLength(1)
    expect(app.log.matching(/^error: Products\.write wrote, but products:all could not be invalidated/)).toHaveLength(1)
  })

  it('has a write that was made while Redis is gone: here at once, and everywhere when it is back', async () => {
    const names = new Map([['1', 'old']])
    @Controller()
    class Products {
      @Get('products/:id')
      @UseInterceptors(CacheAsideInterceptor)
      @CacheKey('product::id')
      @CacheTTL('1h')
      find(@Param('id') id: string) {
        return { name: names.get(id) }
      }

      @Patch('products/:id')
      @CacheMutate('product::id')
      rename(@Param('id') id: string, @Body() { name }: { readonly name: string }) {
        names.set(id, name)
      }
    }
    const proxy = await startFaultProxy({ port: server.port })
    onTestFinished(() => proxy.close())
    const { namespace } = cacheOptions({ redis: server.url })
    const start = (redis: string) =>
      startApp({ platform, controllers: [Products], cache: { namespace, redis, onUnreachable: 'journal' } })
    // Nest logs to the application that was made last.
    const [other, cutOff] = [await start(server.url), await start(proxy.url)]
    await cutOff.get('/products/1')

    proxy.refuse()
    proxy.cut()
    await cutOff.log.printed(/^warn: Redis is away/)
    const write = await cutOff.send('PATCH', '/products/1', { body: { name: 'new' } })
    const here = await cutOff.get('/products/1')
    const replayed = cutOff.next('invalidate-replayed')
    await proxy.accept()
    await replayed
    const there = await other.get('/products/1')

    expect(write.status).toBe(200)
    expect(here.text).toBe('{"name":"new"}')
    expect([there.cache, there.text]).toEqual(['MISS', '{"name":"new"}'])
    expect(cutOff.log.matching(/Redis|Invalidations|wrote/)).toEqual([
      expect.stringMatching(/^warn: Redis is away/),
      expect.stringMatching(/^warn: Invalidations are pending/),
      'log: Redis is back: caching again',
      'log: Invalidations are replayed (keys and tags: 1)',
    ])
  })
})
