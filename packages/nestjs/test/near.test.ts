import { Controller, Get, Param, UseInterceptors } from '@nestjs/common'
import { describe, expect, it } from 'vitest'
import { CacheAsideInterceptor, CacheKey, CacheTags, CacheTTL } from '../src/index.ts'
import { platforms, startApp } from './app.ts'

@Controller()
@UseInterceptors(CacheAsideInterceptor)
class Products {
  #runs = 0

  @Get('products/:id')
  @CacheKey('product::id')
  @CacheTags('products')
  find(@Param('id') id: string) {
    return { id, run: ++this.#runs }
  }

  @Get('rare')
  @CacheTTL({ near: false })
  rare() {
    return { run: ++this.#runs }
  }
}

describe.each(platforms)('on $name, with a near cache', (platform) => {
  it('a response that was read once is answered from this process', async () => {
    const app = await startApp({ platform, controllers: [Products], cache: { near: true, nearLag: '1s' } })
    await app.get('/products/1')

    const answers = [await app.get('/products/1'), await app.get('/products/1'), await app.get('/products/1')]
    const { hits, nearHits } = app.cache.stats()

    expect(answers.map(({ cache, text }) => `${cache} ${text}`)).toEqual(Array(3).fill('HIT {"id":"1","run":1}'))
    expect([hits, nearHits]).toEqual([3, 2])
  })

  it('a response that was voided is not, by its key or by a tag', async () => {
    const app = await startApp({ platform, controllers: [Products], cache: { near: true } })
    const readAgain = async () => [
      await app.get('/products/1'),
      await app.get('/products/1'),
      await app.get('/products/1'),
    ]

    const first = await readAgain()
    await app.cache.invalidate('product:1')
    const second = await readAgain()
    await app.cache.invalidateTag('products', { scope: 'everywhere' })
    const third = await readAgain()

    expect([first, second, third].map((answers) => answers.map(({ cache }) => cache))).toEqual(
      Array.from({ length: 3 }, () => ['MISS', 'HIT', 'HIT']),
    )
    expect(app.cache.stats().nearHits).toBe(3)
  })

  it('a route can pass it by', async () => {
    const app = await startApp({ platform, controllers: [Products], cache: { near: true } })

    const answers = [await app.get('/rare'), await app.get('/rare'), await app.get('/rare')]

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'HIT', 'HIT'])
    expect(app.cache.stats().nearHits).toBe(0)
  })

  it('a wrong option of it fails the start, and a codec the definition of a route', async () => {
    await expect(startApp({ platform, cache: { near: true, nearLag: 1 } })).rejects.toThrow(/nearLag/)
    expect(() => CacheTTL({ codec: {} } as object)).not.toThrow()
    expect(() => CacheTTL({ codec: {} } as object)(Products)).toThrow(/@CacheTTL of Products: codec/)
  })
})
