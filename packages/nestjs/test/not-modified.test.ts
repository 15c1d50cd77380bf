import { Controller, Get, NotFoundException, Param, Res, UseInterceptors } from '@nestjs/common'
import { describe, expect, it } from 'vitest'
import { CacheAsideInterceptor, CacheKey, CachePolicy, type HttpRequest } from '../src/index.ts'
import { platforms, startApp } from './app.ts'

interface Reply {
  header(name: string, value: string): unknown
  status(code: number): unknown
}

describe.each(platforms)('on $name, a client that has the response', (platform) => {
  it('is told so, without a body, on a hit and on a miss', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products/:id')
      find(@Param('id') id: string, @Res({ passthrough: true }) response: Reply) {
        response.header('Cache-Control', 'max-age=60')
        return { id }
      }
    }
    const app = await startApp({ platform, controllers: [Products] })
    const first = await app.get('/products/1')
    const etag = String(first.headers.get('etag'))

    const hit = await app.get('/products/1', { 'if-none-match': etag })
    await app.cache.clear()
    const miss = await app.get('/products/1', { 'if-none-match': `"another", ${etag}` })

    expect(etag).toMatch(/^W\/"/)
    for (const answer of [hit, miss]) {
      expect([answer.status, answer.text]).toEqual([304, ''])
      expect(answer.headers.get('etag')).toBe(etag)
      expect(answer.headers.get('cache-control')).toBe('max-age=60')
      expect(answer.headers.get('content-type')).toBeNull()
      expect(answer.headers.get('content-length')).toBeNull()
    }
    expect([first.cache, hit.cache, miss.cache]).toEqual(['MISS', 'HIT', 'MISS'])
  })

  it('has the same tag for the same body, and another for another', async () => {
    let name = 'chair'
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('product')
      @CacheKey('product')
      find() {
        return { name }
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const tags = [(await app.get('/product')).headers.get('etag'), (await app.get('/product')).headers.get('etag')]
    name = 'table'
    await app.cache.invalidate('product')
    const changed = await app.get('/product', { 'if-none-match': String(tags[0]) })

    expect(tags[1]).toBe(tags[0])
    expect([changed.status, changed.json]).toEqual([200, { name: 'table' }])
    expect(changed.headers.get('etag')).not.toBe(tags[0])
  })

  it('is asked by the tag that the handler gives', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('product')
      find(@Res({ passthrough: true }) response: Reply) {
        response.header('ETag', '"v1"')
        return { id: 1 }
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const first = await app.get('/product')
    const second = await app.get('/product', { 'if-none-match': 'W/"v1"' })

    expect([first.status, second.status]).toEqual([200, 304])
    expect([first, second].map(({ headers }) => headers.get('etag'))).toEqual(['"v1"', '"v1"'])
  })

  it('gets the whole of what is no success, whatever it has', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('gone')
      @CachePolicy({ statuses: [404] })
      gone(@Res({ passthrough: true }) response: Reply) {
        response.status(404)
        return { gone: true }
      }

      @Get('thrown')
      thrown() {
        throw new NotFoundException()
      }
    }
    const app = await startApp({ platform, controllers: [Products] })
    await app.get('/gone')

    const gone = await app.get('/gone', { 'if-none-match': '*' })
    const thrown = await app.get('/thrown', { 'if-none-match': '*' })

    expect([gone.status, gone.text, gone.cache]).toEqual([404, '{"gone":true}', 'HIT'])
    expect(thrown.status).toBe(404)
  })

  it('is told nothing of the response of another', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Carts {
      @Get('cart')
      @CacheKey('cart')
      @CachePolicy({ credentials: ({ headers }: HttpRequest) => headers.authorization })
      cart(@Res({ passthrough: true }) response: Reply) {
        response.header('ETag', '"same"')
        return { items: 1 }
      }
    }
    const app = await startApp({ platform, controllers: [Carts] })
    await app.get('/cart', { authorization: 'ada' })

    const other = await app.get('/cart', { authorization: 'bob', 'if-none-match': 'W/"else"' })
    const nobody = await app.get('/cart', { 'if-none-match': '"same"' })

    expect([other.status, other.cache, nobody.cache]).toEqual([200, 'MISS', 'BYPASS'])
  })

  it('gets the length of the whole in answer to HEAD', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('product')
      find() {
        return { id: 1 }
      }
    }
    const app = await startApp({ platform, controllers: [Products] })
    const { headers } = await app.get('/product')

    const head = await app.send('HEAD', '/product')
    const known = await app.send('HEAD', '/product', { headers: { 'if-none-match': String(headers.get('etag')) } })

    expect([head.status, head.cache, head.headers.get('content-length')]).toEqual([200, 'HIT', '8'])
    expect(head.headers.get('etag')).toBe(headers.get('etag'))
    expect(known.headers.get('content-length')).not.toBe('0')
  })
})
