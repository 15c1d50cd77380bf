import KeyvRedis, { defaultReconnectStrategy } from '@keyv/redis'
import { createCache } from 'cache-manager'
import { Keyv } from 'keyv'
import { commandTimeout, type OpenPeer, type Peer, ttl } from './peer.ts'

/**
 * One store: Keyv on @keyv/redis, as the README of cache-manager has it, with `wrap`. By default, Keyv hands an error to
 * its `error` event and goes on: `get` finds nothing, and `del` resolves as if it had deleted.
 *
 * `nonBlocking` is left off: it is for several stores. With one, it only stops writes from waiting for Redis: `del` has
 * then nothing to say, and with `throwOnErrors` a failure has nobody to handle it.
 */
export const cacheManager: OpenPeer = (url) => open(url, false)

/** With `throwOnErrors`, by which @keyv/redis would have one "handle connection errors, retries, and timeouts more gracefully". */
export const cacheManagerThrowing: OpenPeer = (url) => open(url, true)

async function open(url: string, throwOnErrors: boolean): Promise<Peer> {
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
    close: async () => {
      await cache.disconnect()
    },
  }
}
