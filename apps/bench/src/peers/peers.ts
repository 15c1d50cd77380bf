import { type OpenPeer, type Peer, type PeerOptions, usual } from './peer.ts'

// Imported when asked for: a process under test loads one library only.
const peers = {
  'cache-aside': async () => (await import('./cache-aside.ts')).cacheAside,
  'cache-aside-journal': async () => (await import('./cache-aside.ts')).cacheAsideJournal,
  'cache-aside-near': async () => (await import('./cache-aside.ts')).cacheAsideNear,
  'cache-aside-near-frozen': async () => (await import('./cache-aside.ts')).cacheAsideNearFrozen,
  bentocache: async () => (await import('./bentocache.ts')).bentocache,
  'bentocache-breaker': async () => (await import('./bentocache.ts')).bentocacheBreaker,
  'bentocache-tiers': async () => (await import('./bentocache.ts')).bentocacheTiers,
  'bentocache-near': async () => (await import('./bentocache.ts')).bentocacheNear,
  'bentocache-near-unserialized': async () => (await import('./bentocache.ts')).bentocacheNearUnserialized,
  'cache-manager': async () => (await import('./cache-manager.ts')).cacheManager,
  'cache-manager-throwing': async () => (await import('./cache-manager.ts')).cacheManagerThrowing,
  'async-cache-dedupe': async () => (await import('./async-cache-dedupe.ts')).asyncCacheDedupe,
  cacheable: async () => (await import('./cacheable.ts')).cacheable,
  'cacheable-near': async () => (await import('./cacheable.ts')).cacheableNear,
  'layered-loader': async () => (await import('./layered-loader.ts')).layeredLoader,
  'layered-loader-near': async () => (await import('./layered-loader.ts')).layeredLoaderNear,
  'node-redis-near': async () => (await import('./node-redis.ts')).nodeRedisNear,
  'bare-values': async () => (await import('./bare-values.ts')).bareValues,
  'lru-cache': async () => (await import('./lru-cache.ts')).lruCache,
  ioredis: async () => (await import('./ioredis.ts')).ioredis,
  'ioredis-6': async () => (await import('./ioredis-6.ts')).ioredis6,
  'ioredis-6-autopipelining': async () => (await import('./ioredis-6.ts')).ioredis6Pipelining,
} as const satisfies Record<string, () => Promise<OpenPeer>>

export type PeerName = keyof typeof peers

/** Those that need a newer Node than this repository. */
const leastNode: Partial<Record<PeerName, number>> = { 'layered-loader': 22, 'layered-loader-near': 22 }

/** Whether this Node is one that the library is for. */
export function runsHere(name: PeerName): boolean {
  return Number.parseInt(process.version.slice(1), 10) >= (leastNode[name] ?? 0)
}

export async function openPeer(name: PeerName, url: string, options: PeerOptions = usual): Promise<Peer> {
  const open = await peers[name]()
  return open(url, options)
}
