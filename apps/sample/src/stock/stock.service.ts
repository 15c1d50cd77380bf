import { InjectRecordCache, RecordCache, type Updated } from '@cache-aside/nestjs/record'
import { Injectable } from '@nestjs/common'
import { ProductRepository } from '../product/product.repository.ts'
import type { Product } from '../product/product.row.ts'
import type { Stock, StockFields } from './stock.cache.ts'

/** The product after it, and whether the next read of its stock needs the database. */
export interface Sale extends Product {
  readonly cached: Updated
}

/** What a cached record has, as it stands. */
export interface CachedStock {
  readonly key: string
  readonly fields: Stock | null
}

@Injectable()
export class StockService {
  constructor(
    @InjectRecordCache('stock') private readonly records: RecordCache<StockFields>,
    private readonly products: ProductRepository,
  ) {}

  /** Two fields of the record: these alone are read, and all of them are loaded when it is not cached. */
  async find(id: string): Promise<Pick<Stock, 'stock' | 'updatedAt'> | null> {
    return this.records.getFields(id, ['stock', 'updatedAt'], () => this.products.find(id))
  }

  /** Takes one away; null if there is none. Once it has resolved, no read has the stock before it. */
  async sell(id: string): Promise<Sale | null> {
    let sold = null as Product | null
    const cached = await this.records.updateFields(id, async () => {
      sold = await this.products.sell(id)
      // What the database says they are now: the record has these two written, in place, and keeps its name.
      return sold && { stock: sold.stock, updatedAt: sold.updatedAt }
    })
    return sold && { ...sold, cached }
  }

  async cached(id: string): Promise<CachedStock> {
    const { value } = await this.records.get(id)
    return { key: this.records.key(id), fields: value ?? null }
  }
}
