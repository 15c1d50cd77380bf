import { setTimeout } from 'node:timers/promises'
import { Injectable } from '@nestjs/common'
import { and, asc, count, eq, gt, inArray, sql, sum } from 'drizzle-orm'
import { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { Config } from '../config.ts'
import type { ProductChange } from './product-change.pipe.ts'
import { type Product, product } from './product.row.ts'

/** What a category has to offer. */
export interface CategorySummary {
  readonly category: string
  readonly products: number
  readonly stock: number
}

@Injectable()
export class ProductRepository {
  constructor(
    private readonly database: NodePgDatabase,
    private readonly config: Config,
  ) {}

  async find(id: string): Promise<Product | null> {
    await this.#latency()
    const [row] = await this.database.select().from(product).where(eq(product.id, id))
    return row ?? null
  }

  /** Those that there are, by id. */
  async findMany(ids: readonly string[]): Promise<Map<string, Product>> {
    await this.#latency()
    const rows = await this.database.select().from(product).where(inArray(product.id, ids))
    return new Map(rows.map((row) => [row.id, row]))
  }

  async list(category?: string): Promise<Product[]> {
    await this.#latency()
    const ofCategory = category === undefined ? undefined : eq(product.category, category)
    return this.database.select().from(product).where(ofCategory).orderBy(asc(product.id))
  }

  async summarise(category: string): Promise<CategorySummary | null> {
    await this.#latency()
    const [row] = await this.database
      .select({ category: product.category, products: count(), stock: sum(product.stock).mapWith(Number) })
      .from(product)
      .where(eq(product.category, category))
      .groupBy(product.category)
    return row ?? null
  }

  /** The product before and after the change, or null if there is none. Committed when it resolves. */
  async change(id: string, change: ProductChange): Promise<{ before: Product; after: Product } | null> {
    return this.database.transaction(async (transaction) => {
      const [before] = await transaction.select().from(product).where(eq(product.id, id)).for('update')
      const [after] = await transaction
        .update(product)
        .set({ ...change, updatedAt: new Date() })
        .where(eq(product.id, id))
        .returning()
      return before && after ? { before, after } : null
    })
  }

  /** Takes one from the stock: the product after it, or null if there is none to take. Committed when it resolves. */
  async sell(id: string): Promise<Product | null> {
    const [row] = await this.database
      .update(product)
      .set({ stock: sql`${product.stock} - 1`, updatedAt: new Date() })
      .where(and(eq(product.id, id), gt(product.stock, 0)))
      .returning()
    return row ?? null
  }

  // So that a read of this small database takes the time of one that is worth caching.
  async #latency(): Promise<void> {
    await setTimeout(this.config.readLatency)
  }
}
