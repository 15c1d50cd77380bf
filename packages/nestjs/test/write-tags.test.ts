import { gate } from '@cache-aside/testkit'
import {
  Body,
  ConflictException,
  Controller,
  Get,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Req,
  UseInterceptors,
} from '@nestjs/common'
import { describe, expect, it } from 'vitest'
import {
  CacheAsideInterceptor,
  CacheInvalidate,
  CacheInvalidateTag,
  CacheKey,
  cacheKey,
  CacheMutate,
  CacheMutateTag,
  CachePolicy,
  CacheTags,
  type HttpRequest,
  MemoryStore,
  type Written,
} from '../src/index.ts'
import { type App, platforms, startApp } from './app.ts'

interface Product {
  readonly id: string
  readonly category: string
}

/** A store that is away when a test says so. */
class AwayStore extends MemoryStore {
  isAway = false
  /** Of the barriers that were put up. */
  readonly writers: string[] = []

  override async bump(...args: Parameters<MemoryStore['bump']>) {
    this.#refuse()
    return super.bump(...args)
  }

  override async invalidate(...args: Parameters<MemoryStore['invalidate']>) {
    this.#refuse()
    return super.invalidate(...args)
  }

  override async raise(...args: Parameters<MemoryStore['raise']>) {
    this.writers.push(args[1].token)
    return super.raise(...args)
  }

  override async raiseTags(...args: Parameters<MemoryStore['raiseTags']>) {
    this.#refuse()
    this.writers.push(args[2].token)
    return super.raiseTags(...args)
  }

  #refuse(): void {
    if (this.isAway) throw new Error('connection lost')
  }
}

