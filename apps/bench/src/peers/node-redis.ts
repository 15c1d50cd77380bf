import { createClient } from '@redis/client'
import type { OpenPeer } from './peer.ts'

/**
 * No library: node-redis with its client-side cache, which holds replies. A hit is a text of its memory, and `JSON.parse`.
 * Bounded as the others are: its default is no bound.
 */
export const nodeRedisNear: OpenPeer = async (url, { ttl, namespace }) => {
  const client = createClient({ url, RESP: 3, clientSideCache: { maxEntries: 10_000, ttl } })
  // An application would log them.
  client.on('error', () => {})
  await client.connect()
  const named = (key: string) => `${namespace}:${key}`
  return {
    getOrLoad: async (key, load) => {
      const cached = await client.get(named(key))
      if (cached !== null) return JSON.parse(cached)
      const row = await load()
      await client.set(named(key), JSON.stringify(row), { expiration: { type: 'PX', value: ttl } })
      return row
    },
    invalidate: async (key) => {
      await client.del(named(key))
      return 'acknowledged'
    },
    close: async () => {
      await client.close()
    },
  }
}
