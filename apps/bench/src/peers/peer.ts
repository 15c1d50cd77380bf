import type { Row } from '../database.ts'

/** A cache under test, as an application would hold it. */
export interface Peer {
  /** @param tags Of the value. A library without tags takes no notice of them. */
  getOrLoad(key: string, load: () => Promise<Row>, tags?: readonly string[]): Promise<Row>
  /**
   * After a commit. `pending`: the library says that it will be done later.
   *
   * @throws what the library throws: then its caller knows that the old value may be served.
   */
  invalidate(key: string): Promise<'acknowledged' | 'pending'>
  /** The rows of all keys, in their order. Where the library cannot load several at once, there is none. */
  readonly getOrLoadMany?: (
    keys: readonly string[],
    loadMany: (keys: readonly string[]) => Promise<readonly Row[]>,
  ) => Promise<readonly Row[]>
  /** Where the library has no tags, there is none. */
  readonly invalidateTag?: (tag: string) => Promise<unknown>
  /** Everything in its namespace. */
  readonly clear?: () => Promise<unknown>
  close(): Promise<void>
}

export interface PeerOptions {
  /** How long a value is kept, in milliseconds. */
  readonly ttl: number
  /** The first part of every key, where the library is told one here: tells caches on one Redis apart. */
  readonly namespace: string
}

/** Opens a cache on the Redis at `url`. Resolves when the cache is connected. */
export type OpenPeer = (url: string, options: PeerOptions) => Promise<Peer>

/** What every peer is given, if nothing else is said. */
export const usual: PeerOptions = { ttl: 60_000, namespace: 'bench' }
/** In milliseconds: how long a command may take, where that can be said. */
export const commandTimeout = 500
