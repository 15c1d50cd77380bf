import { request as send } from 'node:http'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { gate } from '@cache-aside/testkit'
import {
  type CallHandler,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Header,
  Injectable,
  type NestInterceptor,
  NotFoundException,
  Res,
  StreamableFile,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common'
import { mergeMap } from 'rxjs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  CacheAsideInterceptor,
  type CacheAsideModuleOptions,
  CacheKey,
  CachePolicy,
  CacheTTL,
  MemoryStore,
  type RouteReadOptions,
} from '../src/index.ts'
import { type Answer, ClockedStore, platforms, startApp } from './app.ts'

interface Reply {
  readonly statusCode: number
  status(code: number): Reply
  header(name: string, value: string): Reply
  getHeader(name: string): unknown
  send(body: unknown): unknown
}

/** What Express and Node give to a middleware, on both platforms. */
interface NodeResponse {
  readonly statusCode: number
  on(event: 'close', listener: () => void): void
}

const minute = 60_000

describe.each(platforms)('on $name, a stale response', (platform) => {
  /** A route whose handler is `run`, fresh for a minute and served for an hour after that. */
  async function start(
    run: (response: Reply) => unknown,
    options: RouteReadOptions = { staleWhileRevalidate: '1h' },
    { configure, cache }: Omit<Partial<Parameters<typeof startApp>[0]>, 'platform'> = {},
  ) {
    const store = new ClockedStore()
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('product')
      @CacheKey('product')
      @CachePolicy({ statuses: [203] })
      @CacheTTL({ ttl: '1m', ...options })
      @Header('X-Static', 'static')
      find(@Res({ passthrough: true }) response: Reply) {
        return run(response)
      }
    }
    const app = await startApp({
      platform,
      controllers: [Products],
      cache: { store, jitter: 0, ...cache },
      ...(configure && { configure }),
    })
    return { app, store, get: () => app.get('/product') }
  }

  it('is the answer, while the handler runs behind it', async () => {
    const source = gate<string>()
    const { app, store, get } = await start(source.load)
    const first = get()
    await source.called
    source.answer('old')
    await first

    store.pass(minute)
    const behind = source.next()
    const stale = await get()
    await behind
    const meanwhile = await get()
    const filled = app.next('fill')
    source.answer('new')
    await filled
    const fresh = await get()

    expect([stale, meanwhile, fresh].map(({ cache, text }) => `${cache} ${text}`)).toEqual([
      'STALE old',
      'STALE old',
      'HIT new',
    ])
    expect(source.calls).toBe(2)
  })

  it('goes out as it was, and the next one as the handler made it behind that', async () => {
    const seen: unknown[] = []
    let runs = 0
    const { app, store, get } = await start((response) => {
      seen.push([response.statusCode, response.getHeader('x-static'), response.getHeader('x-run')])
      runs++
      if (runs === 1) response.header('X-First', 'yes').header('X-Run', '1')
      else response.status(203).header('X-Run', '2')
      return { run: runs }
    })
    const first = await get()

    store.pass(minute)
    const filled = app.next('fill')
    const stale = await get()
    await filled
    const fresh = await get()

    const said = ({ headers, status, text }: typeof first) => ({
      status,
      text,
      run: headers.get('x-run'),
      first: headers.get('x-first'),
      static: headers.get('x-static'),
    })
    expect(said(first)).toEqual({ status: 200, text: '{"run":1}', run: '1', first: 'yes', static: 'static' })
    expect(said(stale)).toEqual(said(first))
    expect(said(fresh)).toEqual({ status: 203, text: '{"run":2}', run: '2', first: null, static: 'static' })
    expect([stale.cache, fresh.cache]).toEqual(['STALE', 'HIT'])
    // Each run begins with what middleware and Nest have set, and not with what was sent.
    expect(seen).toEqual([
      [200, 'static', undefined],
      [200, 'static', undefined],
    ])
  })

  it('is logged as it was sent', async () => {
    const logged: unknown[] = []
    let runs = 0
    const { app, store, get } = await start(
      (response) => {
        runs++
        response.status(runs === 1 ? 200 : 203)
        return 'body'
      },
      undefined,
      {
        configure: (nest) =>
          nest.use((_request: unknown, response: NodeResponse, next: () => void) => {
            response.on('close', () => logged.push(response.statusCode))
            next()
          }),
      },
    )
    await get()

    store.pass(minute)
    const filled = app.next('fill')
    await get()
    await filled

    expect(logged).toEqual([200, 200])
  })

  it('is refreshed by a handler that sends its response, which goes nowhere, and is not cached from then on', async () => {
    let runs = 0
    const { app, store, get } = await start((response) => {
      runs++
      if (runs === 2) response.header('X-Late', 'yes').send('from behind')
      return `run ${runs}`
    })
    await get()

    store.pass(minute)
    const filled = app.next('fill')
    const stale = await get()
    await filled
    const after = await get()

    expect([stale.cache, stale.text, stale.headers.get('x-late')]).toEqual(['STALE', 'run 1', null])
    expect([after.cache, after.text]).toEqual(['BYPASS', 'run 3'])
  })

  it.each([
    { what: 'a cookie', set: (response: Reply) => response.header('Set-Cookie', 'session=1') },
    { what: 'a word that it is private', set: (response: Reply) => response.header('Cache-Control', 'private') },
    { what: 'another status', set: (response: Reply) => response.status(202) },
  ])('is replaced by nothing where the handler sets $what', async ({ set }) => {
    let runs = 0
    const { app, store, get } = await start((response) => {
      if (++runs === 2) set(response)
      return `run ${runs}`
    })
    await get()

    store.pass(minute)
    const filled = app.next('fill')
    const stale = await get()
    await filled
    const after = await get()

    expect([stale.cache, stale.status, stale.text, stale.headers.get('set-cookie')]).toEqual([
      'STALE',
      200,
      'run 1',
      null,
    ])
    expect([after.cache, after.text]).toEqual(['BYPASS', 'run 3'])
  })

  it('closes what a handler opens behind it and nobody reads', async () => {
    const streams: Readable[] = []
    let runs = 0
    const { app, store, get } = await start(() => {
      if (++runs === 1) return 'text'
      streams.push(Readable.from(['a', 'file']))
      return new StreamableFile(streams.at(-1) as Readable)
    })
    await get()

    store.pass(minute)
    const filled = app.next('fill')
    await get()
    await filled

    expect(streams.map(({ destroyed }) => destroyed)).toEqual([true])
  })

  it('is served until the handler answers again, when it fails behind it', async () => {
    let runs = 0
    const { app, store, get } = await start((response) => {
      if (++runs === 2) {
        response.status(500).header('X-Failed', 'yes')
        throw new Error('no database')
      }
      return `run ${runs}`
    })
    await get()

    store.pass(minute)
    const failed = app.next('load-error')
    const stale = await get()
    await failed
    const meanwhile = await get()
    store.pass(5_000)
    const filled = app.next('fill')
    const again = await get()
    await filled
    const fresh = await get()

    expect([stale, meanwhile, again, fresh].map(({ cache, text }) => `${cache} ${text}`)).toEqual([
      'STALE run 1',
      'STALE run 1',
      'STALE run 1',
      'HIT run 3',
    ])
    for (const { status, headers } of [stale, meanwhile, again]) {
      expect([status, headers.get('x-failed')]).toEqual([200, null])
    }
  })

  it('is refreshed by the second try, where the route has one', async () => {
    let runs = 0
    const { app, store, get } = await start(
      (response) => {
        response.header(`X-Run-${++runs}`, 'yes')
        if (runs === 2) throw new Error('deadlock')
        return `run ${runs}`
      },
      { staleWhileRevalidate: '1h', retry: { when: () => true, attempts: 1, delay: 1 } },
    )
    await get()

    store.pass(minute)
    const filled = app.next('fill')
    await get()
    await filled
    const { cache, text, headers } = await get()

    expect([cache, text]).toEqual(['HIT', 'run 3'])
    expect([...headers.keys()].filter((name) => name.startsWith('x-run-'))).toEqual(['x-run-3'])
  })

  it('is gone when the handler says behind it that there is nothing', async () => {
    let found = true
    const { app, store, get } = await start(() => {
      if (!found) throw new NotFoundException()
      return 'a product'
    })
    await get()
    found = false

    store.pass(minute)
    const loaded = app.next('load')
    const stale = await get()
    await loaded
    const after = await get()

    expect([stale.status, stale.cache]).toEqual([200, 'STALE'])
    expect([after.status, after.cache]).toEqual([404, 'MISS'])
  })

  it('gives its failure behind an answer to nobody else', async () => {
    const source = gate<string>()
    const { app, store, get } = await start(source.load)
    const first = get()
    await source.called
    source.answer('old')
    await first
    store.pass(minute)
    const behind = source.next()
    await get()
    await behind

    store.pass(61 * minute)
    const missed = app.next('miss')
    const late = get()
    await missed
    await turn()
    const own = source.next()
    source.fail(new Error('the request is over'))
    await own
    source.answer('new')

    expect(await late).toMatchObject({ status: 200, text: 'new' })
  })

  describe('whose answer an interceptor holds back', () => {
    async function startHeld() {
      const hold = gate<void>()
      let isHeld = false
      let runs = 0
      @Injectable()
      class Holding implements NestInterceptor {
        intercept(_context: ExecutionContext, next: CallHandler) {
          return next.handle().pipe(
            mergeMap(async (body) => {
              if (isHeld) await hold.load()
              return body as unknown
            }),
          )
        }
      }
      const store = new ClockedStore()
      @Controller()
      class Products {
        @Get('product')
        @UseInterceptors(Holding, CacheAsideInterceptor)
        @CacheTTL({ ttl: '1m', staleWhileRevalidate: '1h' })
        find() {
          return `run ${++runs}`
        }
      }
      const app = await startApp({ platform, controllers: [Products], cache: { store } })
      await app.get('/product')
      store.pass(minute)
      isHeld = true
      const letGo = () => {
        hold.answer()
        isHeld = false
      }
      return { app, hold, letGo, runs: () => runs }
    }

    it('is not refreshed where the client leaves before', async () => {
      const { app, hold, letGo, runs } = await startHeld()

      const leaving = send(`${app.url}/product`).on('error', () => {})
      leaving.end()
      await hold.called
      const failed = app.next('load-error')
      leaving.destroy()
      await failed
      letGo()

      expect(runs()).toBe(1)
      expect((await app.get('/product')).text).toBe('run 1')
    })

    it('is not refreshed where that takes long', async () => {
      const { app, letGo, runs } = await startHeld()

      const failed = app.next('load-error')
      const answer = app.get('/product')
      await failed
      letGo()

      expect((await answer).text).toBe('run 1')
      expect(runs()).toBe(1)
    })
  })

  it('is refreshed once, by a request that the guards have let pass', async () => {
    let checks = 0
    const source = gate<string>()
    @Injectable()
    class Guard implements CanActivate {
      canActivate() {
        checks++
        return true
      }
    }
    const store = new ClockedStore()
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('product')
      @UseGuards(Guard)
      @CacheTTL({ ttl: '1m', staleWhileRevalidate: '1h' })
      find() {
        return source.load()
      }
    }
    const app = await startApp({ platform, controllers: [Products], cache: { store } })
    const first = app.get('/product')
    await source.called
    source.answer('old')
    await first

    store.pass(minute)
    const behind = source.next()
    const answers = await Promise.all(Array.from({ length: 10 }, () => app.get('/product')))
    await behind
    source.answer('new')

    expect(answers.map(({ cache, text }) => `${cache} ${text}`)).toEqual(answers.map(() => 'STALE old'))
    expect([checks, source.calls]).toEqual([11, 2])
  })

  it('is of one run, its status, its headers and its body, whatever goes on behind it', async () => {
    let runs = 0
    const { app, get } = await start(
      async (response) => {
        const run = ++runs
        response.status(run % 2 === 0 ? 203 : 200).header('X-Run', String(run))
        for (let turns = run % 5; turns > 0; turns--) await turn()
        response.header(`X-Run-${run}`, 'yes')
        if (run % 3 === 0) throw new Error('no database')
        return { run }
      },
      { ttl: 1, staleWhileRevalidate: '1h', failSafe: '1h', retryAfter: 1 },
      { cache: { store: new MemoryStore() } },
    )
    const answers: Answer[] = []
    const reader = async () => {
      while (answers.length < 300) answers.push(await get())
    }

    await Promise.all(Array.from({ length: 10 }, reader))

    for (const { status, json, headers } of answers) {
      const { run } = json as { run: number }
      expect([status, headers.get('x-run')]).toEqual([run % 2 === 0 ? 203 : 200, String(run)])
      expect([...headers.keys()].filter((name) => name.startsWith('x-run-'))).toEqual([`x-run-${run}`])
    }
    expect(runs).toBeGreaterThan(10)
    expect(app.log.matching(/^error:/)).toEqual([])
  })

  it('is none where the response is not cached: the handler runs once for each request', async () => {
    let runs = 0
    const { app, store, get } = await start((response) => {
      response.header('Cache-Control', 'private')
      return `run ${++runs}`
    })
    await get()

    store.pass(minute)
    const voided = app.next('load')
    const answer = await get()
    await voided
    const after = await get()

    expect([answer.cache, answer.text]).toEqual(['BYPASS', 'run 2'])
    expect([after.cache, after.text]).toEqual(['MISS', 'run 3'])
  })
})

