/** What can be seen to be wrong; the promises are those of docs/design.md. */
export type Check =
  /** P1: a read shows a version older than one that was committed before an invalidation that ended before the read began. */
  | 'stale version'
  /** P1: a read shows what was loaded before such an invalidation began, whatever its version. */
  | 'stale load'
  /** P4: a read misses a commit that was made behind a barrier and ended before the read began. */
  | 'stale past a barrier'
  /** P4: the same, when the writer is dead and its barrier's time is over. */
  | 'stale after a dead writer'
  /** P2, P3: a near cache shows what should have gone from it. */
  | 'stale in a near cache'
  /** A near cache answers a read that is to pass it by. */
  | 'near cache not passed by'
  /** A read of a record lacks a field, or shows one of a commit and misses another that the commit has changed. */
  | 'partial record'
  /** A read of a window shows an item twice, out of order, or beyond the limit. */
  | 'broken window'
  /** An entry cannot be read. */
  | 'corrupt'
  | 'version never committed'
  | 'load never run'
  /** P5: two loads of a key at once, and nothing had voided the lease of the first. */
  | 'two loads'
  /** P5: one caller, several loads of its own. */
  | 'loads twice for one read'
  /** P5: a read waits although nobody loads, longer than a dead holder's lease lives. */
  | 'waits for nobody'
  | 'read hangs'
  /** P6: a read waits for Redis although its cache knows that it is away. */
  | 'waits for Redis'
  /** P7: an invalidation that was said to be pending has not been replayed when everything was quiet. */
  | 'never replayed'
  /** A read, or a write, fails in a way that no fault accounts for. */
  | 'breaks'
  /** A read after quiet differs from the database. */
  | 'diverged'
  | 'lease left behind'
  | 'barrier left behind'

export interface Violation {
  readonly check: Check
  readonly key: string
  /** When it could be seen. */
  readonly at: number
  /** What happened, with the times that show it. */
  readonly story: string
}

/** How long things may take, in milliseconds. */
export interface Bounds {
  /** A read, from its call to its value, without what its process stood still. */
  readonly read: number
  /** The part of a read in which nobody loads its key: the lease of a dead holder, and the pause of a waiter. */
  readonly idle: number
  /** After so long a read may load without a lease. */
  readonly waitOut: number
  /** How long after a fault a command that was caught in it may still arrive. */
  readonly echo: number
  /** The part of a read in which nobody loads, in a process whose cache does without Redis. */
  readonly degraded: number
  /** How long the near cache of a process may show what another process has voided. Left out: there is none. */
  readonly nearLag?: number | undefined
  /** Left out: there are none. */
  readonly window?: WindowBounds | undefined
  /** Left out: nothing is written behind barriers. */
  readonly barrier?: BarrierBounds | undefined
}

export interface BarrierBounds {
  /** How long it outlives its writer's last sign of life. */
  readonly ttl: number
  /** How much later the server may let it end, or sooner: its clock is another, and counts whole milliseconds. */
  readonly expiry: number
  /** Writes are made without it while Redis is away. */
  readonly optional: boolean
}

/** How much a window holds: the newest item, and those before it as long as they weigh no more than this together. */
export interface WindowBounds {
  readonly limit: number
  readonly weigh: (version: number) => number
}
