import { startRedis, type RedisServer } from '@cache-aside/testkit'
import { Controller, Get, Injectable, Module, Patch, UseInterceptors } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  CacheAsideInterceptor,
  CacheAsideModule,
  type CacheAsideModuleOptions,
  type CacheAsideOptionsFactory,
  CacheAsideService,
  CacheInvalidate,
  ConnectionError,
  InvalidOptionsError,
} from '../src/index.ts'
import { CacheInvalidateInterceptor } from '../src/interceptors/cache-invalidate.interceptor.ts'
import { CacheMutateInterceptor } from '../src/interceptors/cache-mutate.interceptor.ts'
import { CacheEvictionListener } from '../src/listeners/cache-eviction.listener.ts'
import { cacheOptions, LogRecorder, platforms, startApp } from './app.ts'

/** Nothing listens here. */
const unreachable = 'redis://127.0.0.1:1'

const back = /^log: Redis is back/

async function start(
  imports: NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>,
  log = new LogRecorder(),
) {
  const module = await Test.createTestingModule({ imports }).setLogger(log).compile()
  const app = await module.init()
  onTestFinished(() => app.close())
  return app
}

describe('the module', () => {
  @Module({ providers: [{ provide: 'NAMESPACE', useValue: 'shop' }], exports: ['NAMESPACE'] })
  class ConfigModule {}

  @Injectable()
  class Options implements CacheAsideOptionsFactory {
    createCacheAsideOptions(): CacheAsideModuleOptions {
      return cacheOptions({ namespace: 'shop' })
    }
  }

  @Module({ providers: [Options], exports: [Options] })
  class OptionsModule {}

  it.each([
    { how: 'forRoot', module: () => CacheAsideModule.forRoot(cacheOptions({ namespace: 'shop' })) },
    {
      how: 'useFactory, inject and imports',
      module: () =>
        CacheAsideModule.forRootAsync({
          imports: [ConfigModule],
          inject: ['NAMESPACE'],
          useFactory: async (namespace: string) => cacheOptions({ namespace }),
        }),
    },
    { how: 'useClass', module: () => CacheAsideModule.forRootAsync({ useClass: Options }) },
    {
      how: 'useExisting',
      module: () => CacheAsideModule.forRootAsync({ imports: [OptionsModule], useExisting: Options }),
    },
  ])('gives a cache, by $how', async ({ module }) => {
    const app = await start([module()])

    const cache = app.get(CacheAsideService)

    expect(cache.namespace).toBe('shop')
    expect(await cache.getOrLoad('key', () => 'value')).toBe('value')
    expect(await cache.get('key')).toEqual({ found: true, value: 'value' })
  })

  it.each([
    { isGlobal: true, visible: true },
    { isGlobal: false, visible: false },
    { isGlobal: undefined, visible: false },
  ])('with isGlobal $isGlobal is visible in modules that do not import it: $visible', async ({ isGlobal, visible }) => {
    @Module({ providers: [{ provide: 'FEATURE', inject: [CacheAsideService], useFactory: () => 'feature' }] })
    class FeatureModule {}
    const global = isGlobal === undefined ? {} : { isGlobal }
    const forms = [
      CacheAsideModule.forRoot({ ...global, ...cacheOptions() }),
      CacheAsideModule.forRootAsync({ ...global, useFactory: () => cacheOptions() }),
    ]

    for (const form of forms) {
      const started = start([form, FeatureModule])
      await (visible ? expect(started).resolves.toBeDefined() : expect(started).rejects.toThrow(/CacheAsideService/))
    }
  })

  it('does not start where a route is to invalidate and its module has no cache', async () => {
    @Controller()
    class Products {
      @Patch('products')
      @CacheInvalidate('products:all')
      write() {}
    }
    @Module({ controllers: [Products] })
    class ProductModule {}

    await expect(start([CacheAsideModule.forRoot(cacheOptions()), ProductModule])).rejects.toThrow(/CacheAsideService/)
  })

  it.each([
    { wrong: 'a namespace', options: { namespace: 'a b' }, named: 'namespace' },
    { wrong: 'a URL', options: { redis: 'localhost' }, named: 'redis' },
    { wrong: 'a duration', options: { ttl: 'soon' }, named: 'ttl' },
    { wrong: 'an unknown option', options: { timeToLive: 1 }, named: 'timeToLive' },
  ])('does not start with $wrong, and names the option', async ({ options, named }) => {
    const given = cacheOptions(options)

    for (const form of [CacheAsideModule.forRoot(given), CacheAsideModule.forRootAsync({ useFactory: () => given })]) {
      const error = await start([form]).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(InvalidOptionsError)
      expect((error as InvalidOptionsError).problems.map(({ option }) => option)).toEqual([named])
    }
  })

  it('names what is missing where a factory returns nothing', async () => {
    const started = start([CacheAsideModule.forRootAsync({ useFactory: () => undefined as never })])

    await expect(started).rejects.toThrow(/option "namespace".*option "redis"/)
  })
})

