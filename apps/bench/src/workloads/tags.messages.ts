import type { PeerName } from '../peers/peers.ts'
import type { Commands, Work } from '../server-ledger.ts'

/** A Redis that holds so many entries, all with one tag, and nothing else. */
export interface Place {
  readonly url: string
  readonly entries: number
}

export type Operation = 'invalidateTag' | 'clear'

/** How many hits each caller has in a slice of time that is measured. */
export interface HitCounts {
  readonly alone: number
  readonly together: number
}

/** What the process under test is told. `counted`: it says which commands are sent, and not how long they take. */
export type Order =
  | { readonly kind: 'fill'; readonly place: Place }
  | {
      readonly kind: 'operate'
      readonly operation: Operation
      readonly places: readonly Place[]
      readonly again: number
      readonly counted: boolean
    }
  | { readonly kind: 'hits'; readonly url: string; readonly counts: HitCounts }

/** Calls that void entries which are in the cache. Times in milliseconds, those of the server in microseconds. */
export interface Voided {
  readonly entries: number
  /** Of the first call, which finds all of them valid. */
  readonly time: number
  readonly commands: Commands | undefined
  readonly server: Work | undefined
  /** Whether the next read of one of them has loaded. */
  readonly missed: boolean
  /** Of further calls, where the entries still stand; the server's for each call. */
  readonly again: { readonly p50: number; readonly p99: number; readonly server: number } | undefined
}

export const tagCounts = [0, 1, 3] as const
type TagCount = (typeof tagCounts)[number]

/** Hits, each figure for one of them: microseconds. `tags` is undefined for those of ioredis alone. */
export interface Hits {
  readonly tags: TagCount | undefined
  readonly callers: number
  readonly time: number
  readonly cpu: number
  readonly server: number
  readonly commands: number
}

/** What the process under test is started with. */
export interface Assignment {
  readonly peer: PeerName
}
