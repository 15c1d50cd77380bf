import type { Row } from '../database.ts'

/** A cache under test, as an application would hold it. */
export interface Peer {
  getOrLoad(key: string, load: () => Promise<Row>): Promise<Row>
  /**
   * After a commit. `pending`: the library says that it will be done later.
   *
   * @throws what the library throws: then its caller knows that the old value may be served.
   */
  invalidate(key: string): Promise<'acknowledged' | 'pending'>
  close(): Promise<void>
}

/** Opens a cache on the Redis at `url`. Resolves when the cache is connected. */
export type OpenPeer = (url: string) => Promise<Peer>

/** What every peer is given, in milliseconds: how long a value is kept, and how long a command may take where that can be said. */
export const ttl = 60_000
export const commandTimeout = 500