describe.each([
  CacheAsideService,
  CacheAsideInterceptor,
  CacheInvalidateInterceptor,
  CacheMutateInterceptor,
  CacheEvictionListener,
])('%o', (provider) => {
  it('names each of its dependencies, so that no compiler has to emit their types', () => {
    const named = Reflect.getMetadata('self:paramtypes', provider) as readonly unknown[]

    expect(named).toHaveLength(provider.length)
  })
})

describe('the module on Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  /** The names of the connections that the server has open. */
  const connections = async () => String(await server.cli('CLIENT', 'LIST')).match(/(?<= name=)\S+/g) ?? []

  it('connects at the start, and closes what it opened when the application shuts down', async () => {
    const redis = { host: '127.0.0.1', port: server.port, connectionName: 'opened' }
    const app = await start([CacheAsideModule.forRoot(cacheOptions({ redis }))])
    expect(await connections()).toEqual(['opened'])

    await app.close()

    await vi.waitFor(async () => expect(await connections()).toEqual([]))
  })

  it('leaves a client that it was given as it is', async () => {
    const client = server.client({ connectionName: 'given' })
    const app = await start([CacheAsideModule.forRoot(cacheOptions({ redis: client }))])
    await app.get(CacheAsideService).getOrLoad('key', () => 'value')

    await app.close()

    expect(await client.ping()).toBe('PONG')
    expect(await connections()).toEqual(['given'])
    client.disconnect()
  })

  it('does not start where no Redis answers, and says which option to look at', async () => {
    const error = await start([CacheAsideModule.forRoot(cacheOptions({ redis: unreachable }))]).catch(
      (reason: unknown) => reason,
    )

    expect(error).toBeInstanceOf(ConnectionError)
    expect(String(error)).toMatch(/option "redis".*127\.0\.0\.1:1/)
  })

  it('leaves nothing that goes on connecting after a start that failed', async () => {
    let attempts = 0
    const redis = { host: '127.0.0.1', port: 1, retryStrategy: () => ++attempts && 1 }
    await expect(start([CacheAsideModule.forRoot(cacheOptions({ redis }))])).rejects.toThrow()
    const atFailure = attempts

    // An attempt takes a millisecond; these take longer.
    for (let i = 0; i < 20; i++) await server.cli('PING')

    expect(attempts).toBe(atFailure)
  })

  it('refuses to start for anything but true', async () => {
    const options = { redis: unreachable, startWithoutRedis: 'false' as unknown as boolean }

    await expect(start([CacheAsideModule.forRoot(cacheOptions(options))])).rejects.toBeInstanceOf(ConnectionError)
  })

  it.each(platforms)(
    'starts without Redis where it may, on $name, and caches once Redis is there',
    async (platform) => {
      const late = await startRedis()
      onTestFinished(() => late.stop())
      await late.kill()
      let runs = 0
      @Controller()
      @UseInterceptors(CacheAsideInterceptor)
      class Products {
        @Get('products')
        list() {
          return { run: ++runs }
        }
      }
      const app = await startApp({
        platform,
        controllers: [Products],
        cache: { redis: late.url, startWithoutRedis: true },
      })

      const without = [await app.get('/products'), await app.get('/products')]
      await late.start()
      while ((await app.get('/products')).cache !== 'HIT' || app.log.matching(back).length === 0);

      expect(without.map(({ status, text }) => `${status} ${text}`)).toEqual(['200 {"run":1}', '200 {"run":2}'])
      expect(app.log.matching(/^warn: Redis is away/)).toHaveLength(1)
      expect(app.log.matching(back)).toHaveLength(1)
    },
  )
})
