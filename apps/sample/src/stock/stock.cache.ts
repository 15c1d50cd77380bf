import { type Fields, RecordCacheModule, type RecordIn } from '@cache-aside/nestjs/record'

const fields = { name: 'string', stock: 'number', updatedAt: 'date' } as const satisfies Fields

export type StockFields = typeof fields
export type Stock = RecordIn<StockFields>

/** For `@InjectRecordCache('stock')`. All modules that need it import this one. */
export const StockRecords = RecordCacheModule.forFeature({ name: 'stock', fields, ttl: '10m' })

/** For `@CacheInvalidate`: the same key as that of the record. */
export const stockKeyTemplate = 'stock::id'
