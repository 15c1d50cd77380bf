import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type NestInterceptor,
  Res,
  UseInterceptors,
} from '@nestjs/common'
import { APP_INTERCEPTOR } from '@nestjs/core'
import { map } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { CacheAsideInterceptor, CacheKey, CachePolicy } from '../src/index.ts'
import { bindGlobally, platforms, startApp } from './app.ts'

interface Reply {
  header(name: string, value: string): unknown
}

/** Puts every body into an envelope, and tells what it was. */
@Injectable()
class Envelope implements NestInterceptor {
  readonly seen: unknown[] = []

  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(
      map((body: unknown) => {
        this.seen.push(body)
        return { data: body }
      }),
    )
  }
}

/** JSON asks it for its text each time it is written. */
class Price {
  written = 0

  toJSON() {
    this.written++
    return '2.50 €'
  }
}

describe.each(platforms)('on $name, a stored response', (platform) => {
  it('is made text once, with its type and its tag, and goes out so on every hit', async () => {
    const price = new Price()
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('product')
      @CacheKey('product')
      find() {
        return { price }
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const answers = [await app.get('/product')]
    const { written } = price
    answers.push(await app.get('/product'), await app.get('/product'))

    expect(answers.map(({ cache, text }) => `${cache} ${text}`)).toEqual([
      'MISS {"price":"2.50 €"}',
      'HIT {"price":"2.50 €"}',
      'HIT {"price":"2.50 €"}',
    ])
    expect(price.written).toBe(written)
    expect(new Set(answers.map(({ headers }) => headers.get('content-type')))).toEqual(
      new Set(['application/json; charset=utf-8']),
    )
    expect(new Set(answers.map(({ headers }) => headers.get('content-length'))).size).toBe(1)
  })

  it.each([
    { where: 'globally', outside: true },
    { where: 'on the controller, before the cache', outside: true },
    { where: 'on the route, behind the cache', outside: false },
  ])('is the body that the handler gave for an interceptor $where', async ({ where, outside }) => {
    const envelope = new Envelope()
    const isGlobal = where === 'globally'
    @Controller()
    @UseInterceptors(...(isGlobal || !outside ? [CacheAsideInterceptor] : [envelope, CacheAsideInterceptor]))
    class Products {
      @Get('product')
      @UseInterceptors(...(outside ? [] : [envelope]))
      find() {
        return { id: 1 }
      }
    }
    const app = await startApp({
      platform,
      controllers: [Products],
      ...(isGlobal && { configure: (nest) => nest.useGlobalInterceptors(envelope) }),
    })

    const answers = [await app.get('/product'), await app.get('/product')]

    expect(answers.map(({ cache, text }) => `${cache} ${text}`)).toEqual([
      'MISS {"data":{"id":1}}',
      'HIT {"data":{"id":1}}',
    ])
    expect(envelope.seen).toEqual(outside ? [{ id: 1 }, { id: 1 }] : [{ id: 1 }])
  })

  it.each(['extends', 'globally extends', 'calls'])(
    'is that body for an interceptor that %s that of the cache',
    async (how) => {
      @Injectable()
      class Extended extends CacheAsideInterceptor {
        override intercept(context: ExecutionContext, next: CallHandler) {
          return super.intercept(context, next).pipe(map((data) => ({ data })))
        }
      }
      let inner: CacheAsideInterceptor | undefined
      class Calling implements NestInterceptor {
        intercept(context: ExecutionContext, next: CallHandler) {
          return (inner as CacheAsideInterceptor).intercept(context, next).pipe(map((data) => ({ data })))
        }
      }
      const bound = { extends: [Extended], 'globally extends': [], calls: [new Calling()] }[how] ?? []
      @Controller()
      @UseInterceptors(...bound)
      class Products {
        @Get('product')
        find() {
          return { id: 1 }
        }
      }
      const providers = how === 'globally extends' ? [{ provide: APP_INTERCEPTOR, useClass: Extended }] : []
      const app = await startApp({ platform, controllers: [Products], providers })
      inner = app.nest.get(CacheAsideInterceptor)

      const answers = [await app.get('/product'), await app.get('/product')]

      expect(answers.map(({ cache, text }) => `${cache} ${text}`)).toEqual([
        'MISS {"data":{"id":1}}',
        'HIT {"data":{"id":1}}',
      ])
    },
  )

  it('is what it is for the outermost where the cache is bound twice', async () => {
    const envelope = new Envelope()
    @Controller()
    @UseInterceptors(envelope, CacheAsideInterceptor)
    class Products {
      @Get('product')
      find() {
        return { id: 1 }
      }
    }
    const app = await startApp({ platform, controllers: [Products], configure: bindGlobally })

    const answers = [await app.get('/product'), await app.get('/product')]

    expect(answers.map(({ text }) => text)).toEqual(['{"data":{"id":1}}', '{"data":{"id":1}}'])
    expect(envelope.seen).toHaveLength(1)
  })

  it('is text for interceptors outside of the cache where the route says so', async () => {
    const envelope = new Envelope()
    @Controller()
    @UseInterceptors(envelope, CacheAsideInterceptor)
    class Products {
      @Get('product')
      @CachePolicy({ body: 'as-sent' })
      find() {
        return { id: 1 }
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    await app.get('/product')
    await app.get('/product')

    expect(envelope.seen).toEqual(['{"id":1}', '{"id":1}'])
  })

  it.each([
    { what: 'JSON of a type of its own', type: 'application/problem+json', body: { title: 'gone' } },
    { what: 'text of a type of its own', type: 'text/csv', body: 'a,b' },
    { what: 'JSON that the handler has written', type: 'application/json', body: '{"id":1}' },
    { what: 'bytes of a type of their own', type: 'image/png', body: Buffer.from([0, 255]) },
  ])('is $what, as without a cache', async ({ type, body }) => {
    @Controller()
    class Values {
      @Get('cached')
      @UseInterceptors(CacheAsideInterceptor)
      cached(@Res({ passthrough: true }) response: Reply) {
        response.header('Content-Type', type)
        return body
      }

      @Get('uncached')
      uncached(@Res({ passthrough: true }) response: Reply) {
        response.header('Content-Type', type)
        return body
      }
    }
    const app = await startApp({ platform, controllers: [Values] })

    const plain = await app.get('/uncached')
    const answers = [await app.get('/cached'), await app.get('/cached')]

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'HIT'])
    for (const { text, status, headers } of answers) {
      expect([status, text]).toEqual([plain.status, plain.text])
      expect(headers.get('content-type')).toBe(plain.headers.get('content-type'))
    }
  })

  it('is not stored, and fails as without a cache, where the body cannot be made text', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Values {
      @Get('cycle')
      cycle() {
        const cycle: { self?: unknown } = {}
        cycle.self = cycle
        return cycle
      }
    }
    const app = await startApp({ platform, controllers: [Values] })

    const answers = [await app.get('/cycle'), await app.get('/cycle')]

    expect(answers.map(({ status }) => status)).toEqual([500, 500])
  })
})
