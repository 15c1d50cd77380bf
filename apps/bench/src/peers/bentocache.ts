import { once } from 'node:events'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import { Redis, type RedisOptions } from 'ioredis'
import { commandTimeout, type OpenPeer, type Peer, type PeerOptions } from './peer.ts'

/**
 * Redis alone: `useL2Layer(redisDriver)`, as https://bentocache.dev/docs/cache-drivers has it.
 *
 * `suppressL2Errors`: without it, every read would reject while Redis is away (its default, where there is no memory
 * layer). `delete` is called with it off, which the library allows for each call, so that a writer learns of a failure.
 */
export const bentocache: OpenPeer = async (url, options) => {
  const redis = await connect(url)
  return peer(bentostore().useL2Layer(redisDriver({ connection: redis })), options, { suppressL2Errors: true })
}

/**
 * The same, with the library's circuit breaker, which is off by default: for 2 s after a failure Redis is not asked.
 * The documentation names no value; a longer one comes back later, with a shorter one more reads wait for Redis.
 * While it is open, `delete` resolves and does nothing, whatever it is called with.
 */
export const bentocacheBreaker: OpenPeer = async (url, options) => {
  const redis = await connect(url)
  const store = bentostore().useL2Layer(redisDriver({ connection: redis }))
  return peer(store, options, { suppressL2Errors: true, l2CircuitBreakerDuration: '2s' })
}

/**
 * Memory, Redis and a bus, as https://bentocache.dev/docs/multi-tier recommends it, with the grace period and the soft
 * timeout at which the walkthrough arrives (https://bentocache.dev/docs/walkthrough). Errors of Redis are suppressed by
 * default. Without the circuit breaker, which is no part of either page: with it, `delete` would hide that it did nothing.
 */
export const bentocacheTiers: OpenPeer = async (url, options) => {
  const redis = await connect(url)
  const { hostname: host, port } = new URL(url)
  const store = bentostore()
    .useL1Layer(memoryDriver({ maxSize: '10mb' }))
    .useL2Layer(redisDriver({ connection: redis }))
    // By options, as its documentation does: it subscribes at once, which needs the offline queue.
    .useBus(redisBusDriver({ connection: { host, port: Number(port), commandTimeout, maxRetriesPerRequest: 1 } }))
  return peer(store, options, { grace: '6h', timeout: '500ms' })
}

/**
 * Memory, Redis and a bus, with nothing else set: the memory holds values as JSON, and parses one for each hit.
 * Bounded by entries as the others are; its default is no bound.
 */
export const bentocacheNear: OpenPeer = (url, options) => near(url, options, {})

/** The same with values as they are: all callers share one, and can change it. */
export const bentocacheNearUnserialized: OpenPeer = (url, options) => near(url, options, { serialize: false })

async function near(url: string, options: PeerOptions, memory: Parameters<typeof memoryDriver>[0]): Promise<Peer> {
  const redis = await connect(url)
  const { hostname: host, port } = new URL(url)
  const store = bentostore()
    .useL1Layer(memoryDriver({ maxItems: 10_000, ...memory }))
    .useL2Layer(redisDriver({ connection: redis }))
    .useBus(redisBusDriver({ connection: { host, port: Number(port) } }))
  return peer(store, options, {})
}

type Settings = Omit<ConstructorParameters<typeof BentoCache>[0], 'default' | 'stores' | 'plugins'>

function peer(cache: ReturnType<typeof bentostore>, { ttl, namespace }: PeerOptions, settings: Settings): Peer {
  const bento = new BentoCache({ default: 'cache', ttl, prefix: namespace, ...settings, stores: { cache } })
  return {
    getOrLoad: (key, load, tags) =>
      tags ? bento.getOrSet({ key, factory: load, tags: [...tags] }) : bento.getOrSet({ key, factory: load }),
    invalidate: async (key) => {
      await bento.delete({ key, suppressL2Errors: false })
      return 'acknowledged'
    },
    invalidateTag: (tag) => bento.deleteByTag({ tags: [tag], suppressL2Errors: false }),
    clear: () => bento.clear({ suppressL2Errors: false }),
    close: () => bento.disconnectAll(),
  }
}

/**
 * The library leaves the client's settings to its user. These fail fast: with the defaults of ioredis each command waits
 * for Redis, through 20 attempts to connect.
 */
const failFast: RedisOptions = { commandTimeout, maxRetriesPerRequest: 1, enableOfflineQueue: false }

async function connect(url: string): Promise<Redis> {
  const redis = new Redis(url, failFast)
  // An application would log them.
  redis.on('error', () => {})
  await once(redis, 'ready')
  return redis
}
