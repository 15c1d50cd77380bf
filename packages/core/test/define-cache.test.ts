import { gate } from '@cache-aside/testkit'
import { describe, expect, it } from 'vitest'
import { CacheAside, cacheKey, defineCache, InvalidKeyError, InvalidOptionsError, MemoryStore } from '../src/index.ts'
import { onEveryStore } from './guarantee/on-every-store.ts'

interface Product {
  readonly id: string
  readonly category: string
}

/** A source of truth that counts what it is asked. */
function database(): {
  readonly rows: Map<string, Product>
  readonly asked: string[][]
  product(id: string): Product | null
  products(ids: readonly string[]): Promise<Map<string, Product>>
} {
  const rows = new Map(['1', '2', '3'].map((id) => [id, { id, category: id === '3' ? 'games' : 'books' }]))
  const asked: string[][] = []
  return {
    rows,
    asked,
    product(id) {
      asked.push([id])
      return rows.get(id) ?? null
    },
    async products(ids) {
      asked.push([...ids])
      return new Map([...rows].filter(([id]) => ids.includes(id)))
    },
  }
}

onEveryStore('a definition', ({ open }) => {
  it('loads a value once, under a key of its name and argument', async () => {
    const [cache, source] = [open(), database()]
    const products = defineCache({ name: 'product', load: (id: string) => source.product(id) }).bind(cache)

    const values = [await products.get('1'), await products.get('1')]

    expect(values).toEqual([source.rows.get('1'), source.rows.get('1')])
    expect(source.asked).toEqual([['1']])
    expect(await cache.get('product:1')).toEqual({ found: true, value: source.rows.get('1') })
    expect(products.key('1')).toBe('product:1')
  })

  it('gives its load the argument, and the context of a loader', async () => {
    const seen: unknown[] = []
    const pages = defineCache({
      name: 'page',
      load: (argument: { category: string; page: number }, { key, signal }) => {
        seen.push(argument, key, signal.aborted)
        return argument.page
      },
    }).bind(open())

    await pages.get({ category: 'books', page: 2 })

    expect(seen).toEqual([{ category: 'books', page: 2 }, "page:%(category='books',page=2)", false])
  })

  it('takes arguments that are equal for one, and others for others', async () => {
    const loads: unknown[] = []
    const pages = defineCache({
      name: 'page',
      load: (page: { category: string; page?: number | string | undefined }) => loads.push(page),
    }).bind(open())

    const one = await pages.get({ category: 'books', page: 2 })
    const same = await Promise.all([
      pages.get({ page: 2, category: 'books' }),
      pages.getMany([{ page: 2, category: 'books' }]).then((many) => [...many.values()][0]),
    ])
    const others = [await pages.get({ category: 'books', page: '2' }), await pages.get({ category: 'books' })]

    expect(same).toEqual([one, one])
    expect(others).toEqual([2, 3])
    expect(await pages.get({ category: 'books', page: undefined })).toBe(3)
  })

  it('makes its keys of the parts that it says', async () => {
    const cache = open()
    const users = defineCache({
      name: 'user',
      key: ({ tenant, id }) => [tenant, id],
      load: (user: { tenant: string; id: number; trace: () => string }) => user.trace(),
    }).bind(cache)

    await users.get({ tenant: 'a:b', id: 7, trace: () => 'first' })

    expect(await cache.get('user:a%3Ab:7')).toEqual({ found: true, value: 'first' })
    expect(await users.get({ tenant: 'a:b', id: 7, trace: () => 'second' })).toBe('first')
  })

  it('without an argument has one value', async () => {
    const cache = open()
    let loads = 0
    const settings = defineCache({ name: 'settings', load: () => ({ loads: ++loads }), failSafe: '1h' }).bind(cache)

    expect(await settings.get()).toEqual({ loads: 1 })
    expect(await settings.get()).toEqual({ loads: 1 })
    await settings.invalidate()
    expect(await settings.get()).toEqual({ loads: 2 })
    await settings.expire()
    expect(await settings.get()).toEqual({ loads: 3 })
    expect(await settings.set({ loads: 70 })).toBe(true)
    expect(await settings.get()).toEqual({ loads: 70 })
    expect(await settings.mutate(() => 'written')).toBe('written')
    expect(await settings.get()).toEqual({ loads: 4 })
    expect(await settings.writeThrough(() => ({ loads: 80 }))).toEqual({ loads: 80 })
    expect(await settings.get()).toEqual({ loads: 80 })
    expect(settings.key()).toBe('settings')
  })

  it('writes what belongs to an argument', async () => {
    const [cache, source] = [open(), database()]
    const products = defineCache({ name: 'product', load: (id: string) => source.product(id), failSafe: '1h' }).bind(
      cache,
    )
    const written = { id: '1', category: 'written' }

    await products.get('2')
    expect(await products.set('1', written)).toBe(true)
    expect(await products.get('1')).toEqual(written)
    expect(await products.invalidate('1')).toBe('acknowledged')
    expect(await products.get('1')).toEqual(source.rows.get('1'))
    expect(await products.expire('1')).toBe('acknowledged')
    expect(await products.get('1')).toEqual(source.rows.get('1'))
    expect(await products.mutate('1', () => 'renamed')).toBe('renamed')
    expect(await products.get('1')).toEqual(source.rows.get('1'))
    expect(await products.writeThrough('1', () => written)).toEqual(written)
    expect(await products.get('1')).toEqual(written)
    expect(source.asked).toEqual([['2'], ['1'], ['1'], ['1']])
  })

  it('hands the options of a write on', async () => {
    const cache = open()
    const products = defineCache({ name: 'product', load: (id: string) => id }).bind(cache)

    await products.mutate('1', () => {}, { settle: '1h' })
    await products.get('1')

    expect(await cache.get('product:1')).toMatchObject({ found: false })
  })

  it.each(['load', 'loadMany'])('keeps values for as long as it says, with a %s', async (loader) => {
    const cache = open({ ttl: '1h', jitter: 0 })
    const load = (id: string): string | null => (id === '1' ? 'one' : null)
    const loaders = loader === 'load' ? { load } : { loadMany: (ids: readonly string[]) => ids.map(load) }
    const products = defineCache({ name: 'product', ...loaders, ttl: '5m', negativeTtl: '1m' }).bind(cache)

    await products.get('1')
    await products.get('2')
    await products.set('3', 'three')

    const ttls = await Promise.all(['1', '2', '3'].map((id) => cache.ttl(products.key(id))))
    // To the minute: a store may be asked by a clock that is a little ahead of its own.
    expect(ttls.map((ttl) => Math.round((ttl ?? 0) / 60_000))).toEqual([5, 1, 5])
  })

  it('is the same in every cache it is bound to', async () => {
    const [cache, other] = [open(), open({ namespace: 'another' })]
    const source = database()
    const definition = defineCache({ name: 'product', load: (id: string) => source.product(id) })

    await definition.bind(cache).get('1')
    await definition.bind(other).get('1')

    expect(definition.key('1')).toBe('product:1')
    expect(source.asked).toEqual([['1'], ['1']])
  })

  it('is bound to a child of a cache as to the cache', async () => {
    const [cache, source] = [open(), database()]
    const loadMany = (ids: readonly string[]) => source.products(ids)
    const products = defineCache({ name: 'product', loadMany, tags: (_, id) => [id] }).bind(cache.child('acme'))

    await products.getMany(['1', '2'])
    await products.invalidateTag('1')
    await products.getMany(['1', '2'])

    expect(source.asked).toEqual([['1', '2'], ['1']])
    expect(await cache.get('acme:product:1')).toEqual({ found: true, value: source.rows.get('1') })
  })

  it('rejects an argument that cannot be a key, and loads nothing', async () => {
    const source = gate<string>()
    const load = (argument: { when: () => boolean } | string) => source.load(argument)
    const products = defineCache({ name: 'product', load }).bind(open())
    const argument = { when: () => true }

    await expect(products.get(argument)).rejects.toThrow(InvalidKeyError)
    await expect(products.getMany(['1', argument])).rejects.toThrow('a definition with a `key`')
    await expect(products.set(argument, 'value')).rejects.toThrow(InvalidKeyError)
    await expect(products.invalidate(argument)).rejects.toThrow(InvalidKeyError)
    await expect(products.expire(argument)).rejects.toThrow(InvalidKeyError)
    await expect(products.mutate(argument, () => {})).rejects.toThrow(InvalidKeyError)
    await expect(products.writeThrough(argument, () => 'value')).rejects.toThrow(InvalidKeyError)
    expect(source.calls).toBe(0)
  })
})

