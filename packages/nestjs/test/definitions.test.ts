import { Controller, Get, Inject, Injectable, Param, Patch, Query } from '@nestjs/common'
import { describe, expect, it } from 'vitest'
import { CacheAsideService, CacheInvalidate, CacheInvalidateTag, cacheKey, defineCache } from '../src/index.ts'
import { type App, platforms, startApp } from './app.ts'

interface Product {
  readonly id: string
  readonly category: string
}

@Injectable()
class ProductRepository {
  /** The ids that were asked for, call by call. */
  readonly calls: (readonly string[])[] = []

  async findMany(ids: readonly string[]): Promise<Product[]> {
    this.calls.push(ids)
    return ids.map((id) => ({ id, category: id.charAt(0) }))
  }
}

// As in the README: fields are made before the parameters of a constructor are theirs.
@Injectable()
class ProductService {
  readonly #products

  constructor(
    @Inject(CacheAsideService) cache: CacheAsideService,
    @Inject(ProductRepository) repository: ProductRepository,
  ) {
    this.#products = defineCache({
      name: 'product',
      loadMany: (ids: readonly string[]) => repository.findMany(ids),
      tags: ({ category }) => [cacheKey('category', category)],
      ttl: '5m',
    }).bind(cache)
  }

  find(id: string): Promise<Product> {
    return this.#products.get(id)
  }

  async findMany(ids: readonly string[]): Promise<Product[]> {
    return [...(await this.#products.getMany(ids)).values()]
  }
}

@Controller('products')
class ProductController {
  readonly #products: ProductService

  constructor(@Inject(ProductService) products: ProductService) {
    this.#products = products
  }

  @Get()
  list(@Query('ids') ids: string) {
    return this.#products.findMany(ids.split(','))
  }

  @Get(':id')
  find(@Param('id') id: string) {
    return this.#products.find(id)
  }

  @Patch(':id')
  @CacheInvalidate('product::id')
  change() {
    return 'changed'
  }

  @Patch('in/:category')
  @CacheInvalidateTag('category::category')
  changeAll() {
    return 'changed'
  }
}

describe.each(platforms)('on $name, a provider with a definition', (platform) => {
  const start = () =>
    startApp({ platform, controllers: [ProductController], providers: [ProductService, ProductRepository] })
  const callsOf = (app: App) => app.nest.get(ProductRepository).calls

  it('loads together what requests ask for, and what is not cached', async () => {
    const app = await start()

    const one = await app.get('/products/a1')
    const many = await app.get('/products?ids=a1,a2,b1')

    expect(one.json).toEqual({ id: 'a1', category: 'a' })
    expect(many.json).toEqual([
      { id: 'a1', category: 'a' },
      { id: 'a2', category: 'a' },
      { id: 'b1', category: 'b' },
    ])
    expect(callsOf(app)).toEqual([['a1'], ['a2', 'b1']])
  })

  it('has its values voided by the decorators of a write, by key and by tag', async () => {
    const app = await start()
    await app.get('/products?ids=a1,a2,b1')

    await app.send('PATCH', '/products/b1')
    await app.send('PATCH', '/products/in/a')
    await app.get('/products?ids=a1,a2,b1,a1')
    await app.get('/products?ids=a1,a2,b1')

    expect(callsOf(app)).toEqual([
      ['a1', 'a2', 'b1'],
      ['a1', 'a2', 'b1'],
    ])
  })
})
