import { type DynamicModule, Module } from '@nestjs/common'
import { DiscoveryModule } from '@nestjs/core'
import { type ASYNC_OPTIONS_TYPE, ConfigurableModuleClass, type OPTIONS_TYPE } from './cache-aside.module-definition.ts'
import { CacheAsideService } from './cache-aside.service.ts'
import { CacheAsideInterceptor } from './interceptors/cache-aside.interceptor.ts'
import { CacheEvictionListener } from './listeners/cache-eviction.listener.ts'

/**
 * Gives an application one cache: `CacheAsideService` to inject, `CacheAsideInterceptor` to bind to routes.
 *
 * The module connects while the application starts and closes what it opened when the application shuts down
 * (Nest runs shutdown hooks in `app.close()`, and on signals after `app.enableShutdownHooks()`).
 */
@Module({
  imports: [DiscoveryModule],
  providers: [CacheAsideService, CacheAsideInterceptor, CacheEvictionListener],
  exports: [CacheAsideService, CacheAsideInterceptor],
})
export class CacheAsideModule extends ConfigurableModuleClass {
  /**
   * The start fails with core's `InvalidOptionsError`, which names every option that is wrong.
   *
   * @example
   * CacheAsideModule.forRoot({ isGlobal: true, namespace: 'shop', redis: 'redis://localhost:6379', ttl: '5m' })
   */
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return super.forRoot(options)
  }

  /**
   * `forRoot` with options from other providers. `isGlobal` stands beside the factory, not in what it returns.
   *
   * @example
   * CacheAsideModule.forRootAsync({
   *   isGlobal: true,
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ namespace: 'shop', redis: config.getOrThrow('REDIS_URL') }),
   * })
   */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options)
  }
}
