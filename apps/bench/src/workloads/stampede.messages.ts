import type { PeerName } from '../peers/peers.ts'

/** What each process under test is started with. */
export interface Assignment {
  readonly peer: PeerName
  readonly url: string
  /** Of the loader, in milliseconds. */
  readonly loadTime: number
}

/** So many callers ask for a key at the same moment. */
export interface Order {
  readonly key: string
  readonly callers: number
  /** When. Moments are those of `sharedNow`. */
  readonly at: number
}

/** What happened in one process. */
export interface Report {
  /** How many loads began. */
  readonly loads: number
  /** When the first of them ended: what follows is the library's time. Infinity where there was none. */
  readonly loaded: number
  /** When the last caller had its value. */
  readonly last: number
}
