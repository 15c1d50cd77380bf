import { type FaultProxy, type RedisServer, startFaultProxy, startRedis, startRedisCluster } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { CacheAside, RedisStore, type RedisTarget } from '../../src/index.ts'
import type { Availability } from '../../src/protocol/store.ts'
import { slotOf } from '../../src/protocol/cluster-node.ts'
import { namespace, rawAt } from '../protocol/standing.ts'

const commandTimeout = 300
const missed = 'no answer from Redis within 300 ms'

/** design §5 and §1, P6. Elapsed times are bounds with room for a slow machine, and far below what they guard against. */
describe('a Redis that does not answer', () => {
  let redis: RedisServer
  let proxy: FaultProxy
  beforeEach(async () => {
    redis = await startRedis()
    proxy = await startFaultProxy({ port: redis.port })
  })
  afterEach(async () => {
    proxy.close()
    await redis.stop()
  })

  const open = (target: RedisTarget = redis.url) => {
    const store = new RedisStore(target, { commandTimeout })
    onTestFinished(() => store.close())
    return { store, changes: changesOf(store) }
  }

  it('costs 64 callers, one after the other, one deadline in all', async () => {
    const { store, changes } = open()
    await store.connect()
    redis.pause()

    const elapsed = stopwatch()
    const errors: string[] = []
    for (let caller = 0; caller < 64; caller++) errors.push(await reasonOf(rawAt(store, 'k')))

    expect(elapsed()).toBeLessThan(3 * commandTimeout)
    expect(errors[0]).toBe(missed)
    expect(new Set(errors.slice(1))).toEqual(new Set([`Redis does not answer (probing): ${missed}`]))
    expect(changes).toEqual([{ kind: 'degraded', reason: new Error(missed) }])
  })

  it('from the first connection on, costs one deadline in all', async () => {
    redis.pause()
    const { store, changes } = open()

    const elapsed = stopwatch()
    for (let caller = 0; caller < 64; caller++) await reasonOf(rawAt(store, 'k'))

    expect(elapsed()).toBeLessThan(3 * commandTimeout)
    expect(changes).toMatchObject([{ kind: 'degraded' }])
    redis.resume()
    await recovered(changes)
    expect(await rawAt(store, 'k')).toBeNull()
  })

  it('is used again within a second of answering, and told once to be away and once to be back', async () => {
    const cache = new CacheAside({ namespace: 'away', redis: redis.url, commandTimeout })
    const { store, changes } = open()
    onTestFinished(() => cache.close())
    await Promise.all([cache.connect(), store.connect()])
    redis.pause()
    for (let read = 0; read < 300; read++) {
      expect(await cache.getOrLoad('k', () => read)).toBe(read)
      await reasonOf(rawAt(store, 'k'))
    }

    redis.resume()
    const elapsed = stopwatch()
    while (cache.stats().hits === 0) {
      await cache.getOrLoad('k', () => 'cached')
      await new Promise(setImmediate)
    }
    await recovered(changes)

    expect(elapsed()).toBeLessThan(1_000)
    expect(changes).toEqual([
      { kind: 'degraded', reason: expect.any(Error) as Error },
      { kind: 'recovered', after: expect.any(Number) as number },
    ])
  })

  it('is used again within a second when it was killed and started again', async () => {
    const { store, changes } = open()
    await store.connect()
    await redis.kill()
    await expect.poll(() => reasonOf(rawAt(store, 'k'))).toContain('not connected to Redis')
    for (let read = 0; read < 300; read++) await reasonOf(rawAt(store, 'k'))

    await redis.start()
    const elapsed = stopwatch()
    await recovered(changes)

    expect(elapsed()).toBeLessThan(1_000)
    expect(await rawAt(store, 'k')).toBeNull()
    expect(changes).toMatchObject([{ kind: 'degraded' }, { kind: 'recovered' }])
  })

  it('and never was there, is away from the first failure on', async () => {
    await redis.kill()
    const { store, changes } = open()
    expect(changes).toEqual([])

    expect(await reasonOf(rawAt(store, 'k'))).toContain('ECONNREFUSED')
    await redis.start()
    await recovered(changes)

    expect(changes).toMatchObject([
      { kind: 'degraded', reason: { message: expect.stringContaining('ECONNREFUSED') as string } },
      { kind: 'recovered' },
    ])
  })

  it('because the connection has lost its other end, is found again over a new one', async () => {
    const { store, changes } = open(proxy.url)
    await store.connect()

    proxy.blackHole()
    await reasonOf(rawAt(store, 'k'))
    // The proxy keeps the first one open: its end is not told.
    await expect.poll(() => proxy.connections, { timeout: 15_000 }).toBeGreaterThan(1)
    proxy.heal()
    await recovered(changes)

    expect(await rawAt(store, 'k')).toBeNull()
    expect(changes).toMatchObject([{ kind: 'degraded' }, { kind: 'recovered' }])
  })

  it('because a connection was lost with the probe that was under way, is asked again over the next one', async () => {
    // Such a client settles no command that a connection took with it.
    const client = redis.client({
      port: proxy.port,
      maxRetriesPerRequest: null,
      autoResendUnfulfilledCommands: false,
    })
    const { store, changes } = open(client)
    await store.connect()
    proxy.blackHole()
    await reasonOf(rawAt(store, 'k'))

    proxy.cut()
    proxy.heal()
    await recovered(changes)

    expect(await rawAt(store, 'k')).toBeNull()
    expect(changes).toMatchObject([{ kind: 'degraded' }, { kind: 'recovered' }])
  })

  it('leaves what was under way, and one probe, in the client', async () => {
    const client = redis.client()
    const { store } = open(client)
    await store.connect()
    redis.pause()
    await reasonOf(rawAt(store, 'k'))
    const queued = queueOf(client)
    expect(queued).toBeLessThanOrEqual(3) // the clock, the read and the probe

    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 100 }, () => reasonOf(rawAt(store, 'k'))))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }

    expect(queueOf(client)).toBe(queued)
  })

  it('to a probe for which there is no permission has answered all the same', async () => {
    await redis.cli('ACL', 'SETUSER', 'shop', 'on', 'nopass', '~*', '&*', '+@all', '-ping')
    const { store, changes } = open({ port: redis.port, username: 'shop', password: 'any' })
    expect(await rawAt(store, 'k')).toBeNull()
    redis.pause()
    await reasonOf(rawAt(store, 'k'))

    redis.resume()

    await recovered(changes)
    expect(await rawAt(store, 'k')).toBeNull()
  })

  it('is not what a blocked event loop means, however many answers have arrived', async () => {
    const { store, changes } = open()
    await store.connect()
    const keys = Array.from({ length: 2_000 }, (_, index) => `k:${index}`)
    const invalidations = keys.map((key) => store.invalidate([key]))

    const elapsed = stopwatch()
    while (elapsed() < 2 * commandTimeout);

    await Promise.all(invalidations)
    expect(changes).toEqual([])
  })

  it('is not what a blocked event loop means, when the answer comes soon after it', async () => {
    const { store, changes } = open()
    await store.connect()
    const admin = redis.client()
    await admin.call('CLIENT', 'PAUSE', String(2.5 * commandTimeout), 'ALL')
    const invalidation = store.invalidate(['k'])

    const elapsed = stopwatch()
    while (elapsed() < 2 * commandTimeout);

    await invalidation
    expect(changes).toEqual([])
    await admin.quit()
  })
})

