import { type CacheDefinition, cacheKey, defineCache, type Loaded } from '@cache-aside/nestjs'
import type { CategorySummary, ProductRepository } from './product.repository.ts'
import type { Product } from './product.row.ts'

/** On all that shows what there is in a category. A single product is voided by its keys: its neighbours stay cached. */
const categoryTag = (category: string): string => cacheKey('category', category)

// Responses, which the interceptor caches.

/** For `@CacheKey`: the text `product`, and the `id` of the request. The same key as `productKey(id)`. */
export const productKeyTemplate = 'product::id'
export const productKey = (id: string): string => cacheKey('product', id)
export const productTtl = '30s'

/** The same tag as `categoryTag(category)`. */
export const listTagTemplate = 'category::query.category'
/** Of a list of all products there may be as many as a response has tags: 64. Give it one of its own where there are more. */
export const listTagsOf = ({ result }: Loaded<readonly Product[]>): string[] => tagsOf(...result)
export const listTtl = '1m'

// Values, which the service caches.

/** Products, for what shows several of them by id. */
export const productRows = (products: ProductRepository): CacheDefinition<string, Product | null> =>
  defineCache({
    name: 'row',
    loadMany: (ids: readonly string[]) => products.findMany(ids),
    ttl: productTtl,
  })
/** For `@CacheInvalidate`: the same key as `productRows(…).key(id)`. */
export const rowKeyTemplate = 'row::id'

export const categorySummaries = (products: ProductRepository): CacheDefinition<string, CategorySummary | null> =>
  defineCache({
    name: 'summary',
    load: (category: string) => products.summarise(category),
    tags: (_summary, category) => [categoryTag(category)],
    ttl: '1m',
  })

/** Every tag of what shows the categories of these states of products. */
export function tagsOf(...states: readonly Product[]): string[] {
  return [...new Set(states.map(({ category }) => categoryTag(category)))]
}
