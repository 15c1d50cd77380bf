import type { Step as ModelStep } from '../explore.ts'
import type { Configuration } from './configuration.ts'
import { type Scripts, scripts } from './scripts.ts'
import type { Actor, State } from './state.ts'

/** What the promises rest on, each part by itself, so that a mutant changes one and keeps the rest. */
export interface Protocol {
  readonly scripts: Scripts
  /** Whether tags and generation are asked again for those who have joined: with the fill, before it, or not at all. */
  readonly rechecks: 'with the fill' | 'before the fill' | 'never'
  /** The same, of a value that another process has brought. `old generation`: as it was when the read began. */
  readonly checksFound: 'always' | 'old generation' | 'never'
  /** What is asked for only when the loader has returned. */
  readonly asksAfterLoad: 'nothing' | 'reading' | 'generation'
  /** Entries are judged by the tags that were expected, whatever theirs are. */
  readonly judgesByExpected: boolean
  /** Readings of the second command are judged by the id and the floor that came with the first. */
  readonly judgesByFirst: boolean
  readonly comparesId: boolean
  readonly lostIsNever: boolean
  readonly missingIsFloor: boolean
  /** A read uses readings that were fetched before it began. */
  readonly reusesReadings: boolean
  /** A mutation puts up its barrier. */
  readonly raises: boolean
  /** When a writer-through asks for what goes into its entry: before its write, or after. */
  readonly writesAsOf: 'before' | 'after'
}

/** Moments of a flight: only their order matters. */
export const moments = { before: 0, asked: 1, loading: 2, filling: 3 } as const

export const protocol: Protocol = {
  scripts,
  rechecks: 'with the fill',
  checksFound: 'always',
  asksAfterLoad: 'nothing',
  judgesByExpected: false,
  judgesByFirst: false,
  comparesId: true,
  lostIsNever: false,
  missingIsFloor: true,
  reusesReadings: false,
  raises: true,
  writesAsOf: 'before',
}

export interface Model {
  readonly protocol: Protocol
  readonly configuration: Configuration
  readonly actors: readonly Actor[]
}

export type Step = ModelStep<State>
