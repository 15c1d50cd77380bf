import { type OpenPeer, type Peer, type PeerOptions, usual } from './peer.ts'

// Imported when asked for: a process under test loads one library only.
const peers = {
  'cache-aside': async () => (await import('./cache-aside.ts')).cacheAside,
  'cache-aside-journal': async () => (await import('./cache-aside.ts')).cacheAsideJournal,
  bentocache: async () => (await import('./bentocache.ts')).bentocache,
  'bentocache-breaker': async () => (await import('./bentocache.ts')).bentocacheBreaker,
  'bentocache-tiers': async () => (await import('./bentocache.ts')).bentocacheTiers,
  'cache-manager': async () => (await import('./cache-manager.ts')).cacheManager,
  'cache-manager-throwing': async () => (await import('./cache-manager.ts')).cacheManagerThrowing,
  'async-cache-dedupe': async () => (await import('./async-cache-dedupe.ts')).asyncCacheDedupe,
  ioredis: async () => (await import('./ioredis.ts')).ioredis,
} as const satisfies Record<string, () => Promise<OpenPeer>>

export type PeerName = keyof typeof peers

export async function openPeer(name: PeerName, url: string, options: PeerOptions = usual): Promise<Peer> {
  const open = await peers[name]()
  return open(url, options)
}
