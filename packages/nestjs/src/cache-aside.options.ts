import type { CacheOptions } from '@cache-aside/core'
import type { ConfigurableModuleOptionsFactory } from '@nestjs/common'

/** What `CacheAsideModule.forRoot` takes: the options of the cache itself, and how the application starts. */
export interface CacheAsideModuleOptions extends CacheOptions {
  /**
   * Whether the application starts while Redis cannot be reached. Default `false`: the start fails with a
   * `ConnectionError` that names the option `redis`. With `true` a warning is logged, handlers run uncached, and
   * caching begins once Redis answers.
   */
  readonly startWithoutRedis?: boolean
}

/** A class for `forRootAsync({ useClass })` or `useExisting`. */
export type CacheAsideOptionsFactory = ConfigurableModuleOptionsFactory<
  CacheAsideModuleOptions,
  'createCacheAsideOptions'
>
