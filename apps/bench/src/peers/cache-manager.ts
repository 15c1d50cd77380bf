import KeyvRedis, { defaultReconnectStrategy } from '@keyv/redis'
import { createCache } from 'cache-manager'
import { Keyv } from 'keyv'
import type { Row } from '../database.ts'
import { commandTimeout, type OpenPeer, type Peer, type PeerOptions } from './peer.ts'

/**
 * One store: Keyv on @keyv/redis, as the README of cache-manager has it, with `wrap`. By default, Keyv hands an error to
 * its `error` event and goes on: `get` finds nothing, and `del` resolves as if it had deleted.
 *
 * `nonBlocking` is left off: it is for several stores. With one, it only stops writes from waiting for Redis: `del` has
 * then nothing to say, and with `throwOnErrors` a failure has nobody to handle it.
 */
export const cacheManager: OpenPeer = (url, options) => open(url, options, false)

/** With `throwOnErrors`, by which @keyv/redis would have one "handle connection errors, retries, and timeouts more gracefully". */
export const cacheManagerThrowing: OpenPeer = (url, options) => open(url, options, true)

async function open(url: string, { ttl }: PeerOptions, throwOnErrors: boolean): Promise<Peer> {
  const redis = new KeyvRedis(
    {
      url,
      // Fails what is called while there is no connection, which would else wait until there is one.
      disableOfflineQueue: true,
      // node-redis has no timeout for a command that was sent. What comes nearest closes a connection on which nothing
      // moves, and needs a ping against idle times; it does not fire while others still send.
      pingInterval: commandTimeout / 2,
      socket: {
        connectTimeout: commandTimeout,
        socketTimeout: commandTimeout,
        // What @keyv/redis has by default. That of node-redis would never connect again after a `socketTimeout`.
        reconnectStrategy: defaultReconnectStrategy,
      },
    },
    { connectionTimeout: commandTimeout, throwOnErrors },
  )
  const store = new Keyv({ store: redis, useKeyPrefix: false, throwOnErrors })
  // An application would log them.
  store.on('error', () => {})
  await redis.getClient()
  const cache = createCache({ stores: [store], ttl })
  return {
    getOrLoad: (key, load) => cache.wrap(key, load),
    invalidate: async (key) => {
      await cache.del(key)
      return 'acknowledged'
    },
    // It has no `wrap` for several keys: this is what one writes with what it has.
    getOrLoadMany: async (keys, loadMany) => {
      const cached = await cache.mget<Row>([...keys])
      const missing = keys.filter((_, place) => cached[place] === undefined)
      const loaded = missing.length > 0 ? await loadMany(missing) : []
      if (loaded.length > 0) await cache.mset(loaded.map((row) => ({ key: row.key, value: row })))
      const left = loaded.values()
      return cached.map((row) => row ?? (left.next().value as Row))
    },
    close: async () => {
      await cache.disconnect()
    },
  }
}
