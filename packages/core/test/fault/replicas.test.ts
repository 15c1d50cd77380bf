import { type RedisServer, startRedis, startRedisCluster } from '@cache-aside/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CacheAside, RedisStore, StoreError } from '../../src/index.ts'

/** design §1: an asynchronous failover may lose an acknowledged invalidation; `WAIT` is offered. */
describe('an invalidation that waits for replicas', () => {
  let master: RedisServer
  let replica: RedisServer
  let cache: CacheAside

  beforeAll(async () => {
    master = await startRedis()
    replica = await startRedis({
      args: ['--replicaof', '127.0.0.1', `${master.port}`, '--repl-diskless-sync-delay', '0'],
    })
    cache = new CacheAside({ namespace: 'replicas', redis: master.url, commandTimeout: '300ms' })
    while (!String(await replica.cli('INFO', 'replication')).includes('master_link_status:up'));
  })
  afterAll(async () => {
    await cache.close()
    await Promise.all([master.stop(), replica.stop()])
  })

  /** Cached, and known to the replica. */
  const cached = async (key: string) => {
    await cache.getOrLoad(key, () => 'old')
    while (Number(await replica.cli('EXISTS', `replicas:${key}`)) !== 1);
  }

  it('resolves when they have it', async () => {
    await cached('k')

    expect(await cache.invalidate('k', { waitReplicas: 1 })).toBe('acknowledged')

    expect(Number(await replica.cli('EXISTS', 'replicas:k'))).toBe(0)
  })

  it('rejects when there are fewer, though the master has it', async () => {
    await cached('k')

    const invalidating = cache.invalidate('k', { waitReplicas: 2 })

    await expect(invalidating).rejects.toThrow('1 of 2 replicas acknowledged it within 300 ms')
    await expect(invalidating).rejects.toBeInstanceOf(StoreError)
    expect(await cache.get('k')).toMatchObject({ found: false })
  })

  it('rejects when they do not answer, and holds up nobody who reads', async () => {
    await cached('k')
    replica.pause()
    let rejected = false

    const invalidating = cache.invalidate('other', { waitReplicas: 1 }).catch(() => (rejected = true))
    expect(await cache.getOrLoad('k', () => 'new')).toBe('old')
    expect(rejected).toBe(false)
    await invalidating

    expect(rejected).toBe(true)
    replica.resume()
  })

  it('is not to be had on a cluster', async () => {
    await using cluster = await startRedisCluster()
    const client = cluster.client()
    const onCluster = new CacheAside({ namespace: 'replicas', store: new RedisStore(client) })
    await onCluster.connect()

    await expect(onCluster.invalidate('k', { waitReplicas: 1 })).rejects.toThrow('not possible on a cluster')

    await onCluster.close()
  })
})
