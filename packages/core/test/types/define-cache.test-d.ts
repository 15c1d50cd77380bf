import { describe, expectTypeOf, it } from 'vitest'
import {
  type Acknowledgement,
  type CacheAside,
  cacheKey,
  type CacheDefinition,
  defineCache,
  type LoadContext,
} from '../../src/index.ts'

interface Product {
  readonly id: string
  readonly categoryId: string
}

interface Page {
  readonly category: string
  readonly page?: number
}

/** A value that looks like an error, and is none. */
interface Letter {
  readonly name: string
  readonly message: string
}

declare const cache: CacheAside
declare const database: {
  product(id: string): Promise<Product | null>
  products(ids: readonly string[]): Promise<Map<string, Product>>
  listed(ids: readonly string[]): Promise<(Product | null)[]>
  orders(ids: readonly string[]): Promise<{ readonly total: number }[]>
  letters(ids: readonly string[]): Promise<Letter[]>
  page(page: Page): Promise<Product[]>
}

describe('a definition with a load', () => {
  const definition = defineCache({
    name: 'product',
    load: (id: string) => database.product(id),
    tags: (product, id) => {
      expectTypeOf(product).toEqualTypeOf<Product | null>()
      expectTypeOf(id).toEqualTypeOf<string>()
      return product === null ? [] : [cacheKey('category', product.categoryId)]
    },
    key: (id) => {
      expectTypeOf(id).toEqualTypeOf<string>()
      return ['v2', id]
    },
    ttl: '5m',
    staleWhileRevalidate: '1m',
  })
  const products = definition.bind(cache)

  it('has the argument and the values of its load', () => {
    expectTypeOf(definition).toEqualTypeOf<CacheDefinition<string, Product | null>>()
    expectTypeOf(definition.key).toEqualTypeOf<(id: string) => string>()
    expectTypeOf(products.key).toEqualTypeOf<(id: string) => string>()
    expectTypeOf(products.get).toEqualTypeOf<(id: string) => Promise<Product | null>>()
    expectTypeOf(products.getMany).toEqualTypeOf<(ids: readonly string[]) => Promise<Map<string, Product | null>>>()
    expectTypeOf(products.getManySettled(['1'])).resolves.toEqualTypeOf<
      Map<string, PromiseSettledResult<Product | null>>
    >()
    expectTypeOf(products.set).toEqualTypeOf<(id: string, value: Product | null) => Promise<boolean>>()
    expectTypeOf(products.invalidate).toEqualTypeOf<(id: string) => Promise<Acknowledgement>>()
    expectTypeOf(products.expire).toEqualTypeOf<(id: string) => Promise<Acknowledgement>>()
    expectTypeOf(products.invalidateTag).toEqualTypeOf<CacheAside['invalidateTag']>()
    expectTypeOf(products.mutate('1', async () => 7)).resolves.toEqualTypeOf<number>()
    expectTypeOf(products.mutate('1', () => 7, { settle: '1s', tags: ['all'] })).resolves.toEqualTypeOf<number>()
    expectTypeOf(products.writeThrough('1', () => null)).resolves.toEqualTypeOf<Product | null>()
  })

  it('refuses other arguments and values', () => {
    // @ts-expect-error an argument of another type
    void products.get(1)
    // @ts-expect-error no argument
    void products.get()
    // @ts-expect-error an argument of another type
    void products.getMany([1])
    // @ts-expect-error one argument, and not a list
    void products.getMany('1')
    // @ts-expect-error a value of another type
    void products.set('1', { id: '1' })
    // @ts-expect-error no value
    void products.set('1')
    // @ts-expect-error a value of another type
    void products.writeThrough('1', () => 7)
    // @ts-expect-error nothing to write
    void products.mutate('1')
    // @ts-expect-error an argument of another type
    void products.invalidate(1)
    // @ts-expect-error an argument of another type
    products.key(1)
  })

  it('knows its argument with the context of a load beside it', () => {
    const others = defineCache({
      name: 'product',
      load: async (id: string, context) => {
        expectTypeOf(context).toEqualTypeOf<LoadContext>()
        return context.signal.aborted ? null : { id }
      },
      tags: (value, id) => [value === null ? id : value.id],
    }).bind(cache)

    expectTypeOf(others.get('1')).resolves.toEqualTypeOf<{ id: string } | null>()
  })

  it('has no null where its load returns none', () => {
    const pages = defineCache({ name: 'page', load: (page: Page) => database.page(page) }).bind(cache)

    expectTypeOf(pages.get({ category: 'books' })).resolves.toEqualTypeOf<Product[]>()
    expectTypeOf(pages.getMany([])).resolves.toEqualTypeOf<Map<Page, Product[]>>()
    // @ts-expect-error no null
    void pages.set({ category: 'books' }, null)
    // @ts-expect-error a property of another type
    void pages.get({ category: 'books', page: '2' })
  })

  it('takes what its load takes where that is optional', () => {
    const front = defineCache({ name: 'front', load: (page?: number) => database.page({ category: String(page) }) })
    const bound = front.bind(cache)

    expectTypeOf(bound.get).toEqualTypeOf<(page?: number) => Promise<Product[]>>()
    expectTypeOf(bound.set).toEqualTypeOf<(page: number | undefined, value: Product[]) => Promise<boolean>>()
    expectTypeOf(bound).toHaveProperty('getMany')
  })
})

describe('a definition whose argument has no type', () => {
  it('has an argument all the same', () => {
    const load = (id: ReturnType<typeof JSON.parse>) => String(id)
    const products = defineCache({ name: 'product', load }).bind(cache)

    expectTypeOf(products.getMany([1, '2'])).resolves.toExtend<Map<unknown, string>>()
    // @ts-expect-error no argument
    void products.get()
  })
})

