import { gate } from '@cache-aside/testkit'
import { Controller, Get, Header, UseInterceptors } from '@nestjs/common'
import { describe, expect, it } from 'vitest'
import { CacheAsideInterceptor, CacheKey, CacheTTL } from '../src/index.ts'
import { platforms, startApp } from './app.ts'

describe.each(platforms)('on $name, requests for an uncacheable response', (platform) => {
  it('get one each, and run side by side once it is known', async () => {
    const source = gate<string>()
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Sessions {
      @Get('session')
      @Header('Cache-Control', 'private')
      session() {
        return source.load()
      }
    }
    const app = await startApp({ platform, controllers: [Sessions] })

    const first = app.get('/session')
    await source.called
    const joiners = [app.get('/session'), app.get('/session')]
    const firstJoiner = source.next()
    source.answer('first')
    await firstJoiner
    // Both joiners run at once: neither waits for the answer of the other.
    while (source.calls < 3) await source.next()
    source.answer('second')
    source.answer('third')
    const answers = await Promise.all([first, ...joiners])

    expect(answers.map(({ text }) => text).toSorted()).toEqual(['first', 'second', 'third'])
    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'BYPASS', 'BYPASS'])
  })

  it('ask after ten seconds whether it still is, or after the TTL of the route', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Sessions {
      @Get('one')
      @Header('Cache-Control', 'private')
      @CacheKey('one')
      one() {
        return 'one'
      }

      @Get('two')
      @Header('Cache-Control', 'private')
      @CacheKey('two')
      @CacheTTL('2s')
      two() {
        return 'two'
      }
    }
    const app = await startApp({ platform, controllers: [Sessions], cache: { jitter: 0 } })

    await Promise.all([app.get('/one'), app.get('/two')])
    const [one, two] = [await app.cache.ttl('one'), await app.cache.ttl('two')]

    expect(one).toBeGreaterThan(5_000)
    expect(one).toBeLessThan(11_000)
    expect(two).toBeLessThan(3_000)
  })
})
