import { CacheAside, type CacheOptions } from '@cache-aside/core'
import { commandTimeout, type OpenPeer, type Peer } from './peer.ts'

/** As its README shows it: an invalidation that Redis does not acknowledge rejects. */
export const cacheAside: OpenPeer = (url, options) => open({ ...options, redis: url, commandTimeout })

/** An invalidation that Redis does not acknowledge is `pending`, and repeated until it is. */
export const cacheAsideJournal: OpenPeer = (url, options) =>
  open({ ...options, redis: url, commandTimeout, onUnreachable: 'journal' })

/** With a near cache: each caller has a copy of its own. */
export const cacheAsideNear: OpenPeer = (url, options) => open({ ...options, redis: url, commandTimeout, near: true })

/** With a near cache whose values are frozen: all callers share one. */
export const cacheAsideNearFrozen: OpenPeer = (url, options) =>
  open({ ...options, redis: url, commandTimeout, near: { values: 'frozen' } })

async function open(options: CacheOptions): Promise<Peer> {
  const cache = new CacheAside(options)
  await cache.connect()
  return {
    getOrLoad: (key, load, tags) => (tags ? cache.getOrLoad(key, load, { tags }) : cache.getOrLoad(key, load)),
    invalidate: async (key) => ((await cache.invalidate(key)) === 'pending' ? 'pending' : 'acknowledged'),
    getOrLoadMany: async (keys, loadMany) => [...(await cache.getOrLoadMany(keys, loadMany)).values()],
    invalidateTag: (tag) => cache.invalidateTag(tag),
    clear: () => cache.clear(),
    close: () => cache.close(),
  }
}