onEveryStore('many values of a definition', ({ open }) => {
  it('are given by the arguments as they were given, and in their order', async () => {
    const source = database()
    const products = defineCache({
      name: 'product',
      loadMany: async (ids: readonly (string | number)[]) => source.products(ids.map(String)),
    }).bind(open())

    const many = await products.getMany(['3', 1, '9', '1', '3'])

    const [one, three] = [source.rows.get('1'), source.rows.get('3')]
    expect([...many]).toEqual([
      ['3', three],
      [1, one],
      ['9', null],
      ['1', one],
    ])
    expect(many.get(1)).not.toBe(many.get('1'))
    expect(source.asked).toEqual([['3', '1', '9']])
    expect(await products.getMany([])).toEqual(new Map())
  })

  it('are loaded together, and only those that are missing', async () => {
    const source = database()
    const products = defineCache({ name: 'product', loadMany: (ids: readonly string[]) => source.products(ids) }).bind(
      open(),
    )
    await products.getMany(['1', '9'])

    const many = await products.getMany(['1', '2', '9', '3'])

    expect(source.asked).toEqual([
      ['1', '9'],
      ['2', '3'],
    ])
    expect([...many.values()].map((product) => product?.id ?? null)).toEqual(['1', '2', null, '3'])
  })

  it('are loaded by loadMany where get loads by load', async () => {
    const source = database()
    const products = defineCache({
      name: 'product',
      load: (id: string) => source.product(id),
      loadMany: (ids) => source.products(ids),
    }).bind(open())

    await Promise.all([products.get('1'), products.get('2')])
    await products.getMany(['1', '2', '3', '4'])

    expect(source.asked.map(String).toSorted()).toEqual(['1', '2', '3,4'])
  })

  it('are loaded one by one where there is no loadMany', async () => {
    const source = database()
    const products = defineCache({ name: 'product', load: (id: string) => source.product(id) }).bind(open())

    const many = await products.getMany(['1', '9', '1'])

    expect([...many]).toEqual([
      ['1', source.rows.get('1')],
      ['9', null],
    ])
    expect(source.asked.map(String).toSorted()).toEqual(['1', '9'])
  })

  it('are taken from a list in the order of the arguments', async () => {
    const pages = defineCache({
      name: 'page',
      loadMany: (list: readonly { page: number }[]) => list.map(({ page }) => page * 10),
    }).bind(open())
    const [first, second] = [{ page: 1 }, { page: 2 }]

    expect([...(await pages.getMany([second, first]))]).toEqual([
      [second, 20],
      [first, 10],
    ])
  })

  it('are found in a map whose keys are equal, and not the same', async () => {
    const pages = defineCache({
      name: 'page',
      loadMany: (list: readonly { page: number }[]) => new Map(list.map(({ page }) => [{ page }, page * 10])),
    }).bind(open())
    const page = { page: 1 }

    expect(await pages.getMany([page])).toEqual(new Map([[page, 10]]))
  })

  it('fail where a map has what was not asked for: its other values may be of others too', async () => {
    const byName = async (ids: readonly string[]) => new Map(ids.map((id) => [`name of ${id}`, id]))
    const products = defineCache({ name: 'product', loadMany: byName }).bind(open())

    await expect(products.getMany(['1'])).rejects.toThrow('a Map with the key "product:name%20of%201"')
  })

  it('fail each for itself', async () => {
    const failure = new Error('not readable')
    const load = (ids: readonly string[]) => ids.map((id) => (id === '2' ? failure : id))
    const products = defineCache({ name: 'product', loadMany: load }).bind(open())

    await expect(products.getMany(['1', '2', '3'])).rejects.toBe(failure)
    expect(await products.getManySettled(['1', '2', '3'])).toEqual(
      new Map<string, unknown>([
        ['1', { status: 'fulfilled', value: '1' }],
        ['2', { status: 'rejected', reason: failure }],
        ['3', { status: 'fulfilled', value: '3' }],
      ]),
    )
    expect(await products.get('1')).toBe('1')
    await expect(products.get('2')).rejects.toBe(failure)
  })

  it('fail each for itself where there is no loadMany', async () => {
    const failure = new Error('not readable')
    const load = (id: string) => (id === '2' ? Promise.reject(failure) : id)
    const products = defineCache({ name: 'product', load }).bind(open())

    expect(await products.getManySettled(['1', '2'])).toEqual(
      new Map<string, unknown>([
        ['1', { status: 'fulfilled', value: '1' }],
        ['2', { status: 'rejected', reason: failure }],
      ]),
    )
    await expect(products.getMany(['1', '2'])).rejects.toBe(failure)
  })

  it('fail all where loadMany fails, with the error itself', async () => {
    const failure = new Error('no database')
    const products = defineCache({
      name: 'product',
      loadMany: (ids: readonly string[]): string[] => {
        throw Object.assign(failure, { ids })
      },
    }).bind(open())

    await expect(products.getMany(['1', '2'])).rejects.toBe(failure)
    await expect(products.get('1')).rejects.toBe(failure)
  })

  it('fail all where a list has another length: nobody knows whose its values are', async () => {
    const products = defineCache({ name: 'product', loadMany: (ids: readonly string[]) => ids.slice(1) }).bind(open())

    await expect(products.getMany(['1', '2'])).rejects.toThrow('2')
    await expect(products.get('1')).rejects.toThrow('1')
  })
})

