import {
  type FaultProxy,
  gate,
  type RedisServer,
  startFaultProxy,
  startRedis,
  startRedisCluster,
} from '@cache-aside/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Held } from '../guarantee/held-store.ts'
import { CacheAside, type CacheOptions, RedisStore, StoreError } from '../../src/index.ts'
import { rawAt } from '../protocol/standing.ts'

/** design §1, P6 and P7. */
describe('Redis away', () => {
  let redis: RedisServer
  let proxy: FaultProxy
  let opened: CacheAside[]

  beforeEach(async () => {
    redis = await startRedis()
    proxy = await startFaultProxy({ port: redis.port })
    opened = []
  })
  afterEach(async () => {
    await Promise.all(opened.map((cache) => cache.close()))
    proxy.close()
    await redis.stop()
  })

  const open = (options: Partial<CacheOptions> = {}) => {
    const cache = new CacheAside({ namespace: 'away', redis: proxy.url, commandTimeout: '200ms', ...options })
    opened.push(cache)
    return cache
  }
  const hitsAgain = async (cache: CacheAside) => {
    // The client reconnects by itself; a round trip of our own lets it.
    while (cache.stats().hits === 0) {
      await redis.cli('PING')
      await cache.getOrLoad('again', () => 'value')
    }
  }

  it('is found again by a caller that does nothing but try again', async () => {
    const cache = open({ redis: redis.url })
    await cache.connect()
    await redis.kill()
    const started = redis.start()

    let acknowledged = false
    while (!acknowledged) {
      acknowledged = await cache.invalidate('k').then(
        () => true,
        () => false,
      )
    }

    await started
    expect(await cache.set('k', 'value')).toBe(true)
  })

  it('before the first call is answered by the loader', async () => {
    await redis.kill()
    const cache = open({ redis: redis.url })

    expect(await cache.getOrLoad('k', () => 'loaded')).toBe('loaded')
    expect(await cache.get('k')).toEqual({ found: false, value: undefined })
    expect(await cache.ttl('k')).toBeNull()
    await expect(cache.connect()).rejects.toMatchObject({ name: 'ConnectionError', code: 'CONNECTION' })
  })

  it('after a kill is answered by the loader, and used again once it is back', async () => {
    const cache = open({ redis: redis.url })
    await cache.getOrLoad('k', () => 'cached')

    await redis.kill()
    expect(await cache.getOrLoad('k', () => 'loaded')).toBe('loaded')
    await expect(cache.invalidate('k')).rejects.toBeInstanceOf(StoreError)
    await expect(cache.set('k', 1)).rejects.toBeInstanceOf(StoreError)

    await redis.start()
    await hitsAgain(cache)
    await cache.invalidate('k')
  })

  it('frozen delays a read, and does not hang or fail it', async () => {
    const cache = open({ redis: redis.url })
    await cache.getOrLoad('k', () => 'cached')
    redis.pause()

    expect(await cache.getOrLoad('k', () => 'loaded')).toBe('loaded')
    await expect(cache.invalidate('k')).rejects.toThrow('no answer from Redis within 200 ms')

    redis.resume()
    await hitsAgain(cache)
  })

  it('lost between lease and fill loses the fill and not the value', async () => {
    const cache = open({ redis: redis.url })
    const source = gate<string>()
    const read = cache.getOrLoad('k', source.load)
    await source.called

    await redis.kill()
    source.answer('loaded')

    expect(await read).toBe('loaded')
  })

  it('restarted empty between lease and fill rejects the fill', async () => {
    const cache = open({ redis: redis.url })
    const source = gate<string>()
    const read = cache.getOrLoad('k', source.load)
    await source.called

    await redis.kill()
    await redis.start()
    await hitsAgain(cache)
    source.answer('old')
    await read

    expect(cache.stats().fillsRejected).toBe(1)
    expect(await cache.get('k')).toEqual({ found: false, value: undefined })
  })

  it('leaves the event loop its turn between the reads of a loop, or the client could never reconnect', async () => {
    const cache = open({ redis: redis.url })
    await cache.getOrLoad('k', () => 'cached')
    await redis.kill()
    await cache.getOrLoad('k', () => 'loaded')
    let turns = 0
    setImmediate(() => (turns += 1))

    for (let read = 0; read < 10; read++) await cache.getOrLoad('k', () => 'loaded')

    expect(turns).toBe(1)
  })

  it('costs one load for the callers of one moment', async () => {
    await redis.kill()
    const cache = open({ redis: redis.url })
    const source = gate<string>()
    const reads = Array.from({ length: 50 }, () => cache.getOrLoad('k', source.load))
    await source.called
    source.answer('one')

    expect(await Promise.all(reads)).toEqual(Array(50).fill('one'))
    expect(source.calls).toBe(1)
  })

  it('says so of an invalidation whose acknowledgement was lost', async () => {
    const cache = open()
    await cache.getOrLoad('k', () => 'old')
    proxy.blackHole('toClient')

    await expect(cache.invalidate(['k', 'l'])).rejects.toMatchObject({
      code: 'STORE',
      operation: 'invalidate',
      keys: ['k', 'l'],
    })
    expect(cache.stats()).toMatchObject({ invalidations: 0, invalidationErrors: 2 })
    proxy.heal()
  })

  it('in the middle of a fill, a client that sends it again does not bring an old value back', async () => {
    const client = redis.client({ host: '127.0.0.1', port: proxy.port, maxRetriesPerRequest: null })
    const cache = open({ redis: client, commandTimeout: '10s' })
    const other = open({ redis: redis.url })
    await cache.getOrLoad('warm', () => 'the server knows the scripts')
    const source = gate<string>()
    const read = cache.getOrLoad('k', source.load)
    await source.called

    proxy.blackHole('toClient') // The fill arrives; its reply does not.
    source.answer('old')
    while (!(await other.get('k')).found) await redis.cli('PING')
    await other.invalidate('k')
    proxy.cut()
    proxy.heal()

    expect(await read).toBe('old')
    expect(await other.get('k')).toEqual({ found: false, value: undefined })
  })

  it('in the middle of an acquire, does not fill under a lease that may have been asked for twice', async () => {
    const client = redis.client({ host: '127.0.0.1', port: proxy.port, maxRetriesPerRequest: null })
    const cache = open({ redis: client, commandTimeout: '10s' })
    const other = open({ redis: redis.url })
    await cache.getOrLoad('warm', () => 'the server knows the scripts')
    const missed = new Promise((resolve) => cache.events.on('miss', resolve))
    const errors: unknown[] = []
    cache.events.on('store-error', ({ operation }) => errors.push(operation))
    const read = cache.getOrLoad('k', () => 'loaded')
    await missed

    proxy.blackHole('toClient') // The acquire arrives; its reply does not.
    while ((await redis.cli('EXISTS', 'away:k')) === 0) await redis.cli('PING')
    proxy.cut()
    proxy.heal()

    expect(await read).toBe('loaded')
    expect(errors).toEqual(['acquire'])
    expect(await other.get('k')).toEqual({ found: false, value: undefined })
  })

  it('in the middle of an acquire on a cluster, does not fill under a lease that may have been asked for twice', async () => {
    await using cluster = await startRedisCluster()
    const held = new Held()
    const store = held.wrap(new RedisStore(cluster.client(), { commandTimeout: 15_000 }))
    const cache = open({ redis: undefined, commandTimeout: undefined, store } as never)
    await cache.getOrLoad('warm', () => 'connected')
    const slot = Number(await cluster.nodes[0]?.cli('CLUSTER', 'KEYSLOT', 'away:k'))
    const node = cluster.nodes.findLast((_, index) => slot >= Math.floor((16_384 * index) / 3))
    const errors: string[] = []
    cache.events.on('store-error', ({ operation }) => errors.push(operation))
    const acquire = held.next('acquire', 'before')
    const read = cache.getOrLoad('k', () => 'loaded')
    await acquire.reached

    await node?.cli('CLIENT', 'PAUSE', 60_000, 'WRITE') // The acquire arrives, and is not answered.
    acquire.release()
    while (!/flags=\w*b/.test(String(await node?.cli('CLIENT', 'LIST')))) await redis.cli('PING')
    await node?.cli('CLIENT', 'KILL', 'TYPE', 'normal') // The client connects again, and sends it again.
    await node?.cli('CLIENT', 'UNPAUSE')

    expect(await read).toBe('loaded')
    expect(errors).toEqual(['acquire'])
  })

  it('leaves nothing waiting in a client that queues', async () => {
    const client = redis.client({ maxRetriesPerRequest: null })
    await client.ping()
    const store = new RedisStore(client, { commandTimeout: 100 })
    await redis.kill()
    await new Promise((resolve) => client.once('reconnecting', resolve))

    await Promise.allSettled(Array.from({ length: 100 }, () => rawAt(store, 'k')))

    expect((client as unknown as { offlineQueue: { length: number } }).offlineQueue.length).toBe(0)
  })
})
