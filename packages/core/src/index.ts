export { CacheAside } from './cache/cache.ts'
export type { ChildCache } from './cache/child-cache.ts'
export type { Acknowledgement } from './cache/invalidations.ts'
export type { GatheredRead } from './cache/gathered-reads.ts'
export type { CacheOptions, NearOptions } from './cache/options.ts'
export type { PatternOptions, PatternProgress, PatternResult } from './cache/patterns.ts'
export type { Lookup, Served } from './cache/read-through.ts'
export type { CacheEvents } from './cache/reporter.ts'
export { checkReadOptions, type ReadOptions, type RetryOptions, type WriteOptions } from './cache/settings.ts'
export type { CacheStats } from './cache/stats.ts'
export type { ClearOptions, InvalidateOptions, MutateOptions } from './cache/write-options.ts'
export { type CacheDefinition, defineCache } from './define/define-cache.ts'
export type { DefinedOn, DefinedValue, DefinedValues } from './define/defined-values.ts'
export type { DefinitionOptions } from './define/definition.ts'
export { type Codec, jsonCodec } from './entry/codec.ts'
export { type Compression, type CompressionOptions, supportedCompressions } from './entry/compression.ts'
export { cacheKey, type KeyPart } from './entry/key.ts'
export type { Origin, TagMoment, TagReading, TagReadings } from './entry/origin.ts'
export { v8Codec } from './entry/v8-codec.ts'
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
export type { CacheEvent, CacheEventOf, CacheEventType, StaleReason } from './events.ts'
export type { BatchContext, BatchLoader, BatchResult } from './load/batch-load.ts'
export type { LoadContext, Loader } from './load/run-loader.ts'
export { escapePattern } from './protocol/glob.ts'
export { MemoryStore } from './protocol/memory-store.ts'
export { RedisStore, type RedisTarget } from './protocol/redis-store.ts'
export type {
  Acquired,
  Attempt,
  Availability,
  Bump,
  Entry,
  Eviction,
  EvictionWatch,
  Lease,
  Lowering,
  NamespaceKeys,
  NamespaceReadings,
  Reading,
  Renewal,
  Store,
  Tracking,
  TrackingListener,
} from './protocol/store.ts'
export type { Clock } from './time/clock.ts'
export { type Duration, parseDuration } from './time/duration.ts'
