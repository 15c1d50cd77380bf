import { WindowCache, type WindowCacheOptions } from '@cache-aside/core/window'
import { type DynamicModule, Inject, Module } from '@nestjs/common'
import { type FeatureAsyncOptions, featureModule, featureToken } from '../feature.ts'

/** What `WindowCacheModule.forFeature` takes: the options of core's `WindowCache`, but for the cache it stands on. */
export type WindowCacheModuleOptions<T> = Omit<WindowCacheOptions<T>, 'cache'>

/** What `WindowCacheModule.forFeatureAsync` takes. The name stands beside the factory, not in what it returns. */
export type WindowCacheModuleAsyncOptions<T> = FeatureAsyncOptions<Omit<WindowCacheModuleOptions<T>, 'name'>>

/** The token of a window cache, for `overrideProvider` and `app.get`. */
export const getWindowCacheToken = (name: string): string => featureToken('WindowCache', name)

/**
 * Injects the window cache that `WindowCacheModule.forFeature` was given this name for.
 *
 * @example
 * constructor(@InjectWindowCache('chat') private readonly chats: WindowCache<Message>) {}
 */
export const InjectWindowCache = (name: string): PropertyDecorator & ParameterDecorator =>
  Inject(getWindowCacheToken(name))

/**
 * Gives a module a `WindowCache`: the newest items of conversations or feeds, each a Redis list, on the `CacheAsideService`
 * of the application. That has to be global (`CacheAsideModule.forRoot({ isGlobal: true, … })`), or be exported by what
 * `forFeatureAsync` imports.
 */
@Module({})
export class WindowCacheModule {
  /**
   * The start fails with core's `InvalidOptionsError`, which names the window cache and every option that is wrong; so it
   * does for a name that another feature of the application has.
   *
   * @example
   * WindowCacheModule.forFeature({ name: 'chat', limit: 20, ttl: '24h' })
   */
  static forFeature<T>({ name, ...options }: WindowCacheModuleOptions<T>): DynamicModule {
    return WindowCacheModule.forFeatureAsync<T>({ name, useFactory: () => options })
  }

  /**
   * `forFeature` with options from other providers.
   *
   * @example
   * WindowCacheModule.forFeatureAsync({
   *   name: 'chat',
   *   inject: [Tokenizer],
   *   useFactory: (tokenizer: Tokenizer) => ({ limit: { tokens: 4_000, of: ({ text }: Message) => tokenizer.count(text) } }),
   * })
   */
  static forFeatureAsync<T>(options: WindowCacheModuleAsyncOptions<T>): DynamicModule {
    return featureModule(WindowCacheModule, 'WindowCache', options, (given) => new WindowCache(given))
  }
}
