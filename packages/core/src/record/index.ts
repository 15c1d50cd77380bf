export type { Updated } from '../cache/shaped-cache.ts'
export type { ShapedOptions } from '../cache/shaped-options.ts'
export { type Fields, type FieldType, json, type JsonField, type RecordIn } from './fields.ts'
export { RecordCache, type RecordCacheOptions, type RecordOf } from './record-cache.ts'