onEveryStore('get of a definition with loadMany', ({ open }) => {
  it('loads what is asked for in one tick together', async () => {
    const source = database()
    const products = defineCache({ name: 'product', loadMany: (ids: readonly string[]) => source.products(ids) }).bind(
      open(),
    )

    const values = await Promise.all(['1', '2', '9', '1'].map((id) => products.get(id)))

    expect(values).toEqual([source.rows.get('1'), source.rows.get('2'), null, source.rows.get('1')])
    expect(values[0]).not.toBe(values[3])
    expect(source.asked).toEqual([['1', '2', '9']])
  })

  it('does so beside a load where that is asked for', async () => {
    const source = database()
    const load = (id: string) => source.product(id)
    const loadMany = (ids: readonly string[]) => source.products(ids)
    const products = defineCache({ name: 'product', load, loadMany, batch: true }).bind(open())

    await Promise.all([products.get('1'), products.get('2')])

    expect(source.asked).toEqual([['1', '2']])
  })

  it('does not make a value that is cached wait for one that is not', async () => {
    const source = gate<string[]>()
    const products = defineCache({ name: 'product', loadMany: (ids: readonly string[]) => source.load(ids) }).bind(
      open(),
    )
    await products.set('1', 'cached')

    const missing = products.get('2')
    const cached = await products.get('1')
    await source.called
    source.answer(['loaded'])

    expect(cached).toBe('cached')
    expect(await missing).toBe('loaded')
  })

  it('fails for whom it fails', async () => {
    const failure = new Error('not readable')
    const load = (ids: readonly string[]) => ids.map((id) => (id === '2' ? failure : id))
    const products = defineCache({ name: 'product', loadMany: load }).bind(open())

    const outcomes = await Promise.allSettled([products.get('1'), products.get('2')])

    expect(outcomes).toEqual([
      { status: 'fulfilled', value: '1' },
      { status: 'rejected', reason: failure },
    ])
  })
})

