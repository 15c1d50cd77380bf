import type { Step as ModelStep } from '../explore.ts'
import type { Configuration } from './configuration.ts'
import type { Actor, State } from './state.ts'

/** What the promises rest on, each part by itself, so that a mutant changes one and keeps the rest. */
export interface Protocol {
  /** When a value is opened. */
  readonly opens: 'before the write' | 'after the write'
  /** When a value that is marked is opened all the same. */
  readonly opensMarked: 'never' | 'when its time is over' | 'always'
  /** How one writes who could not open the value. */
  readonly otherwise: 'behind a barrier' | 'invalidates'
  /** An answer to an open that was sent twice is believed. */
  readonly believesTwice: boolean
  /** What an amend compares. */
  readonly amends: 'what it has opened' | 'what it has opened or amended' | 'anything'
  /** A value that was amended is of the generation that it was loaded in. */
  readonly amendsGeneration: boolean
  /** Who was rejected lowers its part. */
  readonly rejectedLowers: boolean
  /** These leave a barrier of the writer that had marked the value. */
  readonly invalidateKeepsWriter: boolean
  readonly raiseKeepsWriter: boolean
  readonly lowerKeepsWriter: boolean
  /** No lease is given in place of a value that is marked. */
  readonly markBars: boolean
  readonly markEnds: boolean
  /** A value is not served when the time of its mark is over. */
  readonly markVoids: boolean
}

export const protocol: Protocol = {
  opens: 'before the write',
  opensMarked: 'never',
  otherwise: 'behind a barrier',
  believesTwice: false,
  amends: 'what it has opened',
  amendsGeneration: false,
  rejectedLowers: true,
  invalidateKeepsWriter: true,
  raiseKeepsWriter: true,
  lowerKeepsWriter: true,
  markBars: true,
  markEnds: true,
  markVoids: true,
}

export interface Model {
  readonly protocol: Protocol
  readonly configuration: Configuration
  readonly actors: readonly Actor[]
}

export type Step = ModelStep<State>
