export {
  type Acknowledgement,
  type BatchContext,
  type BatchLoader,
  type BatchResult,
  CacheClosedError,
  type CacheDefinition,
  CacheError,
  type CacheErrorCode,
  type CacheEvent,
  type CacheEventOf,
  type CacheEventType,
  type CacheEvents,
  cacheKey,
  type CacheStats,
  type ChildCache,
  type ClearOptions,
  ConnectionError,
  defineCache,
  type DefinedOn,
  type DefinedValue,
  type DefinedValues,
  type DefinitionOptions,
  type Duration,
  escapePattern,
  type Eviction,
  type GatheredRead,
  type InvalidateOptions,
  InvalidKeyError,
  InvalidOptionsError,
  isCacheError,
  type KeyPart,
  type LoadContext,
  type Loader,
  LoadTimeoutError,
  type Lookup,
  MemoryStore,
  type MutateOptions,
  type NearOptions,
  type OptionProblem,
  type PatternOptions,
  type PatternProgress,
  type PatternResult,
  type ReadOptions,
  type RetryOptions,
  type Served,
  type StaleReason,
  StoreError,
  UncacheableValueError,
  type WriteOptions,
} from '@cache-aside/core'
export { CacheAsideModule } from './cache-aside.module.ts'
export type { CacheAsideModuleOptions, CacheAsideOptionsFactory } from './cache-aside.options.ts'
export { CacheAsideService } from './cache-aside.service.ts'
export { CacheInvalidate, CacheInvalidateTag } from './decorators/cache-invalidate.decorator.ts'
export { CacheKey } from './decorators/cache-key.decorator.ts'
export { CacheMutate, CacheMutateTag } from './decorators/cache-mutate.decorator.ts'
export { CachePolicy } from './decorators/cache-policy.decorator.ts'
export { CacheTags } from './decorators/cache-tags.decorator.ts'
export { CacheTTL } from './decorators/cache-ttl.decorator.ts'
export { NoCache } from './decorators/no-cache.decorator.ts'
export { OnCacheEviction } from './decorators/on-cache-eviction.decorator.ts'
export { CacheAsideInterceptor } from './interceptors/cache-aside.interceptor.ts'
export type { Invalidated, Written } from './interceptors/cache-invalidate.interceptor.ts'
export type { Mutated } from './interceptors/cache-mutate.interceptor.ts'
export type { HttpRequest } from './interceptors/http.ts'
export type {
  CachePolicyOptions,
  KeyFunction,
  Loaded,
  RouteReadOptions,
  TagFunction,
} from './interceptors/route-settings.ts'
