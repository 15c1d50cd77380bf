import { CacheAsideService, isCacheError } from '@cache-aside/nestjs'
import { Injectable, Logger } from '@nestjs/common'
import { keysOf, productKey, summaryKey, summaryTtl } from './product.cache.ts'
import type { ProductChange } from './product-change.pipe.ts'
import { type CategorySummary, ProductRepository } from './product.repository.ts'
import type { Product } from './product.row.ts'

@Injectable()
export class ProductService {
  readonly #logger = new Logger(ProductService.name)

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
    const changed = await this.products.change(id, change)
    if (!changed) return null

    // Now that it is committed: what is loaded from here on is loaded with the change.
    await this.#invalidate(keysOf(changed.before, changed.after))
    return changed.after
  }

  /** Milliseconds until the cached product ends, or null if it is not cached. */
  timeLeft(id: string): Promise<number | null> {
    return this.cache.ttl(productKey(id))
  }

  // The change is made, and a client that is told otherwise makes it again: while Redis is away, what it still holds of
  // the old state ends with its TTL.
  async #invalidate(keys: readonly string[]): Promise<void> {
    try {
      await this.cache.invalidate(keys)
    } catch (error) {
      if (!isCacheError(error)) throw error
      this.#logger.error(error.message)
    }
  }
}
