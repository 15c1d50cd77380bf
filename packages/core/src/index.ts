export { CacheAside, type Lookup } from './cache/cache.ts'
export type { CacheOptions, ReadOptions, WriteOptions } from './cache/options.ts'
export type { CacheEvents } from './cache/reporter.ts'
export type { CacheStats } from './cache/stats.ts'
export { type Codec, jsonCodec } from './entry/codec.ts'
export { cacheKey, type KeyPart } from './entry/key.ts'
export {
  CacheClosedError,
  CacheError,
  type CacheErrorCode,
  ConnectionError,
  InvalidKeyError,
  InvalidOptionsError,
  isCacheError,
  LoadTimeoutError,
  type OptionProblem,
  StoreError,
  UncacheableValueError,
} from './errors.ts'
export type { CacheEvent, CacheEventOf, CacheEventType } from './events.ts'
export type { LoadContext, Loader } from './load/run-loader.ts'
export { MemoryStore } from './protocol/memory-store.ts'
export { RedisStore, type RedisTarget } from './protocol/redis-store.ts'
export type { Acquired, Eviction, EvictionWatch, Lease, Store } from './protocol/store.ts'
export type { Clock } from './time/clock.ts'
export { type Duration, parseDuration } from './time/duration.ts'
