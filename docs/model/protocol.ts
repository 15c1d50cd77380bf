import { type Scripts, scripts } from './key.ts'
import type { Actor, Configuration, State } from './state.ts'

/** What the promises rest on, each part by itself, so that a mutant changes one and keeps the rest. */
export interface Protocol {
  readonly scripts: Scripts
  /** Of one attempt to load; a reader leads one attempt at most. */
  readonly token: (reader: number, actor: Actor) => number
  /** When a value was current, as a moment of its flight: who boarded before may share it. */
  readonly asOf: { readonly found: number; readonly uncertified: number; readonly certified: number }
  /** A read takes the reply of a GET that was sent before it began. */
  readonly sharesSentReads: boolean
  /** A lease counts though its acquire may have been sent twice: a late copy can make it again. */
  readonly believesSentTwice: boolean
  readonly leasesExpire: boolean
}

/** Moments of a flight. Only their order matters, so each acquire that is sent begins again at `asked`. */
export const moments = { before: 0, asked: 1, loading: 2, filling: 3, ended: 4 } as const

export const protocol: Protocol = {
  scripts,
  token: (reader) => reader,
  asOf: { found: moments.asked, uncertified: moments.loading, certified: moments.filling },
  sharesSentReads: false,
  believesSentTwice: false,
  leasesExpire: true,
}

export interface Model {
  readonly protocol: Protocol
  readonly configuration: Configuration
  readonly actors: readonly Actor[]
}

export interface Step {
  readonly who: string
  readonly what: string
  readonly next: State
  /** What goes on by itself: no fault, and nobody who begins. */
  readonly helps: boolean
}
