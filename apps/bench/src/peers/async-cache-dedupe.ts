import { createCache } from 'async-cache-dedupe'
import { Redis } from 'ioredis'
import type { Row } from '../database.ts'
import type { OpenPeer } from './peer.ts'

interface Wanted {
  readonly key: string
  readonly load: () => Promise<Row>
  readonly tags: readonly string[]
}

/**
 * Redis with `invalidation`, as its README has it: tags are its `references`, for each of which Redis holds a set of keys.
 *
 * `referencesTTL` is that of the values: with its default of 60 s, the set would go before they do. Errors of Redis are
 * suppressed, for writers as for readers; there is no setting for it. Without `commandTimeout`: one call sends a command
 * for each entry, the last of which is answered long after it was sent.
 */
export const asyncCacheDedupe: OpenPeer = async (url, { ttl, namespace }) => {
  const redis = new Redis(url)
  await redis.ping()
  const seconds = ttl / 1000
  const storage = { type: 'redis', options: { client: redis, invalidation: { referencesTTL: seconds } } } as const
  const cache = createCache({ storage, ttl: seconds }).define(
    namespace,
    {
      serialize: ({ key }: Wanted) => key,
      // Its own to sort.
      references: ({ tags }: Wanted) => [...tags],
    },
    ({ load }: Wanted) => load(),
  )
  const read = cache[namespace] as (wanted: Wanted) => Promise<Row>
  return {
    getOrLoad: (key, load, tags = []) => read({ key, load, tags }),
    invalidate: async (key) => {
      await cache.clear(namespace, { key })
      return 'acknowledged'
    },
    invalidateTag: (tag) => cache.invalidate(namespace, [tag]),
    clear: () => cache.clear(namespace),
    close: async () => {
      await redis.quit()
    },
  }
}
