import { Controller, Get, Post, Req, UseInterceptors } from '@nestjs/common'
import { describe, expect, it } from 'vitest'
import { CacheAsideInterceptor, CacheInvalidate, CacheKey, CachePolicy, type HttpRequest } from '../src/index.ts'
import { platforms, startApp } from './app.ts'

const userOf = ({ headers }: HttpRequest) => headers.authorization?.slice('Bearer '.length)
const as = (user: string) => ({ authorization: `Bearer ${user}` })

describe.each(platforms)('on $name, a request with credentials', (platform) => {
  it.each([{ header: 'authorization' }, { header: 'cookie' }])('is not cached: $header', async ({ header }) => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Me {
      @Get('me')
      me(@Req() { headers }: HttpRequest) {
        return headers[header] ?? 'nobody'
      }
    }
    const app = await startApp({ platform, controllers: [Me] })

    const answers = [
      await app.get('/me'),
      await app.get('/me', { [header]: 'ada=1' }),
      await app.get('/me', { [header]: 'bob=1' }),
      await app.get('/me'),
    ]

    expect(answers.map(({ text }) => text)).toEqual(['nobody', 'ada=1', 'bob=1', 'nobody'])
    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'BYPASS', 'BYPASS', 'HIT'])
  })

  it('shares a response that is the same for everyone', async () => {
    let runs = 0
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('products')
      @CachePolicy({ credentials: 'shared' })
      list() {
        return { run: ++runs }
      }
    }
    const app = await startApp({ platform, controllers: [Products] })

    const answers = [
      await app.get('/products', as('ada')),
      await app.get('/products', { cookie: 'a=b' }),
      await app.get('/products'),
    ]

    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'HIT', 'HIT'])
    expect(runs).toBe(1)
  })

  it.each([
    { key: 'with the default key', decorators: [] },
    { key: 'with @CacheKey', decorators: [CacheKey('me')] },
  ])('gives every user an entry of their own, $key', async ({ decorators }) => {
    let runs = 0
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    @CachePolicy({ credentials: userOf })
    class Me {
      me(@Req() request: HttpRequest) {
        return `${userOf(request) ?? 'nobody'} ${++runs}`
      }
    }
    decorate(Me.prototype, 'me', [Get('me'), ...decorators])
    const app = await startApp({ platform, controllers: [Me] })

    const answers = [
      await app.get('/me', as('ada')),
      await app.get('/me', as('bob')),
      await app.get('/me', as('ada')),
      await app.get('/me', as('bob')),
      await app.get('/me'),
      await app.get('/me', { authorization: 'Bearer ' }),
    ]

    expect(answers.map(({ text }) => text)).toEqual(['ada 1', 'bob 2', 'ada 1', 'bob 2', 'nobody 3', ' 4'])
    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'MISS', 'HIT', 'HIT', 'BYPASS', 'BYPASS'])
    expect(app.log.matching(/^warn/)).toEqual([])
  })

  it('cannot reach the entry of a user through a part of a key', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Me {
      @Get('me')
      @CacheKey('me')
      @CachePolicy({ credentials: userOf })
      me(@Req() request: HttpRequest) {
        return userOf(request)
      }

      @Get('anyone/:name')
      @CacheKey('me::name')
      anyone() {
        return 'anyone'
      }
    }
    const app = await startApp({ platform, controllers: [Me] })
    await app.get('/me', as('ada'))

    const answers = await Promise.all(['ada', '%25@ada', '%40ada'].map((name) => app.get(`/anyone/${name}`)))

    expect(answers.map(({ text }) => text)).toEqual(['anyone', 'anyone', 'anyone'])
  })

  it('is not cached where the function gives no id', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Me {
      @Get('throws')
      @CachePolicy<{ readonly user: { readonly id: string } }>({ credentials: ({ user }) => user.id })
      throws(@Req() { headers }: HttpRequest) {
        return headers.authorization
      }

      @Get('object')
      @CachePolicy({ credentials: () => ({ id: 1 }) as unknown as string })
      object(@Req() { headers }: HttpRequest) {
        return headers.authorization
      }
    }
    const app = await startApp({ platform, controllers: [Me] })

    for (const path of ['/throws', '/object']) {
      const answers = [await app.get(path, as('ada')), await app.get(path, as('bob'))]
      expect(answers.map(({ text }) => text)).toEqual(['Bearer ada', 'Bearer bob'])
      expect(answers.map(({ cache }) => cache)).toEqual(['BYPASS', 'BYPASS'])
    }
    expect(app.log.matching(/^warn: Me\.(throws|object) is not cached/)).toHaveLength(2)
  })

  it('keeps the word of the controller where the route adds to it', async () => {
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    @CachePolicy({ credentials: userOf })
    class Me {
      @Get('me')
      @CachePolicy({ statuses: [203] })
      me(@Req() request: HttpRequest) {
        return userOf(request)
      }
    }
    const app = await startApp({ platform, controllers: [Me] })

    const answers = [await app.get('/me', as('ada')), await app.get('/me', as('bob')), await app.get('/me', as('ada'))]

    expect(answers.map(({ text }) => text)).toEqual(['ada', 'bob', 'ada'])
    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'MISS', 'HIT'])
  })

  it('voids the copy of the user who writes, and no other', async () => {
    const names = new Map([
      ['ada', 1],
      ['bob', 1],
    ])
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    @CachePolicy({ credentials: userOf })
    class Cart {
      @Get('cart')
      @CacheKey('cart')
      read(@Req() request: HttpRequest) {
        return { count: names.get(String(userOf(request))) }
      }

      @Post('cart')
      @CacheInvalidate('cart')
      write(@Req() request: HttpRequest) {
        names.set(String(userOf(request)), 2)
        return 'written'
      }
    }
    const app = await startApp({ platform, controllers: [Cart] })
    await app.get('/cart', as('ada'))
    await app.get('/cart', as('bob'))

    await app.send('POST', '/cart', { headers: as('ada') })
    const [ada, bob] = [await app.get('/cart', as('ada')), await app.get('/cart', as('bob'))]

    expect(ada.json).toEqual({ count: 2 })
    expect([ada.cache, bob.cache]).toEqual(['MISS', 'HIT'])
  })
})

/** Applies decorators that differ from case to case. */
function decorate(prototype: object, name: string, decorators: readonly MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor
  for (const decorator of decorators) decorator(prototype, name, descriptor)
}
