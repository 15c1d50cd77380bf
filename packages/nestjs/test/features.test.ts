import { startRedis, type RedisServer } from '@cache-aside/testkit'
import { type DynamicModule, Injectable, Module, type ModuleMetadata } from '@nestjs/common'
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { CacheAsideModule, CacheAsideService, InvalidOptionsError } from '../src/index.ts'
import { getRecordCacheToken, InjectRecordCache, RecordCache, RecordCacheModule } from '../src/record/index.ts'
import {
  ExactIndex,
  getSemanticCacheToken,
  hashingEmbedder,
  InjectSemanticCache,
  SemanticCache,
  SemanticCacheModule,
} from '../src/semantic/index.ts'
import { getWindowCacheToken, InjectWindowCache, WindowCache, WindowCacheModule } from '../src/window/index.ts'
import { cacheOptions, LogRecorder } from './app.ts'

const fields = { name: 'string' } as const
const embedder = hashingEmbedder()

/** Options of a caller without types. */
type Given = Record<string, unknown>

const features = [
  {
    module: RecordCacheModule,
    cache: RecordCache,
    token: getRecordCacheToken,
    Inject: InjectRecordCache,
    forFeature: (name: string, given: Given = {}) => RecordCacheModule.forFeature({ name, fields, ...given }),
    forFeatureAsync: (name: string, from: AsyncOptions = {}) =>
      RecordCacheModule.forFeatureAsync({ useFactory: (ttl = '5m') => ({ fields, ttl }), ...from, name }),
  },
  {
    module: WindowCacheModule,
    cache: WindowCache,
    token: getWindowCacheToken,
    Inject: InjectWindowCache,
    forFeature: (name: string, given: Given = {}) => WindowCacheModule.forFeature({ name, ...given }),
    forFeatureAsync: (name: string, from: AsyncOptions = {}) =>
      WindowCacheModule.forFeatureAsync({ useFactory: (ttl = '5m') => ({ ttl }), ...from, name }),
  },
  {
    module: SemanticCacheModule,
    cache: SemanticCache,
    token: getSemanticCacheToken,
    Inject: InjectSemanticCache,
    forFeature: (name: string, given: Given = {}) =>
      SemanticCacheModule.forFeature({ name, embedder, index: new ExactIndex(), ...given }),
    forFeatureAsync: (name: string, from: AsyncOptions = {}) =>
      SemanticCacheModule.forFeatureAsync({
        useFactory: (ttl = '5m') => ({ embedder, index: new ExactIndex(), ttl }),
        ...from,
        name,
      }),
  },
]

interface AsyncOptions {
  readonly imports?: NonNullable<ModuleMetadata['imports']>
  readonly inject?: string[]
}

const global = () => CacheAsideModule.forRoot({ isGlobal: true, ...cacheOptions() })

async function start(
  imports: NonNullable<ModuleMetadata['imports']>,
  prepare: (module: TestingModuleBuilder) => TestingModuleBuilder = (module) => module,
): Promise<TestingModule> {
  const module = await prepare(Test.createTestingModule({ imports }).setLogger(new LogRecorder())).compile()
  const app = await module.init()
  onTestFinished(() => app.close())
  return app
}

/** The options that an InvalidOptionsError names. */
async function refused(imports: NonNullable<ModuleMetadata['imports']>): Promise<readonly string[]> {
  const error: unknown = await start(imports).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(InvalidOptionsError)
  return (error as InvalidOptionsError).problems.map(({ option }) => option)
}