describe('a node of a cluster that does not answer', () => {
  it('costs one deadline for its keys and nothing for others, and is told once', async () => {
    await using cluster = await startRedisCluster({ args: ['--cluster-require-full-coverage', 'no'] })
    const store = new RedisStore(cluster.client(), { commandTimeout })
    const changes = changesOf(store)
    const keys = Array.from({ length: 30 }, (_, index) => `shop:${index}`)
    const [frozen] = cluster.nodes
    const isFrozen = (key: string) => slotOf(key) < Math.floor(16_384 / 3)
    await Promise.all(keys.map((key) => rawAt(store, key)))
    frozen?.pause()

    const elapsed = stopwatch()
    for (let round = 0; round < 10; round++) {
      for (const key of keys)
        expect(await rawAt(store, key).catch(() => 'refused')).toBe(isFrozen(key) ? 'refused' : null)
    }
    expect(elapsed()).toBeLessThan(3 * commandTimeout)
    expect(keys.filter(isFrozen)).not.toEqual([])
    expect(changes).toMatchObject([{ kind: 'degraded' }])

    frozen?.resume()
    await recovered(changes)
    expect(await Promise.all(keys.map((key) => rawAt(store, key)))).toEqual(keys.map(() => null))
    expect(changes).toMatchObject([{ kind: 'degraded' }, { kind: 'recovered' }])
    await store.close()
  })

  it('that says what a namespace is at costs one deadline for all of its keys', async () => {
    await using cluster = await startRedisCluster({ args: ['--cluster-require-full-coverage', 'no'] })
    const store = new RedisStore(cluster.client(), { commandTimeout })
    onTestFinished(() => store.close())
    const keys = Array.from({ length: 30 }, (_, index) => `shop:${index}`)
    const isFrozen = (key: string) => slotOf(key) >= Math.floor((16_384 * 2) / 3)
    const frozen = cluster.nodes.at(-1)
    await Promise.all(keys.map((key) => rawAt(store, key)))
    frozen?.pause()

    const elapsed = stopwatch()
    for (const key of keys) expect(await rawAt(store, key).catch(() => 'refused')).toBe('refused')

    expect(elapsed()).toBeLessThan(3 * commandTimeout)
    expect(isFrozen(namespace.generation)).toBe(true)
    expect(keys.every(isFrozen)).toBe(false)
    frozen?.resume()
  })
})

function changesOf(store: RedisStore): Availability[] {
  const changes: Availability[] = []
  store.onChange((change) => changes.push(change))
  return changes
}

async function recovered(changes: readonly Availability[]): Promise<void> {
  await expect.poll(() => changes.at(-1)?.kind, { timeout: 10_000, interval: 10 }).toBe('recovered')
}

const reasonOf = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => 'answered',
    (error: Error) => error.message,
  )

function stopwatch(): () => number {
  const began = performance.now()
  return () => performance.now() - began
}

const queueOf = (client: Redis) => (client as unknown as { commandQueue: { length: number } }).commandQueue.length
