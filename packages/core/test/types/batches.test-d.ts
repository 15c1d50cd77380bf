import { expectTypeOf, it } from 'vitest'
import type { CacheAside } from '../../src/index.ts'

interface Product {
  readonly name: string
}

declare const cache: CacheAside
declare const byKey: () => Promise<Map<string, Product>>
declare const inOrder: () => Promise<(Product | Error)[]>

it('a value that a Map may lack can be null, one of a list is what the list has', () => {
  expectTypeOf(cache.getOrLoadMany(['a'], byKey)).resolves.toEqualTypeOf<Map<string, Product | null>>()
  expectTypeOf(cache.getOrLoadMany(['a'], inOrder)).resolves.toEqualTypeOf<Map<string, Product>>()
  expectTypeOf(cache.child('c').getOrLoadMany(['a'], byKey)).resolves.toEqualTypeOf<Map<string, Product | null>>()
  expectTypeOf(cache.gathered(byKey)('a', 'a')).resolves.toEqualTypeOf<Product | null>()
  expectTypeOf(cache.gathered((ids: readonly number[]) => ids.map(String)))
    .parameter(1)
    .toEqualTypeOf<number>()
})

it('tags are made of that value', () => {
  void cache.getOrLoadMany(['a'], byKey, { tags: (product) => (product ? [product.name] : []) })
  void cache.getOrLoadMany(['a'], inOrder, { tags: (product) => [product.name] })
  // @ts-expect-error it may be null
  void cache.getOrLoadMany(['a'], byKey, { tags: (product) => [product.name] })
})
