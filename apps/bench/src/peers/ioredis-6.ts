import { Redis } from 'ioredis-6'
import type { OpenPeer, Peer, PeerOptions } from './peer.ts'

/** No library, on the client that cache-aside uses here, as it comes: a `GET` and a `JSON.parse` for each read. The floor. */
export const ioredis6: OpenPeer = (url, options) => open(new Redis(url), options)

/** What is sent in one tick goes as one pipeline. */
export const ioredis6Pipelining: OpenPeer = (url, options) =>
  open(new Redis(url, { enableAutoPipelining: true }), options)

async function open(redis: Redis, { ttl, namespace }: PeerOptions): Promise<Peer> {
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
    close: async () => {
      await redis.quit()
    },
  }
}
