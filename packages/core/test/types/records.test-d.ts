import { expectTypeOf, it } from 'vitest'
import type { CacheAside, Lookup } from '../../src/index.ts'
import { json, RecordCache, type RecordOf, type Updated } from '../../src/record/index.ts'

interface Attributes {
  readonly watt: number
}

interface Product {
  name: string
  stock: number
  active: boolean
  since: Date
  note: string | null
  price: number | null
  isOld: boolean | null
  until: Date | null
  attributes: Attributes
}

declare const cache: CacheAside
declare const product: Product
const products = new RecordCache({
  cache,
  name: 'product',
  fields: {
    name: 'string',
    stock: 'number',
    active: 'boolean',
    since: 'date',
    note: 'string?',
    price: 'number?',
    isOld: 'boolean?',
    until: 'date?',
    attributes: json<Attributes>(),
  },
})

it('a record has the types that its fields are declared with', () => {
  expectTypeOf<RecordOf<typeof products>>().toEqualTypeOf<Product>()
  expectTypeOf(products.getOrLoad('p-1', () => product)).resolves.toEqualTypeOf<Product | null>()
  expectTypeOf(products.getOrLoad(1, async () => null)).resolves.toEqualTypeOf<Product | null>()
  expectTypeOf(products.get(1n)).resolves.toEqualTypeOf<Lookup<Product | null>>()
  expectTypeOf(products.invalidate(['p-1', 2])).resolves.toEqualTypeOf<'acknowledged' | 'pending'>()
  expectTypeOf<RecordOf<string>>().toBeNever()
})

it('a part of it has what is asked for', () => {
  expectTypeOf(products.getFields('p-1', ['stock', 'note'], () => product)).resolves.toEqualTypeOf<Pick<
    Product,
    'stock' | 'note'
  > | null>()
  // @ts-expect-error no such field
  void products.getFields('p-1', ['colour'], () => product)
})

it('a loader brings all of them', () => {
  // @ts-expect-error others are missing
  void products.getOrLoad('p-1', () => ({ name: 'Lamp' }))
  // @ts-expect-error the stock is a number
  void products.getOrLoad('p-1', () => ({ ...product, stock: '5' }))
  // @ts-expect-error the name cannot be null
  void products.getOrLoad('p-1', () => ({ ...product, name: null }))
  void products.getOrLoad('p-1', () => ({ ...product, note: null, secret: 's' }))
})

it('a write returns some of them, or null, from a function', () => {
  expectTypeOf(products.updateFields('p-1', () => ({ stock: 4 }))).resolves.toEqualTypeOf<Updated>()
  void products.updateFields('p-1', async () => ({ note: null, attributes: { watt: 60 } }))
  void products.updateFields('p-1', async () => null)
  // @ts-expect-error the stock is a number
  void products.updateFields('p-1', () => ({ stock: '4' }))
  // @ts-expect-error the stock cannot be null
  void products.updateFields('p-1', () => ({ stock: null }))
  // @ts-expect-error no such field
  void products.updateFields('p-1', () => ({ colour: 'red' as const }))
  // @ts-expect-error what is written already
  void products.updateFields('p-1', { stock: 4 })
})

it('fields are of known types', () => {
  // @ts-expect-error no such type
  void new RecordCache({ cache, name: 'product', fields: { name: 'text' } })
  // @ts-expect-error JSON holds null itself
  void new RecordCache({ cache, name: 'product', fields: { name: 'json?' } })
  // @ts-expect-error records are never stale
  void new RecordCache({ cache, name: 'product', fields: { name: 'string' }, failSafe: '1h' })
})
