import { LRUCache } from 'lru-cache'
import type { Row } from '../database.ts'
import type { OpenPeer } from './peer.ts'

/** A map in memory and a promise, and nothing behind it: the ceiling of what answers from memory by a promise. */
export const lruCache: OpenPeer = async (_url, { ttl }) => {
  const rows = new LRUCache<string, Row>({ max: 10_000, ttl })
  return {
    getOrLoad: (key, load) => {
      const row = rows.get(key)
      if (row) return Promise.resolve(row)
      return load().then((loaded) => {
        rows.set(key, loaded)
        return loaded
      })
    },
    invalidate: async (key) => {
      rows.delete(key)
      return 'acknowledged'
    },
    close: async () => rows.clear(),
  }
}
