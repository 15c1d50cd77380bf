import KeyvRedis, { defaultReconnectStrategy } from '@keyv/redis'
import { Cacheable, type CacheableOptions } from 'cacheable'
import type { Row } from '../database.ts'
import { commandTimeout, type OpenPeer, type Peer, type PeerOptions } from './peer.ts'

/** Redis alone: its `primary` store, which is memory by default. */
export const cacheable: OpenPeer = async (url, options) => open({ primary: await connect(url) }, options)

/**
 * Memory and Redis, as its README has it. Without its `sync`, for which it needs a package of messages; another process
 * then keeps what it has in memory until that ends.
 */
export const cacheableNear: OpenPeer = async (url, options) => open({ secondary: await connect(url) }, options)

function open(stores: CacheableOptions, { ttl, namespace }: PeerOptions): Peer {
  const cache = new Cacheable({ ...stores, ttl, namespace })
  // An application would log them.
  cache.on('error', () => {})
  return {
    // It throws where there would be none.
    getOrLoad: (key, load) => cache.getOrSet(key, load, loudly) as Promise<Row>,
    invalidate: async (key) => {
      await cache.delete(key)
      return 'acknowledged'
    },
    close: async () => {
      await cache.disconnect()
    },
  }
}

/** By default, a loader that fails is one that has loaded nothing. */
const loudly = { throwErrors: true }

async function connect(url: string): Promise<KeyvRedis<unknown>> {
  const socket = { connectTimeout: commandTimeout, reconnectStrategy: defaultReconnectStrategy }
  const redis = new KeyvRedis({ url, disableOfflineQueue: true, socket })
  await redis.getClient()
  return redis
}