describe('a definition without an argument', () => {
  const definition = defineCache({
    name: 'settings',
    load: () => Promise.resolve({ isOpen: true }),
    tags: (settings) => [settings.isOpen ? 'open' : 'closed'],
  })
  const settings = definition.bind(cache)

  it('has methods without one', () => {
    expectTypeOf(definition.key).toEqualTypeOf<() => string>()
    expectTypeOf(settings.get).toEqualTypeOf<() => Promise<{ isOpen: boolean }>>()
    expectTypeOf(settings.set).toEqualTypeOf<(value: { isOpen: boolean }) => Promise<boolean>>()
    expectTypeOf(settings.invalidate).toEqualTypeOf<() => Promise<Acknowledgement>>()
    expectTypeOf(settings.mutate(() => 'done')).resolves.toEqualTypeOf<string>()
    expectTypeOf(settings.mutate(() => 'done', { settle: '1s' })).resolves.toEqualTypeOf<string>()
  })

  it('can have the context of its load', () => {
    const others = defineCache({ name: 'settings', load: (_: void, { signal }) => signal.aborted }).bind(cache)

    expectTypeOf(others.get).toEqualTypeOf<() => Promise<boolean>>()
  })

  it('has nothing of many', () => {
    // @ts-expect-error no argument
    void settings.get('1')
    // @ts-expect-error one value
    void settings.getMany([])
    // @ts-expect-error one value
    void settings.getManySettled([])
    // @ts-expect-error no argument
    void settings.set('1', { isOpen: true })
  })
})

describe('a definition with a loadMany', () => {
  it('has the null of what a map lacks', () => {
    const products = defineCache({
      name: 'product',
      loadMany: (ids: readonly string[]) => database.products(ids),
      tags: (product, id) => {
        expectTypeOf(product).toEqualTypeOf<Product | null>()
        expectTypeOf(id).toEqualTypeOf<string>()
        return []
      },
    }).bind(cache)

    expectTypeOf(products.get('1')).resolves.toEqualTypeOf<Product | null>()
    expectTypeOf(products.getMany(['1'])).resolves.toEqualTypeOf<Map<string, Product | null>>()
  })

  it('has the values of a list, and not its errors', () => {
    class NotReadable extends Error {}
    const load = async (ids: readonly number[]) =>
      ids.map((id) => (id < 0 ? new NotReadable() : id === 0 ? null : { id }))
    const products = defineCache({ name: 'product', loadMany: load }).bind(cache)
    const letters = defineCache({ name: 'letter', loadMany: (ids: readonly string[]) => database.letters(ids) })

    expectTypeOf(products.get(1)).resolves.toEqualTypeOf<{ id: number } | null>()
    expectTypeOf(letters.bind(cache).get('1')).resolves.toEqualTypeOf<Letter>()
  })

  it('beside a load has its argument, and the values of both', () => {
    const mapped = defineCache({
      name: 'product',
      load: async (id: string): Promise<Product> => ({ id, categoryId: 'c' }),
      loadMany: (ids) => {
        expectTypeOf(ids).toEqualTypeOf<readonly string[]>()
        return database.products(ids)
      },
      batch: true,
    }).bind(cache)
    const listed = defineCache({
      name: 'product',
      load: (id: string) => database.product(id),
      loadMany: (ids) => database.listed(ids),
    }).bind(cache)

    expectTypeOf(mapped.get('1')).resolves.toEqualTypeOf<Product | null>()
    expectTypeOf(listed.get('1')).resolves.toEqualTypeOf<Product | null>()
  })
})

describe('defineCache', () => {
  it('refuses what cannot be a definition', () => {
    const load = (id: string) => database.product(id)
    const loadMany = (ids: readonly string[]) => database.products(ids)

    // @ts-expect-error neither load nor loadMany
    defineCache({ name: 'product' })
    // @ts-expect-error no name
    defineCache({ load })
    // @ts-expect-error not an option
    defineCache({ name: 'product', load, tll: '5m' })
    // @ts-expect-error an option of the cache
    defineCache({ name: 'product', load, namespace: 'shop' })
    // @ts-expect-error not a duration
    defineCache({ name: 'product', load, ttl: true })
    // @ts-expect-error tags of another value
    defineCache({ name: 'product', load, tags: (order: { readonly total: number }) => [String(order.total)] })
    // @ts-expect-error tags of another argument
    defineCache({ name: 'product', load, tags: (_product, id: number) => [String(id)] })
    // @ts-expect-error no list
    defineCache({ name: 'product', load, tags: 'products' })
    // @ts-expect-error a property that the value has not
    defineCache({ name: 'product', load, tags: (product) => [product.total] })
    // @ts-expect-error null is not looked at
    defineCache({ name: 'product', load, tags: (product) => [product.categoryId] })
    // @ts-expect-error other values than those of load
    defineCache({ name: 'product', load, loadMany: (ids) => database.orders(ids) })
    // @ts-expect-error another argument than that of load
    defineCache({ name: 'product', load, loadMany: async (ids: readonly number[]) => ids.map(() => null) })
    // @ts-expect-error neither a list nor a map
    defineCache({ name: 'product', loadMany: async (ids: readonly string[]) => ({ ids }) })
    // @ts-expect-error get has nothing else to load with
    defineCache({ name: 'product', loadMany, batch: false })
    // @ts-expect-error no part of a key
    defineCache({ name: 'product', load, key: (id) => [{ id }] })
  })
})
