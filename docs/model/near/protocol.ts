import type { Step as ModelStep } from '../explore.ts'
import type { Configuration } from './configuration.ts'
import type { Actor, State } from './state.ts'

/** What the promises rest on, each part by itself, so that a mutant changes one and keeps the rest. */
export interface Protocol {
  /** What a reply is kept by: a mark that its own read has set, one that all reads of the key set, or none. */
  readonly marks: 'of a read' | 'of the key' | 'none'
  /** Before which command of a read it is set. */
  readonly marksBefore: 'the first' | 'the second'
  /** A mark is set though nothing is heard yet. */
  readonly marksUnheard: boolean
  /** What goes when the generation or the clock of the tags has changed. */
  readonly clockVoids: 'values and marks' | 'values'
  /** What goes with the connection. */
  readonly lossVoids: 'values and marks' | 'values' | 'marks'
  readonly hearsFlush: boolean
  /** What a fill has stored is kept. */
  readonly keepsFills: boolean
  /** From when on what changes counts as heard. */
  readonly readyAt: 'the first answer' | 'the first answer of any connection' | 'the connection'
  /** What the age of what was heard is counted from. */
  readonly lagFrom: 'the send' | 'the answer' | 'nothing'
  /** Ticks for which a reader serves beyond H. */
  readonly servesLonger: number
  /** A connection that does not answer is replaced. */
  readonly replacesSilent: boolean
  /** When an invalidating process forgets what it has: when its command is answered, or before it is sent. */
  readonly forgets: 'after' | 'before'
  /** The same, of a replay of the journal. */
  readonly replayForgets: boolean
  readonly servesPending: boolean
  /** What an invalidation everywhere waits for H after. */
  readonly waitsFrom: 'the answer' | 'the send'
  /** Ticks by which that wait is too short. */
  readonly waitsLess: number
  /** Redis lets an answer go before it has told what has changed. */
  readonly answersFirst: boolean
}

export const protocol: Protocol = {
  marks: 'of a read',
  marksBefore: 'the first',
  marksUnheard: false,
  clockVoids: 'values and marks',
  lossVoids: 'values and marks',
  hearsFlush: true,
  keepsFills: false,
  readyAt: 'the first answer',
  lagFrom: 'the send',
  servesLonger: 0,
  replacesSilent: true,
  forgets: 'after',
  replayForgets: true,
  servesPending: false,
  waitsFrom: 'the answer',
  waitsLess: 0,
  answersFirst: false,
}

export interface Model {
  readonly protocol: Protocol
  readonly configuration: Configuration
  readonly actors: readonly Actor[]
}

export type Step = ModelStep<State>
