import type { RedisServer } from '@cache-aside/testkit'
import { expect, onTestFinished } from 'vitest'
import { CacheAside, type CacheEvent, type CacheEventType, type CacheOptions } from '../../src/index.ts'

/** A cache with a near cache that hears, and what it has told. */
export async function openNear(
  redis: RedisServer | CacheOptions['redis'],
  options: Partial<CacheOptions> = {},
): Promise<{ readonly cache: CacheAside; readonly heard: readonly CacheEvent[] }> {
  const target = typeof redis === 'object' && 'url' in redis ? redis.url : redis
  const cache = new CacheAside({ namespace: 'shop', redis: target, near: true, ...options } as CacheOptions)
  onTestFinished(() => cache.close())
  const heard: CacheEvent[] = []
  for (const type of ['tracking-on', 'tracking-lost', 'tracking-refused', 'hit'] as const)
    cache.events.on(type, (event) => heard.push(event))
  const on = next(cache, 'tracking-on')
  await cache.get('-')
  await on
  return { cache, heard }
}

export const next = (cache: CacheAside, type: CacheEventType): Promise<CacheEvent> =>
  new Promise((resolve) => {
    const listener = (event: CacheEvent) => {
      cache.events.off(type, listener)
      resolve(event)
    }
    cache.events.on(type, listener)
  })

/** Puts what the loader gives into the near cache. */
export async function keepNear(
  cache: CacheAside,
  key: string,
  load: () => unknown,
  options: object = {},
): Promise<void> {
  await expect
    .poll(async () => {
      const { nearHits } = cache.stats()
      await cache.getOrLoad(key, load, options)
      return cache.stats().nearHits - nearHits
    })
    .toBe(1)
}
