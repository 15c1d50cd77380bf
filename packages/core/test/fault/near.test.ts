import { type FaultProxy, type RedisServer, startFaultProxy, startRedis } from '@cache-aside/testkit'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { CacheAside } from '../../src/index.ts'
import { keepNear, next, openNear } from '../near/opened.ts'

/** design §4; P2 and P3 of docs/guarantees.md, where the connection that tells what changes fails. */
describe('a near cache', () => {
  let redis: RedisServer
  let proxy: FaultProxy
  let writer: CacheAside
  beforeEach(async () => {
    redis = await startRedis()
    proxy = await startFaultProxy({ port: redis.port }, 'TRACKING')
    writer = new CacheAside({ namespace: 'shop', redis: redis.url })
  })
  afterEach(async () => {
    await writer.close()
    proxy.close()
    await redis.stop()
  })
  const throughProxy = () => `redis://127.0.0.1:${proxy.port}`

  it('serves nothing void once "everywhere" has resolved, though nothing is told to it', async () => {
    const { cache } = await openNear(throughProxy())
    for (const what of ['what is told', 'what is sent', 'both ways'] as const) {
      await keepNear(cache, 'k', () => 'old')
      proxy.marked.blackHole(what === 'both ways' ? undefined : what === 'what is told' ? 'toClient' : 'toServer')

      await writer.invalidate('k', { scope: 'everywhere' })

      expect([what, await cache.getOrLoad('k', () => 'new')]).toEqual([what, 'new'])
      proxy.marked.heal()
      await writer.invalidate('k', { scope: 'everywhere' })
    }
  })

  it('serves nothing void once "everywhere" has resolved, though its process was busy all along', async () => {
    const { cache } = await openNear(throughProxy())
    for (const voiding of [
      () => writer.invalidate('k', { scope: 'everywhere' }),
      () => writer.invalidateTag('t', { scope: 'everywhere' }),
      () => writer.mutate('k', () => undefined, { scope: 'everywhere' }),
      () => writer.clear({ scope: 'everywhere' }),
    ]) {
      await keepNear(cache, 'k', () => 'old', { tags: ['t'] })
      proxy.marked.delay(10_000)
      await voiding()
      expect(await cache.getOrLoad('k', () => 'new', { tags: ['t'] })).toBe('new')
      proxy.marked.heal()
      await writer.invalidate('k', { scope: 'everywhere' })
    }
  })

  it('is emptied when its connection is lost, and serves again once it hears', async () => {
    const { cache } = await openNear(throughProxy())
    await keepNear(cache, 'k', () => 'old')
    const [lost, on] = [next(cache, 'tracking-lost'), next(cache, 'tracking-on')]

    proxy.marked.cut()
    await lost
    await writer.invalidate('k')

    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
    await on
    await keepNear(cache, 'k', () => 'other')
    expect(await cache.get('k')).toEqual({ found: true, value: 'new' })
  })

  it('has nothing from before a restart of the server', async () => {
    const { cache } = await openNear(throughProxy())
    await keepNear(cache, 'k', () => 'old')
    const lost = next(cache, 'tracking-lost')
    const on = next(cache, 'tracking-on')

    await redis.kill()
    await redis.start()
    await lost
    await on
    expect(await cache.getOrLoad('k', () => 'new')).toBe('new')
  })

  it('does not serve while it would hear another server than the one it reads', async () => {
    const other = await startRedis()
    const elsewhere = await startFaultProxy({ port: other.port })
    const client = new Redis(redis.url)
    onTestFinished(async () => {
      client.disconnect()
      elsewhere.close()
      await other.stop()
    })
    // As where a name is resolved anew: the second client comes to another server.
    const duplicate = client.duplicate.bind(client)
    client.duplicate = (options) => duplicate({ ...options, port: elsewhere.port })
    const cache = new CacheAside({ namespace: 'shop', redis: client, near: true })
    onTestFinished(() => cache.close())

    await cache.getOrLoad('k', () => 'value')
    const asked = other.client()
    await expect
      .poll(async () => Number(/cmdstat_info:calls=(\d+)/.exec(await asked.info('commandstats'))?.[1]))
      .toBeGreaterThan(2)
    for (let read = 0; read < 3; read++) await cache.get('k')

    expect(cache.stats().nearHits).toBe(0)
    await asked.quit()
  })
})
