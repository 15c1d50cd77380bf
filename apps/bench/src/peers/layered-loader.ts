import { Redis } from 'ioredis-6'
import { createNotificationPair, Loader, type LoaderConfig, RedisCache } from 'layered-loader'
import type { Row } from '../database.ts'
import type { OpenPeer, Peer, PeerOptions } from './peer.ts'

interface Wanted {
  readonly key: string
  readonly load: () => Promise<Row>
}

/** Redis alone. Needs Node 22. */
export const layeredLoader: OpenPeer = async (url, options) => open(url, options, {})

/** Memory, Redis, and its notifications by Redis, as its README has them. */
export const layeredLoaderNear: OpenPeer = async (url, options) => {
  const [consumerRedis, publisherRedis] = [new Redis(url), new Redis(url)]
  const { consumer, publisher } = createNotificationPair<Row>({
    channel: `${options.namespace}-notifications`,
    consumerRedis,
    publisherRedis,
  })
  return open(url, options, {
    inMemoryCache: { cacheType: 'lru-map', ttlInMsecs: options.ttl, maxItems: 10_000 },
    notificationConsumer: consumer,
    notificationPublisher: publisher,
  })
}

async function open(
  url: string,
  { ttl, namespace }: PeerOptions,
  more: Partial<LoaderConfig<Row, Wanted>>,
): Promise<Peer> {
  const redis = new Redis(url)
  const loader = new Loader<Row, Wanted>({
    asyncCache: new RedisCache<Row>(redis, { prefix: namespace, json: true, ttlInMsecs: ttl }),
    // What is loaded comes with each call: its "parametrized loading".
    dataSourceGetOneFn: ({ load }) => load(),
    throwIfUnresolved: true,
    cacheKeyFromLoadParamsResolver: ({ key }) => key,
    ...more,
  })
  await loader.init()
  return {
    // It throws where there would be none.
    getOrLoad: (key, load) => loader.get({ key, load }) as Promise<Row>,
    invalidate: async (key) => {
      await loader.invalidateCacheFor(key)
      return 'acknowledged'
    },
    close: async () => {
      await loader.close()
      await redis.quit()
    },
  }
}