describe.each(features)(
  '$module.name',
  ({ module, cache, token, Inject: InjectFeature, forFeature, forFeatureAsync }) => {
    @Module({ providers: [{ provide: 'TTL', useValue: '1m' }], exports: ['TTL'] })
    class ConfigModule {}

    @Injectable()
    class User {
      readonly feature: unknown

      constructor(@InjectFeature('thing') feature: unknown) {
        this.feature = feature
      }
    }

    /** A module of the application that declares the feature and uses it. */
    function userModule(feature: DynamicModule) {
      @Module({ imports: [feature], providers: [User], exports: [module] })
      class UserModule {}
      return UserModule
    }

    it.each([
      { how: 'forFeature', feature: () => forFeature('thing') },
      { how: 'forFeatureAsync', feature: () => forFeatureAsync('thing') },
      {
        how: 'forFeatureAsync with imports and inject',
        feature: () => forFeatureAsync('thing', { imports: [ConfigModule], inject: ['TTL'] }),
      },
    ])('gives a cache to inject, by $how', async ({ feature }) => {
      const app = await start([global(), userModule(feature())])

      expect(app.get(User, { strict: false }).feature).toBeInstanceOf(cache)
      expect(app.get(token('thing'), { strict: false })).toBe(app.get(User, { strict: false }).feature)
    })

    it('gives each name a cache of its own', async () => {
      const app = await start([global(), forFeature('one'), forFeatureAsync('other')])

      const [one, other] = [app.get(token('one')), app.get(token('other'))] as [unknown, unknown]

      expect([one, other]).toEqual([expect.any(cache), expect.any(cache)])
      expect(one).not.toBe(other)
    })

    it.each([
      { how: 'imports it too', imports: (feature: DynamicModule) => [feature] },
      { how: 'imports one that exports it', imports: (feature: DynamicModule) => [userModule(feature)] },
    ])('is the same in a second module, which $how', async ({ imports }) => {
      @Injectable()
      class Other {
        readonly feature: unknown

        constructor(@InjectFeature('thing') feature: unknown) {
          this.feature = feature
        }
      }
      const feature = forFeature('thing')
      @Module({ imports: imports(feature), providers: [Other] })
      class OtherModule {}

      const app = await start([global(), userModule(feature), OtherModule])

      expect(app.get(Other, { strict: false }).feature).toBeInstanceOf(cache)
      expect(app.get(Other, { strict: false }).feature).toBe(app.get(User, { strict: false }).feature)
    })

    it('stands on a cache that is not global, where it imports its module', async () => {
      @Module({ imports: [CacheAsideModule.forRoot(cacheOptions())], exports: [CacheAsideModule] })
      class CacheModule {}

      const app = await start([CacheModule, userModule(forFeatureAsync('thing', { imports: [CacheModule] }))])

      expect(app.get(User, { strict: false }).feature).toBeInstanceOf(cache)
    })

    it('does not start where it sees no cache, and says what it looked for and where', async () => {
      const started = start([CacheAsideModule.forRoot(cacheOptions()), userModule(forFeature('thing'))])

      await expect(started).rejects.toThrow(
        new RegExp(`${cache.name}\\(thing\\).*CacheAsideService.*available in the ${module.name}`),
      )
    })

    it('is replaced by its token in a test, wherever it is injected', async () => {
      const fake = {}

      const app = await start([global(), userModule(forFeature('thing'))], (builder) =>
        builder.overrideProvider(token('thing')).useValue(fake),
      )

      expect(app.get(User, { strict: false }).feature).toBe(fake)
    })

    it('does not start with wrong options, and names the feature and each of them', async () => {
      const given = { ttl: 'soon', timeToLive: 1 }
      const named = [`${cache.name}(thing).timeToLive`, `${cache.name}(thing).ttl`]

      expect(await refused([global(), forFeature('thing', given)])).toEqual(named)
      @Module({ providers: [{ provide: 'TTL', useValue: 'soon' }], exports: ['TTL'] })
      class WrongModule {}
      expect(await refused([global(), forFeatureAsync('thing', { imports: [WrongModule], inject: ['TTL'] })])).toEqual([
        `${cache.name}(thing).ttl`,
      ])
      expect(await refused([global(), forFeature('a thing')])).toEqual([`${cache.name}(a thing).name`])
    })

    it.each(features)('does not start where a $module.name has the same name', async (other) => {
      const imports = [global(), userModule(forFeature('thing')), other.forFeatureAsync('thing')]

      const options = await refused(imports)

      expect([`${cache.name}(thing).name`, `${other.cache.name}(thing).name`]).toContain(options.join())
      await expect(start([global(), userModule(forFeature('thing')), other.forFeature('thing')])).rejects.toThrow(
        /a name that nothing else has .*got \w+\(thing\) and \w+\(thing\)/,
      )
    })
  },
)

describe('what stands on a cache', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  it('leaves no connection when the application has shut down', async () => {
    const connections = async () => String(await server.cli('CLIENT', 'LIST')).match(/(?<= name=)\S+/g) ?? []
    const redis = { host: '127.0.0.1', port: server.port, connectionName: 'opened' }
    const app = await start([
      CacheAsideModule.forRoot({ isGlobal: true, ...cacheOptions({ redis }) }),
      ...features.map(({ forFeature }, index) => forFeature(`thing-${index}`)),
    ])
    await app.get<RecordCache<typeof fields>>(getRecordCacheToken('thing-0')).getOrLoad('1', () => ({ name: 'lamp' }))
    await app.get<WindowCache<string>>(getWindowCacheToken('thing-1')).getOrLoad('1', () => ['hello'])
    await app.get<SemanticCache>(getSemanticCacheToken('thing-2')).ask('Where?', () => 'here')
    expect(await connections()).toContain('opened')

    await app.close()

    await vi.waitFor(async () => expect(await connections()).toEqual([]), { timeout: 15_000 })
  })

  it('has the options of its module, and the namespace of its cache', async () => {
    const app = await start([
      CacheAsideModule.forRoot({ isGlobal: true, ...cacheOptions({ redis: server.url }) }),
      RecordCacheModule.forFeatureAsync({
        name: 'product',
        inject: [CacheAsideService],
        useFactory: async () => ({ fields, ttl: '1h', jitter: 0 }),
      }),
    ])
    const products = app.get<RecordCache<typeof fields>>(getRecordCacheToken('product'))
    await products.getOrLoad('p-1', () => ({ name: 'lamp' }))

    const key = `${app.get(CacheAsideService).namespace}:product:p-1`

    expect(await server.cli('HGET', key, 'name')).toBe('lamp')
    expect(Number(await server.cli('TTL', key))).toBeGreaterThan(3_000)
  })
})
