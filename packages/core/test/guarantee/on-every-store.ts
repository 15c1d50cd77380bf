import { startRedis, startRedisCluster } from '@cache-aside/testkit'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { CacheAside } from '../../src/cache/cache.ts'
import type { CacheOptions } from '../../src/cache/options.ts'
import { MemoryStore } from '../../src/protocol/memory-store.ts'
import { RedisStore } from '../../src/protocol/redis-store.ts'
import type { Store } from '../../src/protocol/store.ts'
import { type Clock, systemClock } from '../../src/time/clock.ts'

export interface Caches {
  /** A cache that shares nothing with the others of its test but the store and the namespace: as in another process. */
  readonly open: (options?: Partial<CacheOptions>, wrap?: (store: Store) => Store, clock?: Clock) => CacheAside
}

/** Runs the tests on a single Redis server, on a cluster and in process. */
export function onEveryStore(promise: string, tests: (caches: Caches) => void): void {
  describe.each(['one server', 'a cluster', 'the memory store'])(`${promise}, on %s`, (kind) => {
    let stop = async () => {}
    let store: () => Store
    let opened: CacheAside[] = []
    let test = 0

    beforeAll(async () => {
      if (kind === 'the memory store') {
        const memory = new MemoryStore()
        store = () => memory
        return
      }
      const server = kind === 'a cluster' ? await startRedisCluster() : await startRedis()
      // A machine that is too busy is not a Redis that is away.
      store = () => new RedisStore(server.client(), { commandTimeout: 10_000 })
      stop = () => server.stop()
    })
    afterEach(async () => {
      test += 1
      await Promise.all(opened.map((cache) => cache.close()))
      opened = []
    })
    afterAll(() => stop())

    tests({
      open(options = {}, wrap = (given) => given, clock = systemClock) {
        const cache = new CacheAside({ namespace: `test-${test}`, store: wrap(store()), ...options }, clock)
        opened.push(cache)
        return cache
      },
    })
  })
}
