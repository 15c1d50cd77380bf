/** What can be seen to be wrong; the promises are those of docs/design.md. */
export type Check =
  /** P1: a read shows a version older than one that was committed before an invalidation that ended before the read began. */
  | 'stale version'
  /** P1: a read shows what was loaded before such an invalidation began, whatever its version. */
  | 'stale load'
  | 'version never committed'
  | 'load never run'
  /** P5: two loads of a key at once, and nothing had voided the lease of the first. */
  | 'two loads'
  /** P5: one caller, several loads of its own. */
  | 'loads twice for one read'
  /** P5: a read waits although nobody loads, longer than a dead holder's lease lives. */
  | 'waits for nobody'
  | 'read hangs'
  /** A read, or an invalidation, fails in a way that no fault accounts for. */
  | 'breaks'
  /** A read after quiet differs from the database. */
  | 'diverged'
  | 'lease left behind'

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
}
