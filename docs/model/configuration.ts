import type { Key } from './key.ts'

/** Who takes part, and how often each fault may happen. What is not counted happens as often as it can. */
export interface Configuration {
  readonly name: string
  /** One for each process, with a letter for each who is in it. */
  readonly processes: readonly string[]
  /** What stands under the key at first: nothing, or version 1. */
  readonly begins: Key['kind'] & ('absent' | 'value')
  /** How a loader may end. */
  readonly endings: readonly Ending[]
  /** What is done with a value that is stale by time; undefined where no value ever is. */
  readonly stale: 'served' | 'fallback' | 'over' | undefined
  /** What is done with a value that was expired by call. */
  readonly expired: 'fallback' | 'over'
  /** Fresh values may be refreshed too. */
  readonly early: boolean
  /** A read with a fallback may stop waiting for its loader. */
  readonly impatient: boolean
  /** Nothing is filled for a time after each write. Loaders read a replica that lags, for less than that. */
  readonly settles: boolean
  /** Each process keeps what was not acknowledged, and goes on. */
  readonly journals: boolean
  /**
   * Invalidations wait for replicas, on a connection of their own: the commands of one process may arrive in any order.
   */
  readonly unordered: boolean
  /** Redis may drop a value at any time. That it drops a lease or a barrier is the end of their time. */
  readonly evictions: boolean
  /** Times a barrier is kept up. */
  readonly keeps: number
  /** Processes that may be killed. */
  readonly deaths: number
  /** Commands that may be sent again after a connection broke: both copies may be executed, in any order. */
  readonly resends: number
  /** Answers a process may stop waiting for. The command may still be executed. */
  readonly timeouts: number
}

export type Ending = 'value' | 'unchanged' | 'declined' | 'failed'

/** The letters of a configuration. */
export const kinds = {
  R: 'reader',
  /** Commits, then invalidates. */
  W: 'writer',
  /** Commits, then expires. */
  E: 'expirer',
  /** Commits, then sets, while nobody else commits: what it sets must be as new as the database. */
  S: 'setter',
  /** Commits behind a barrier. */
  M: 'mutator',
  /** Commits behind a barrier, and leaves the value in the cache. */
  T: 'writer-through',
} as const

export type Letter = keyof typeof kinds

export const isLetter = (letter: string): letter is Letter => letter in kinds

/** No faults but the end of a lease or of a barrier, which is possible everywhere, and loaders that return. */
const quiet: Configuration = {
  name: '',
  processes: [],
  begins: 'absent',
  endings: ['value'],
  stale: undefined,
  expired: 'over',
  early: false,
  impatient: false,
  settles: false,
  journals: false,
  unordered: false,
  evictions: false,
  keeps: 0,
  deaths: 0,
  resends: 0,
  timeouts: 0,
}

/** `who` has a letter for each who takes part, process by process: `RR · W` are two readers in one, a writer in another. */
export function configuration(who: string, more: Partial<Configuration> = {}, what = ''): Configuration {
  return { ...quiet, ...more, name: what ? `${who}, ${what}` : who, processes: who.split(' · ') }
}