onEveryStore('the tags of a definition', ({ open }) => {
  const byCategory = (product: Product | null, id: string) => [
    cacheKey('asked', id),
    ...(product === null ? [] : [cacheKey('category', product.category)]),
  ]

  it('are made of value and argument, whichever way the value came', async () => {
    const source = database()
    const products = defineCache({
      name: 'product',
      load: (id: string) => source.product(id),
      loadMany: (ids) => source.products(ids),
      tags: byCategory,
    }).bind(open())
    const asked = (...ids: string[]) => Promise.all(ids.map((id) => products.get(id)))
    await products.get('1')
    await products.getMany(['2', '3'])
    await products.set('4', { id: '4', category: 'books' })
    await products.writeThrough('5', () => ({ id: '5', category: 'books' }))
    source.asked.length = 0

    await asked('1', '2', '3', '4', '5')
    expect(source.asked).toEqual([])

    await products.invalidateTag('category:books')
    await asked('1', '2', '3', '4', '5')
    expect(source.asked.flat().toSorted()).toEqual(['1', '2', '4', '5'])

    await products.invalidateTag('asked:3')
    await asked('1', '3')
    expect(source.asked.slice(4)).toEqual([['3']])
  })

  it('can be the same for all values', async () => {
    const source = database()
    const load = (id: string) => source.product(id)
    const products = defineCache({ name: 'product', load, tags: ['products'] }).bind(open())
    await products.get('1')

    await products.expireTag('products')
    await products.get('1')

    expect(source.asked).toEqual([['1'], ['1']])
  })
})

