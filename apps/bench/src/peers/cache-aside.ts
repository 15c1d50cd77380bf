import { CacheAside, type CacheOptions } from '@cache-aside/core'
import { commandTimeout, type OpenPeer, type Peer, ttl } from './peer.ts'

/** As its README shows it: an invalidation that Redis does not acknowledge rejects. */
export const cacheAside: OpenPeer = (url) => open({ namespace: 'bench', redis: url, ttl, commandTimeout })

/** An invalidation that Redis does not acknowledge is `pending`, and repeated until it is. */
export const cacheAsideJournal: OpenPeer = (url) =>
  open({ namespace: 'bench', redis: url, ttl, commandTimeout, onUnreachable: 'journal' })

async function open(options: CacheOptions): Promise<Peer> {
  const cache = new CacheAside(options)
  await cache.connect()
  return {
    getOrLoad: (key, load) => cache.getOrLoad(key, load),
    invalidate: async (key) => ((await cache.invalidate(key)) === 'pending' ? 'pending' : 'acknowledged'),
    close: () => cache.close(),
  }
}
