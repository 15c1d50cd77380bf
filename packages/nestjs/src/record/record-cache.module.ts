import { type Fields, RecordCache, type RecordCacheOptions } from '@cache-aside/core/record'
import { type DynamicModule, Inject, Module } from '@nestjs/common'
import { type FeatureAsyncOptions, featureModule, featureToken } from '../feature.ts'

/** What `RecordCacheModule.forFeature` takes: the options of core's `RecordCache`, but for the cache it stands on. */
export type RecordCacheModuleOptions = Omit<RecordCacheOptions<Fields>, 'cache'>

/** What `RecordCacheModule.forFeatureAsync` takes. The name stands beside the factory, not in what it returns. */
export type RecordCacheModuleAsyncOptions = FeatureAsyncOptions<Omit<RecordCacheModuleOptions, 'name'>>

/** The token of a record cache, for `overrideProvider` and `app.get`. */
export const getRecordCacheToken = (name: string): string => featureToken('RecordCache', name)

/**
 * Injects the record cache that `RecordCacheModule.forFeature` was given this name for.
 *
 * @example
 * constructor(@InjectRecordCache('stock') private readonly stock: RecordCache<typeof stockFields>) {}
 */
export const InjectRecordCache = (name: string): PropertyDecorator & ParameterDecorator =>
  Inject(getRecordCacheToken(name))

/**
 * Gives a module a `RecordCache`: records with typed fields, each a Redis hash, on the `CacheAsideService` of the
 * application. That has to be global (`CacheAsideModule.forRoot({ isGlobal: true, … })`), or be exported by what
 * `forFeatureAsync` imports.
 */
@Module({})
export class RecordCacheModule {
  /**
   * The start fails with core's `InvalidOptionsError`, which names the record cache and every option that is wrong; so it
   * does for a name that another feature of the application has.
   *
   * @example
   * const stockFields = { name: 'string', stock: 'number', note: 'string?' } as const satisfies Fields
   * RecordCacheModule.forFeature({ name: 'stock', fields: stockFields, ttl: '10m' })
   */
  static forFeature({ name, ...options }: RecordCacheModuleOptions): DynamicModule {
    return RecordCacheModule.forFeatureAsync({ name, useFactory: () => options })
  }

  /**
   * `forFeature` with options from other providers.
   *
   * @example
   * RecordCacheModule.forFeatureAsync({
   *   name: 'stock',
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ fields: stockFields, ttl: config.getOrThrow('STOCK_TTL') }),
   * })
   */
  static forFeatureAsync(options: RecordCacheModuleAsyncOptions): DynamicModule {
    return featureModule(RecordCacheModule, 'RecordCache', options, (given) => new RecordCache(given))
  }
}
