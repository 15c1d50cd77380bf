import { cacheKey } from '@cache-aside/nestjs'
import type { Product } from './product.row.ts'

/** For `@CacheKey`: the text `product`, and the `id` of the request. The same key as `productKey(id)`. */
export const productKeyTemplate = 'product::id'
export const productKey = (id: string): string => cacheKey('product', id)
export const productTtl = '30s'

const listKey = (category?: string): string =>
  category === undefined ? cacheKey('products') : cacheKey('products', category)
/** For `@CacheKey`: the `listKey` of a request. */
export const listKeyOf = ({ query }: { query: { category?: string | string[] } }): string =>
  listKey(query.category?.toString())
export const listTtl = '1m'

export const summaryKey = (category: string): string => cacheKey('category', category)
export const summaryTtl = '1m'

/** Every key under which something of these states of a product is cached. */
export function keysOf(...states: readonly Product[]): string[] {
  return [listKey(), ...states.flatMap(({ id, category }) => [productKey(id), listKey(category), summaryKey(category)])]
}