describe.each(platforms)('on $name, a response that is about to end', (platform) => {
  async function start(cache: Partial<CacheAsideModuleOptions>, route: RouteReadOptions = {}) {
    let runs = 0
    const store = new ClockedStore()
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('product')
      @CacheTTL({ ttl: '1m', ...route })
      async find() {
        // A load that takes no time is not worth an early one.
        for (const began = performance.now(); performance.now() < began + 2; ) await turn()
        return { run: ++runs }
      }
    }
    const app = await startApp({ platform, controllers: [Products], cache: { store, jitter: 0, ...cache } })
    const refreshes: unknown[] = []
    app.cache.events.on('refresh', (event) => refreshes.push(event))
    // The reader whom chance has chosen, if there is one.
    const random = vi.spyOn(Math, 'random').mockReturnValue(1 - Number.EPSILON)
    onTestFinished(() => random.mockRestore())
    await app.get('/product')
    store.pass(minute - 1)
    return { app, refreshes }
  }

  it.each([
    { where: 'the module', cache: { earlyRefresh: 1 }, route: {} },
    { where: 'the module, by its share', cache: { earlyRefreshAt: 0.5 }, route: {} },
    { where: 'the route', cache: {}, route: { earlyRefresh: 1 } },
  ])('is refreshed behind a hit where $where says so', async ({ cache, route }) => {
    const { app } = await start(cache, route)

    const filled = app.next('fill')
    const hit = await app.get('/product')
    await filled
    const next = await app.get('/product')

    expect([hit, next].map(({ cache: outcome, text }) => `${outcome} ${text}`)).toEqual([
      'HIT {"run":1}',
      'HIT {"run":2}',
    ])
  })

  it.each([
    { where: 'nobody says so', cache: {}, route: {} },
    { where: 'the route says not to', cache: { earlyRefresh: 1 }, route: { earlyRefresh: 0 } },
  ])('is not refreshed where $where', async ({ cache, route }) => {
    const { app, refreshes } = await start(cache, route)

    const hit = await app.get('/product')

    expect([hit.cache, hit.text]).toEqual(['HIT', '{"run":1}'])
    expect(refreshes).toEqual([])
  })
})
