import { gate } from '@cache-aside/testkit'
import { Controller, Get, Header, HttpCode, Param, Post, Res, UseInterceptors } from '@nestjs/common'
import { of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { CacheAsideInterceptor, CacheKey, CachePolicy, CacheTTL } from '../src/index.ts'
import { type Answer, platforms, startApp } from './app.ts'

interface Reply {
  header(name: string, value: string): unknown
  status(code: number): unknown
}

describe.each(platforms)('on $name', (platform) => {
  it('runs the handler once and answers the next request from the cache', async () => {
    let runs = 0
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products/:id')
      find(@Param('id') id: string) {
        return { id, run: ++runs }
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const first = await app.get('/products/1')
    const second = await app.get('/products/1')
    const other = await app.get('/products/2')

    expect([first.cache, second.cache, other.cache]).toEqual(['MISS', 'HIT', 'MISS'])
    expect(first.json).toEqual({ id: '1', run: 1 })
    expect(second.text).toBe(first.text)
    expect(other.json).toEqual({ id: '2', run: 2 })
    expect(second.headers.get('content-type')).toBe(first.headers.get('content-type'))
  })

  it('runs the handler once for twenty requests at a time', async () => {
    const source = gate<string>()
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products')
      list() {
        return source.load()
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const requests = Array.from({ length: 20 }, () => app.get('/products'))
    await source.called
    source.answer('list')
    const answers = await Promise.all(requests)

    expect(source.calls).toBe(1)
    expect(answers.map(({ text }) => text)).toEqual(answers.map(() => 'list'))
    expect(countOf(answers)).toEqual({ MISS: 1, HIT: 19 })
  })

  it('answers HEAD from the entry of GET, and GET from that of HEAD', async () => {
    let runs = 0
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products/:id')
      find() {
        return { run: ++runs }
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const answers = [
      await app.get('/products/1'),
      await app.send('HEAD', '/products/1'),
      await app.send('HEAD', '/products/2'),
      await app.get('/products/2'),
    ]

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'HIT', 'MISS', 'HIT'])
    expect(answers.map(({ text }) => text)).toEqual(['{"run":1}', '', '', '{"run":2}'])
  })

  it('caches a body of null', async () => {
    let runs = 0
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products/:id')
      find() {
        runs++
        return null
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const first = await app.get('/products/1')
    const second = await app.get('/products/1')

    expect([first.cache, second.cache, runs]).toEqual(['MISS', 'HIT', 1])
    expect(second.text).toBe(first.text)
  })

  it.each([
    { kind: 'text', body: 'plain text' },
    { kind: 'a number', body: 12.5 },
    { kind: 'false', body: false },
    { kind: 'an empty text', body: '' },
    { kind: 'bytes', body: Buffer.from([0, 255, 10]) },
    { kind: 'an array', body: [1, null, { two: 2 }] },
    { kind: 'an Observable', body: of({ one: 1 }) },
    { kind: 'dates', body: { at: new Date(0) } },
  ])('sends $kind on a hit as it does without a cache', async ({ body }) => {
    @Controller()
    class Values {
      @Get('cached')
      @UseInterceptors(CacheAsideInterceptor)
      cached() {
        return body
      }

      @Get('uncached')
      uncached() {
        return body
      }
    }
    const app = await startApp({ platform, controllers: [Values] })

    const plain = await app.get('/uncached')
    const miss = await app.get('/cached')
    const hit = await app.get('/cached')

    expect([miss.cache, hit.cache]).toEqual(['MISS', 'HIT'])
    for (const answer of [miss, hit]) {
      expect(answer.text).toBe(plain.text)
      expect(answer.headers.get('content-type')).toBe(plain.headers.get('content-type'))
    }
  })

  it('sends the headers and the status of the handler again', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Reports {
      @Get('report')
      @Header('X-Static', 'static')
      @CachePolicy({ statuses: [203] })
      report(@Res({ passthrough: true }) response: Reply) {
        response.status(203)
        response.header('X-Dynamic', 'dynamic')
        response.header('Content-Type', 'text/csv')
        response.header('ETag', '"v1"')
        return 'a,b'
      }
    }
    const app = await startApp({ platform, controllers: [Reports] })

    const answers = [await app.get('/report'), await app.get('/report')]

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'HIT'])
    for (const { status, headers, text } of answers) {
      expect(status).toBe(203)
      expect(text).toBe('a,b')
      expect(headers.get('x-static')).toBe('static')
      expect(headers.get('x-dynamic')).toBe('dynamic')
      expect(headers.get('content-type')).toMatch(/^text\/csv/)
      expect(headers.get('etag')).toBe('"v1"')
    }
  })

  it('sends only the headers of the handler again, and not those of a middleware', async () => {
    let requests = 0
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products')
      list() {
        return 'list'
      }
    }
    const app = await startApp({
      platform,
      controllers: [Products],
      configure: (nest) =>
        nest.use((_request: unknown, response: { setHeader(name: string, value: string): void }, next: () => void) => {
          response.setHeader('X-Request', String(++requests))
          next()
        }),
    })

    const answers = [await app.get('/products'), await app.get('/products')]

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'HIT'])
    expect(answers.map(({ headers }) => headers.get('x-request'))).toEqual(['1', '2'])
  })

  it('keeps a response for the TTL of the route, which stands above that of the controller', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    @CacheTTL('1h')
    class Products {
      @Get('long')
      @CacheKey('long')
      long() {
        return 'long'
      }

      @Get('short')
      @CacheKey('short')
      @CacheTTL(20_000)
      short() {
        return 'short'
      }
    }
    const app = await startApp({ platform, controllers: [Products], cache: { jitter: 0 } })

    await Promise.all([app.get('/long'), app.get('/short')])
    const [long, short] = await Promise.all([app.cache.ttl('long'), app.cache.ttl('short')])

    expect(long).toBeGreaterThan(3_500_000)
    expect(short).toBeGreaterThan(10_000)
    expect(short).toBeLessThan(21_000)
  })

  it('leaves a write alone, and says so', async () => {
    let runs = 0
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Post('products')
      @HttpCode(200)
      create() {
        return { run: ++runs }
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const answers = [await app.send('POST', '/products'), await app.send('POST', '/products')]

    expect(answers.map(({ cache }) => cache)).toEqual(['BYPASS', 'BYPASS'])
    expect(runs).toBe(2)
  })
})

function countOf(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { cache } of answers) counts[String(cache)] = (counts[String(cache)] ?? 0) + 1
  return counts
}