describe.each(platforms)('on $name', (platform) => {
  const product = { id: '1', category: 'tea' }
  const paths = ['/products/1', '/products?category=tea', '/products?category=cups', '/products?category=coffee']
  const read = async (app: App) => {
    const answers = []
    for (const path of paths) answers.push(await app.get(path))
    return answers.map(({ cache }) => cache)
  }

  /** Routes that read, with tags; a class with routes that write extends it. */
  @UseInterceptors(CacheAsideInterceptor)
  class Reads {
    @Get('products/:id')
    @CacheKey('product::id')
    find(): Product {
      return product
    }

    @Get('products')
    @CacheTags('category::category')
    list(@Query('category') category: string) {
      return category
    }
  }

  describe('a write with @CacheInvalidateTag', () => {
    function shop() {
      @Controller()
      @UseInterceptors(CacheAsideInterceptor)
      class Products extends Reads {
        @Patch('products/:id')
        @CacheInvalidate('product::id')
        @CacheInvalidateTag('category::body.category', ({ result }: Written<Product>) =>
          cacheKey('category', result.category),
        )
        move() {
          return product
        }

        @Put('products/:id')
        @CacheInvalidateTag('category::query.category')
        refuse() {
          throw new ConflictException('taken')
        }

        @Post('products')
        @CacheInvalidate('product:1')
        @CacheInvalidateTag(() => {
          throw new Error('no category')
        })
        create() {
          return 'written'
        }

        @Patch('makers/:maker')
        @CacheInvalidateTag('of:maker', 'category::sku')
        mistaken() {
          return 'written'
        }
      }
      return Products
    }

    it('voids what templates and functions of the result name, and its keys, before it is answered', async () => {
      const app = await startApp({ platform, controllers: [shop()] })
      await read(app)

      const write = await app.send('PATCH', '/products/1', { body: { category: 'cups' } })

      expect(write.json).toEqual(product)
      expect(await read(app)).toEqual(['MISS', 'MISS', 'MISS', 'HIT'])
    })

    it('voids the copies of all users, whoever writes', async () => {
      const userOf = ({ headers }: HttpRequest) => String(headers['x-user'])
      @Controller()
      @UseInterceptors(CacheAsideInterceptor)
      @CachePolicy({ credentials: userOf })
      class Carts {
        @Get('cart')
        @CacheTags('prices')
        read(@Req() request: HttpRequest) {
          return userOf(request)
        }

        @Put('prices')
        @CacheInvalidateTag('prices')
        change() {}
      }
      const app = await startApp({ platform, controllers: [Carts] })
      const cart = async (user: string) => {
        const { cache, text } = await app.get('/cart', { 'x-user': user })
        return `${cache} ${text}`
      }
      const voided = app.next('invalidate-tags')
      expect([await cart('ada'), await cart('bob'), await cart('ada')]).toEqual(['MISS ada', 'MISS bob', 'HIT ada'])

      await app.send('PUT', '/prices', { headers: { 'x-user': 'ada' } })

      expect([await cart('ada'), await cart('bob')]).toEqual(['MISS ada', 'MISS bob'])
      expect((await voided).tags).toEqual(['prices'])
    })

    it('voids nothing if it has failed', async () => {
      const app = await startApp({ platform, controllers: [shop()] })
      await read(app)

      const write = await app.send('PUT', '/products/1?category=tea')

      expect(write.status).toBe(409)
      expect(await read(app)).toEqual(['HIT', 'HIT', 'HIT', 'HIT'])
    })

    it('is answered when the invalidation fails, and the log says what of', async () => {
      const store = new AwayStore()
      const app = await startApp({ platform, controllers: [shop()], cache: { store } })
      store.isAway = true

      const write = await app.send('PATCH', '/products/1', { body: { category: 'cups' } })

      expect([write.status, write.json]).toEqual([200, product])
      const [line, ...more] = app.log.matching(/^error:/)
      expect(line).toMatch(
        /Products\.move wrote, but product:1 .*connection lost.*; category:cups, category:tea .*connection lost.*until its TTL ends/,
      )
      expect(more).toEqual([])
    })

    it('voids its keys where a function of its tags throws', async () => {
      const app = await startApp({ platform, controllers: [shop()] })
      await read(app)

      const write = await app.send('POST', '/products')

      expect([write.status, write.text]).toEqual([201, 'written'])
      expect((await read(app))[0]).toBe('MISS')
      expect(app.log.matching(/^error: Products\.create wrote, but its tags .*no category/)).toHaveLength(1)
    })

    it('warns once for each template that finds no value, or is read otherwise than it was meant', async () => {
      const app = await startApp({ platform, controllers: [shop()] })

      for (let i = 0; i < 2; i++) await app.send('PATCH', '/makers/acme')

      expect(app.log.matching(/^warn/)).toEqual([
        expect.stringMatching(/Products\.mistaken: @CacheInvalidateTag\('of:maker'\).*one tag .*write "::maker"/),
        expect.stringMatching(
          /@CacheInvalidateTag\('category::sku'\) found no "sku" .*function of @CacheInvalidateTag/,
        ),
      ])
    })
  })

  describe('a write with @CacheMutateTag', () => {
    function shop() {
      const write = gate<void>()
      @Controller()
      @UseInterceptors(CacheAsideInterceptor)
      class Products extends Reads {
        @Patch('products/:id')
        @CacheMutate('product::id')
        @CacheMutateTag('category::category', ({ body }) => cacheKey('category', (body as Product).category))
        async move(@Param('id') id: string, @Body() { category }: Product) {
          await write.load()
          return { id, category }
        }

        @Put('products/:id')
        @CacheMutateTag('category::category')
        fails() {
          throw new ConflictException('taken')
        }
      }
      return { Products, write }
    }
    const move = (app: App) => app.send('PATCH', '/products/1?category=tea', { body: { category: 'cups' } })

    it('keeps readers out of the cache from before it begins until its tags are void', async () => {
      const { Products, write } = shop()
      const app = await startApp({ platform, controllers: [Products] })
      await read(app)

      const answer = move(app)
      await write.called
      const during = [await read(app), await read(app)]
      write.answer()
      const written = await answer

      expect([written.status, written.json]).toEqual([200, { id: '1', category: 'cups' }])
      expect(during).toEqual([
        ['MISS', 'MISS', 'MISS', 'HIT'],
        ['MISS', 'MISS', 'MISS', 'HIT'],
      ])
      expect([await read(app), await read(app)]).toEqual([
        ['MISS', 'MISS', 'MISS', 'HIT'],
        ['HIT', 'HIT', 'HIT', 'HIT'],
      ])
    })

    it('has one barrier, of its keys and its tags', async () => {
      const { Products, write } = shop()
      const store = new AwayStore()
      const app = await startApp({ platform, controllers: [Products], cache: { store } })

      const answer = move(app)
      await write.called
      write.answer()
      await answer

      const [writer, ...others] = store.writers
      expect(others).toEqual([writer])
    })

    it('voids its tags when the handler fails too', async () => {
      const { Products } = shop()
      const app = await startApp({ platform, controllers: [Products] })
      await read(app)

      const write = await app.send('PUT', '/products/1?category=tea')

      expect(write.status).toBe(409)
      expect(await read(app)).toEqual(['HIT', 'MISS', 'HIT', 'HIT'])
    })

    it('is not made where the barrier of its tags cannot be put up: it answers 503', async () => {
      const { Products, write } = shop()
      const store = new AwayStore()
      const app = await startApp({ platform, controllers: [Products], cache: { store } })
      store.isAway = true

      expect((await move(app)).status).toBe(503)
      expect(write.calls).toBe(0)
      expect(app.log.matching(/^error: Products\.move answers 503.*connection lost/)).toHaveLength(1)
    })
  })

  it('both are writes with GET too, and never answered from the cache', async () => {
    let runs = 0
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Legacy {
      @Get('touch')
      @CacheInvalidateTag('a')
      touch() {
        return { run: ++runs }
      }

      @Get('mutate')
      @CacheMutateTag('a')
      mutate() {
        return { run: ++runs }
      }
    }
    const app = await startApp({ platform, controllers: [Legacy] })

    for (const path of ['/touch', '/touch', '/mutate', '/mutate']) await app.get(path)

    expect(runs).toBe(4)
  })

  it('both refuse a bad template while the class is defined', () => {
    expect(() => CacheInvalidateTag('product:*')).toThrow(/@CacheInvalidateTag.*'product::id'/)
    expect(() => CacheMutateTag('product:*')).toThrow(/@CacheMutateTag.*'product::id'/)
  })
})
