import { gate } from '@cache-aside/testkit'
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Inject,
  Injectable,
  Module,
  UnauthorizedException,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common'
import { APP_INTERCEPTOR, ExternalContextCreator } from '@nestjs/core'
import { describe, expect, it } from 'vitest'
import { CacheAsideInterceptor, CacheAsideService, NoCache } from '../src/index.ts'
import { bindGlobally, platforms, startApp } from './app.ts'

describe.each(platforms)('on $name', (platform) => {
  let runs = 0

  @Controller('open')
  class Open {
    @Get()
    list() {
      return { run: ++runs }
    }

    @Get('live')
    @NoCache()
    live() {
      return { run: ++runs }
    }
  }

  @Controller('closed')
  @NoCache()
  class Closed {
    @Get()
    list() {
      return { run: ++runs }
    }
  }

  it.each([
    { how: 'useGlobalInterceptors', options: { configure: bindGlobally } },
    { how: 'APP_INTERCEPTOR', options: { providers: [{ provide: APP_INTERCEPTOR, useClass: CacheAsideInterceptor }] } },
  ])(
    'caches the whole application, bound by $how, but for routes and controllers with @NoCache',
    async ({ options }) => {
      const app = await startApp({ platform, controllers: [Open, Closed], ...options })

      for (const [path, caches] of [
        ['/open', ['MISS', 'HIT']],
        ['/open/live', ['BYPASS', 'BYPASS']],
        ['/closed', ['BYPASS', 'BYPASS']],
      ] as const) {
        const answers = [await app.get(path), await app.get(path)]
        expect(answers.map(({ cache }) => cache)).toEqual(caches)
      }
    },
  )

  it('runs the handler once where it is bound globally, to the controller and to the route', async () => {
    let handled = 0
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products')
      @UseInterceptors(CacheAsideInterceptor)
      list() {
        return { run: ++handled }
      }
    }
    const app = await startApp({ platform, controllers: [Products], configure: bindGlobally })

    const answers = [await app.get('/products'), await app.get('/products')]

    expect(answers.map(({ cache, text }) => `${cache} ${text}`)).toEqual(['MISS {"run":1}', 'HIT {"run":1}'])
  })

  it('leaves other transports alone when it is bound globally', async () => {
    const source = gate<string>()
    class Resolver {
      product() {
        return source.load()
      }
    }
    const app = await startApp({ platform, providers: [Resolver], configure: bindGlobally })
    const creator = app.nest.get(ExternalContextCreator)

    for (const type of ['rpc', 'ws', 'graphql']) {
      const call = creator.create(
        new Resolver(),
        Resolver.prototype.product,
        'product',
        '',
        undefined,
        undefined,
        undefined,
        undefined,
        type,
      )
      for (const answer of [`first ${type}`, `second ${type}`]) {
        const called = source.next()
        const answered = call({ method: 'GET', headers: {} }, {}, {}, {})
        await called
        source.answer(answer)
        expect(await answered).toBe(answer)
      }
    }
    expect(app.cache.stats().misses).toBe(0)
  })

  it('runs guards before it answers from the cache', async () => {
    @Injectable()
    class KeyGuard implements CanActivate {
      canActivate(context: ExecutionContext) {
        const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>()
        if (headers['x-api-key'] !== 'right') throw new UnauthorizedException()
        return true
      }
    }
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products')
      @UseGuards(KeyGuard)
      list() {
        return 'list'
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const answers = [
      await app.get('/products', { 'x-api-key': 'right' }),
      await app.get('/products', { 'x-api-key': 'wrong' }),
      await app.get('/products', { 'x-api-key': 'right' }),
    ]

    expect(answers.map(({ status }) => status)).toEqual([200, 401, 200])
    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', null, 'HIT'])
  })

  it('works in a feature module, where the module of the cache is global', async () => {
    @Injectable()
    class Catalogue {
      readonly #cache: CacheAsideService

      constructor(@Inject(CacheAsideService) cache: CacheAsideService) {
        this.#cache = cache
      }

      list() {
        return this.#cache.getOrLoad('list', () => ['a', 'b'])
      }
    }
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      readonly #catalogue: Catalogue

      constructor(@Inject(Catalogue) catalogue: Catalogue) {
        this.#catalogue = catalogue
      }

      @Get('products')
      list() {
        return this.#catalogue.list()
      }
    }
    @Module({ controllers: [Products], providers: [Catalogue] })
    class ProductModule {}
    const app = await startApp({ platform, imports: [ProductModule] })

    const answers = [await app.get('/products'), await app.get('/products')]

    expect(answers.map(({ cache, text }) => `${cache} ${text}`)).toEqual(['MISS ["a","b"]', 'HIT ["a","b"]'])
    expect((await app.cache.get('list')).value).toEqual(['a', 'b'])
  })

  it('answers late rather than never where the handler outlives the loader', async () => {
    const source = gate<string>()
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Reports {
      @Get('report')
      report() {
        return source.load()
      }
    }
    const app = await startApp({ platform, controllers: [Reports], cache: { loadTimeout: 1 } })
    const timedOut = new Promise((resolve) => app.cache.events.on('load-error', resolve))

    const answer = app.get('/report')
    await timedOut
    source.answer('a long one')

    expect([(await answer).status, (await answer).text]).toEqual([200, 'a long one'])
  })
})
