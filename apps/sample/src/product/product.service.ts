import { CacheAsideService } from '@cache-aside/nestjs'
import { InjectRecordCache, RecordCache } from '@cache-aside/nestjs/record'
import { Injectable } from '@nestjs/common'
import type { StockFields } from '../stock/stock.cache.ts'
import { categorySummaries, productKey, productRows, tagsOf } from './product.cache.ts'
import type { ProductChange } from './product-change.pipe.ts'
import { type CategorySummary, ProductRepository } from './product.repository.ts'
import type { Product } from './product.row.ts'

@Injectable()
export class ProductService {
  readonly #rows
  readonly #summaries

  constructor(
    private readonly products: ProductRepository,
    private readonly cache: CacheAsideService,
    @InjectRecordCache('stock') private readonly stock: RecordCache<StockFields>,
  ) {
    this.#rows = productRows(products).bind(cache)
    this.#summaries = categorySummaries(products).bind(cache)
  }

  find(id: string): Promise<Product | null> {
    return this.products.find(id)
  }

  /** Those that there are. What is not cached is read by one query. */
  async findMany(ids: readonly string[]): Promise<Product[]> {
    const found = await this.#rows.getMany(ids)
    return [...found.values()].filter((product) => product !== null)
  }

  list(category?: string): Promise<Product[]> {
    return this.products.list(category)
  }

  /** An unknown category is null, and that is cached too: asking for it again does not reach the database. */
  summarise(category: string): Promise<CategorySummary | null> {
    return this.#summaries.get(category)
  }

  async change(id: string, change: ProductChange): Promise<Product | null> {
    const seen = await this.products.find(id)
    if (!seen) return null

    // Readers of these keys and tags pass the cache by until the change is committed and they are void, even if this
    // process ends in between. Everywhere: when the change is answered, no near cache of any process shows what was before.
    const keys = [productKey(id), this.#rows.key(id), this.stock.key(id)]
    const tags = tagsOf(seen, { ...seen, ...change })
    const changed = await this.cache.mutate(keys, () => this.products.change(id, change), { tags, scope: 'everywhere' })
    if (!changed) return null

    // Another change may have moved it since it was seen.
    const others = tagsOf(changed.before).filter((tag) => !tags.includes(tag))
    await this.cache.invalidateTag(others, { scope: 'everywhere' })
    return changed.after
  }

  /** For how many milliseconds the cached product is fresh, or null if it is not, or is not cached. */
  timeLeft(id: string): Promise<number | null> {
    return this.cache.ttl(productKey(id))
  }
}
