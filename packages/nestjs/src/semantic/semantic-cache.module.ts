import type { SemanticCacheOptions } from '@cache-aside/core/semantic'
import { type DynamicModule, Inject, Module } from '@nestjs/common'
import { type FeatureAsyncOptions, featureModule, featureToken } from '../feature.ts'
import { StartedSemanticCache } from './started-semantic-cache.ts'

/** What `SemanticCacheModule.forFeature` takes: the options of core's `SemanticCache`, but for the cache it stands on. */
export type SemanticCacheModuleOptions = Omit<SemanticCacheOptions<string>, 'cache'>

/** What `SemanticCacheModule.forFeatureAsync` takes. The name stands beside the factory, not in what it returns. */
export type SemanticCacheModuleAsyncOptions = FeatureAsyncOptions<Omit<SemanticCacheModuleOptions, 'name'>>

/** The token of a semantic cache, for `overrideProvider` and `app.get`. */
export const getSemanticCacheToken = (name: string): string => featureToken('SemanticCache', name)

/**
 * Injects the semantic cache that `SemanticCacheModule.forFeature` was given this name for.
 *
 * @example
 * constructor(@InjectSemanticCache('answers') private readonly answers: SemanticCache<'tenant' | 'model'>) {}
 */
export const InjectSemanticCache = (name: string): PropertyDecorator & ParameterDecorator =>
  Inject(getSemanticCacheToken(name))

/**
 * Gives a module a `SemanticCache`: answers to questions that mean the same, on the `CacheAsideService` of the application.
 * That has to be global (`CacheAsideModule.forRoot({ isGlobal: true, … })`), or be exported by what `forFeatureAsync` imports.
 *
 * It connects while the application starts. Its log has one line when the embedder begins to fail, and one when it works again.
 */
@Module({})
export class SemanticCacheModule {
  /**
   * The start fails with core's `InvalidOptionsError`, which names the semantic cache and every option that is wrong: so it
   * does for a name that another feature of the application has, and for an `index` that the server cannot have.
   *
   * @example
   * SemanticCacheModule.forFeature({ name: 'answers', embedder: hashingEmbedder(), metadata: ['tenant', 'model'] })
   */
  static forFeature({ name, ...options }: SemanticCacheModuleOptions): DynamicModule {
    return SemanticCacheModule.forFeatureAsync({ name, useFactory: () => options })
  }

  /**
   * `forFeature` with options from other providers.
   *
   * @example
   * SemanticCacheModule.forFeatureAsync({
   *   name: 'answers',
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({
   *     embedder: openAiEmbedder({ model: 'text-embedding-3-small', apiKey: config.getOrThrow('OPENAI_API_KEY') }),
   *     metadata: ['tenant', 'model'],
   *   }),
   * })
   */
  static forFeatureAsync(options: SemanticCacheModuleAsyncOptions): DynamicModule {
    return featureModule(SemanticCacheModule, 'SemanticCache', options, (given) => new StartedSemanticCache(given))
  }
}