describe('defineCache', () => {
  const load = (id: string) => id
  const define = (options: object) => () => defineCache(options as { name: string; load: typeof load })

  it.each<[string, object, string]>([
    ['no name', { load }, 'option "name": expected 1 to 64 of A-Z a-z 0-9 . _ -'],
    ['a name that is none', { name: 'a:b', load }, 'option "name": expected'],
    ['no loader', { name: 'product' }, 'option "product.load": expected a loader'],
    ['a load that is none', { name: 'product', load: 1 }, 'option "product.load": expected a loader'],
    ['a loadMany that is none', { name: 'product', load, loadMany: 1 }, 'option "product.loadMany": expected a loader'],
    ['a key that is none', { name: 'product', load, key: 'id' }, 'option "product.key": expected a function'],
    ['tags that are none', { name: 'product', load, tags: 'a' }, 'option "product.tags": expected a list'],
    ['a wrong TTL', { name: 'product', load, ttl: 'soon' }, 'option "product.ttl": expected milliseconds'],
    ['an unknown option', { name: 'product', load, tll: 1 }, 'option "product.tll": expected one of name, key, load'],
    ['an option of a cache', { name: 'product', load, namespace: 'a' }, 'option "product.namespace": expected one of'],
    ['batch without loadMany', { name: 'product', load, batch: true }, 'option "product.batch": expected'],
    [
      'batch: false without load',
      { name: 'product', loadMany: load, batch: false },
      'option "product.batch": expected',
    ],
    [
      'a batch that is none',
      { name: 'product', load, loadMany: load, batch: 'no' },
      'option "product.batch": expected',
    ],
  ])('refuses %s, and names the definition', (_what, options, message) => {
    expect(define(options)).toThrow(InvalidOptionsError)
    expect(define(options)).toThrow(message)
  })

  it('names everything that is wrong at once', () => {
    expect(define({ name: 'product', ttl: 0, key: 1 })).toThrow(/"product\.key".*"product\.load".*"product\.ttl"/)
  })

  it('refuses what is no object', () => {
    expect(define(undefined as unknown as object)).toThrow(InvalidOptionsError)
  })

  it('has methods that can be handed on', async () => {
    const { key, get } = defineCache({ name: 'product', load }).bind(onMemory())

    expect(['1', '2'].map(key)).toEqual(['product:1', 'product:2'])
    expect(await Promise.all(['1', '2'].map((id) => get(id)))).toEqual(['1', '2'])
  })
})

const onMemory = () => new CacheAside({ namespace: 'shop', store: new MemoryStore() })
