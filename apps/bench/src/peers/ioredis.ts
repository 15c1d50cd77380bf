import { Redis } from 'ioredis'
import type { Row } from '../database.ts'
import { commandTimeout, type OpenPeer } from './peer.ts'

/** No library: what is written by hand with ioredis, and promises nothing. What the others cost beyond it is their price. */
export const ioredis: OpenPeer = async (url, { ttl, namespace }) => {
  const redis = new Redis(url, { commandTimeout })
  await redis.ping()
  const named = (key: string) => `${namespace}:${key}`
  return {
    getOrLoad: async (key, load) => {
      const cached = await redis.get(named(key))
      if (cached !== null) return JSON.parse(cached)
      const row = await load()
      await redis.set(named(key), JSON.stringify(row), 'PX', ttl)
      return row
    },
    invalidate: async (key) => {
      await redis.del(named(key))
      return 'acknowledged'
    },
    getOrLoadMany: async (keys, loadMany) => {
      const cached = await redis.mget(keys.map(named))
      const missing = keys.filter((_, place) => typeof cached[place] !== 'string')
      const loaded = missing.length > 0 ? await loadMany(missing) : []
      const writes = redis.pipeline()
      for (const row of loaded) writes.set(named(row.key), JSON.stringify(row), 'PX', ttl)
      if (loaded.length > 0) await writes.exec()
      const left = loaded.values()
      return cached.map((text) => (typeof text === 'string' ? JSON.parse(text) : left.next().value) as Row)
    },
    close: async () => {
      await redis.quit()
    },
  }
}
