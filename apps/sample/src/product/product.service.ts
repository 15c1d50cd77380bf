import { CacheAsideService } from '@cache-aside/nestjs'
import { Injectable } from '@nestjs/common'
import { keysOf, productKey, summaryKey, summaryTtl } from './product.cache.ts'
import type { ProductChange } from './product-change.pipe.ts'
import { type CategorySummary, ProductRepository } from './product.repository.ts'
import type { Product } from './product.row.ts'

@Injectable()
export class ProductService {
  constructor(
    private readonly products: ProductRepository,
    private readonly cache: CacheAsideService,
  ) {}

  find(id: string): Promise<Product | null> {
    return this.products.find(id)
  }

  list(category?: string): Promise<Product[]> {
    return this.products.list(category)
  }

  /** An unknown category is null, and that is cached too: asking for it again does not reach the database. */
  summarise(category: string): Promise<CategorySummary | null> {
    return this.cache.getOrLoad(summaryKey(category), () => this.products.summarise(category), { ttl: summaryTtl })
  }

  async change(id: string, change: ProductChange): Promise<Product | null> {
    const seen = await this.products.find(id)
    if (!seen) return null

    // Readers of these keys pass the cache by until the change is committed and the keys are void, even if this process
    // ends in between.
    const keys = keysOf(seen, { ...seen, ...change })
    const changed = await this.cache.mutate(keys, () => this.products.change(id, change))
    if (!changed) return null

    // Another change may have moved it since it was seen.
    await this.cache.invalidate(keysOf(changed.before).filter((key) => !keys.includes(key)))
    return changed.after
  }

  /** For how many milliseconds the cached product is fresh, or null if it is not, or is not cached. */
  timeLeft(id: string): Promise<number | null> {
    return this.cache.ttl(productKey(id))
  }
}
