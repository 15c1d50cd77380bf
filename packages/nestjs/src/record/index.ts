export {
  type Fields,
  type FieldType,
  json,
  type JsonField,
  RecordCache,
  type RecordCacheOptions,
  type RecordIn,
  type RecordOf,
  type Updated,
} from '@cache-aside/core/record'
export {
  getRecordCacheToken,
  InjectRecordCache,
  RecordCacheModule,
  type RecordCacheModuleAsyncOptions,
  type RecordCacheModuleOptions,
} from './record-cache.module.ts'
