import { setImmediate as turn } from 'node:timers/promises'
import { type RedisServer, startRedis } from '@cache-aside/testkit'
import { Controller, Injectable, Scope } from '@nestjs/common'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Eviction, OnCacheEviction } from '../src/index.ts'
import { platforms, startApp } from './app.ts'

describe.each(platforms)('on $name, @OnCacheEviction', (platform) => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  /** A provider that hears of everything, and a way to wait for it. */
  function listener() {
    const heard: Eviction[] = []
    const waiting: (() => void)[] = []
    @Injectable()
    class Listener {
      @OnCacheEviction('product:*')
      @OnCacheEviction('a.b')
      onGone(eviction: Eviction) {
        heard.push(eviction)
        for (const resolve of waiting.splice(0)) resolve()
      }
    }
    const hears = async (count: number) => {
      while (heard.length < count) await new Promise<void>((resolve) => waiting.push(resolve))
      return heard
    }
    return { Listener, heard, hears }
  }

  it('hears of keys that expired and of keys that were deleted, and that its patterns match', async () => {
    const { Listener, hears } = listener()
    const app = await startApp({ platform, providers: [Listener], cache: { redis: server.url, jitter: 0 } })
    const others = ['category:1', 'product', 'my-product:1', 'aXb', 'a.b.c']
    for (const key of [...others, 'product:1', 'a.b']) await app.cache.set(key, 1)

    await app.cache.invalidate([...others, 'product:1'])
    await hears(1)
    await app.cache.invalidate('a.b')
    await hears(2)
    await app.cache.set('product:2', 1, { ttl: 1 })

    expect(await hears(3)).toEqual([
      { reason: 'deleted', key: 'product:1' },
      { reason: 'deleted', key: 'a.b' },
      { reason: 'expired', key: 'product:2' },
    ])
  })

  it('hears in controllers too, once each, and survives what a method throws', async () => {
    const { Listener, hears } = listener()
    let calls = 0
    @Controller()
    class Failing {
      @OnCacheEviction('*')
      throws() {
        calls++
        throw new Error('at once')
      }

      @OnCacheEviction('product:*')
      async rejects() {
        calls++
        throw new Error('later')
      }
    }
    const app = await startApp({
      platform,
      controllers: [Failing],
      providers: [Listener, { provide: 'ALIAS', useExisting: Listener }],
      cache: { redis: server.url },
    })
    await app.cache.set('product:1', 1)

    await app.cache.invalidate('product:1')
    await app.log.printed(/^error: Failing\.throws failed for "product:1" \(deleted\): Error: at once/)
    await app.log.printed(/^error: Failing\.rejects failed for "product:1" \(deleted\): Error: later/)
    await app.cache.set('product:2', 1)
    await app.cache.invalidate('product:2')

    expect((await hears(2)).map(({ key }) => key)).toEqual(['product:1', 'product:2'])
    expect(calls).toBe(4)
  })

  it('opens a connection only where a method listens, and closes it at the end', async () => {
    const { Listener } = listener()
    const redis = { host: '127.0.0.1', port: server.port, connectionName: 'app' }
    const connections = async () => String(await server.cli('CLIENT', 'LIST')).match(/ name=app /g)?.length ?? 0

    const without = await startApp({ platform, cache: { redis } })
    expect(await connections()).toBe(1)
    await without.nest.close()

    const app = await startApp({ platform, providers: [Listener], cache: { redis } })
    await expect.poll(connections).toBe(2)
    await app.nest.close()
    await expect.poll(connections).toBe(0)
  })

  it('warns once, and runs on, where the server may not be told to report', async () => {
    const managed = await startRedis()
    onTestFinished(() => managed.stop())
    await managed.cli('ACL', 'SETUSER', 'shop', 'on', '>secret', '~*', '&*', '+@all', '-config')
    const { Listener } = listener()

    const app = await startApp({
      platform,
      providers: [Listener],
      cache: { redis: { host: '127.0.0.1', port: managed.port, username: 'shop', password: 'secret' } },
    })

    expect(await app.cache.getOrLoad('key', () => 'value')).toBe('value')
    expect(app.log.matching(/^warn: Evictions .*notify-keyspace-events/)).toHaveLength(1)
  })

  it('begins to listen once Redis is there, where the application started without it', async () => {
    const late = await startRedis()
    onTestFinished(() => late.stop())
    await late.kill()
    const { Listener, heard } = listener()
    const app = await startApp({
      platform,
      providers: [Listener],
      cache: { redis: late.url, startWithoutRedis: true },
    })
    expect(app.log.matching(/^warn: Evictions are not reported until Redis is back/)).toHaveLength(1)

    await late.start()
    while (heard.length === 0) {
      await app.cache.getOrLoad('product:1', () => 1)
      await app.cache.invalidate('product:1').catch(() => {})
      // While Redis is away both answer without leaving the event loop a turn to connect in.
      await turn()
    }

    expect(heard[0]).toMatchObject({ reason: 'deleted' })
  })

  it('warns about a provider that has no instance to call', async () => {
    const { Listener } = listener()
    Injectable({ scope: Scope.REQUEST })(Listener)

    const app = await startApp({ platform, providers: [Listener], cache: { redis: server.url } })

    expect(
      app.log.matching(/^warn: Listener\.onGone: @OnCacheEviction needs a provider of the default scope/),
    ).toHaveLength(1)
  })

  it('refuses an empty pattern while the class is defined', () => {
    expect(() => OnCacheEviction('')).toThrow(/@OnCacheEviction.*'product:\*'/)
  })
})
