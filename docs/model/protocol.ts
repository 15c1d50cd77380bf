import type { Configuration } from './configuration.ts'
import type { Step as ModelStep } from './explore.ts'
import type { Command } from './key.ts'
import { type Scripts, scripts } from './scripts.ts'
import type { Actor, State } from './state.ts'

/** What the promises rest on, each part by itself, so that a mutant changes one and keeps the rest. */
export interface Protocol {
  readonly scripts: Scripts
  /** Of one attempt to load or to write; everybody makes one at most. */
  readonly token: (actor: number, who: Actor) => number
  /** When a value was current, as a moment of its flight: who boarded before may share it. */
  readonly asOf: {
    readonly found: number
    readonly withoutRight: number
    readonly uncertified: number
    readonly certified: number
  }
  /** A read takes the reply of a GET that was sent before it began. */
  readonly sharesSentReads: boolean
  /** Commands that count though they may have been sent twice. */
  readonly believesSentTwice: readonly Command['op'][]
  /** What only its holder ends. */
  readonly endless: readonly ('lease' | 'mark')[]
  /** What was expired by call is served to a read that does not wait for its loader. */
  readonly servesExpiredEarly: boolean
  /** What was written is stored though its barrier had fallen, or was never known to stand. */
  readonly stores: { readonly afterFall: boolean; readonly afterNoAnswer: boolean }
  readonly journal: {
    /** Keys that are pending are not read from Redis: neither by a read nor, when it takes off, by a flight. */
    readonly keepsReadsOut: boolean
    readonly keepsFlightsOut: boolean
    /** Nobody joins a flight that took off before an invalidation had failed. */
    readonly forgetsFlights: boolean
    /** What was added while a replay was under way is replayed again. */
    readonly keepsAdded: boolean
    /** A replay raises what nobody lowers, as the call would have done that it stands for. */
    readonly settles: boolean
  }
}

/** Moments of a flight. Only their order matters, so each acquire that is sent begins again at `asked`. */
export const moments = { before: 0, asked: 1, loading: 2, filling: 3, ended: 4 } as const

export const protocol: Protocol = {
  scripts,
  token: (actor) => actor,
  asOf: {
    found: moments.asked,
    withoutRight: moments.loading,
    uncertified: moments.loading,
    certified: moments.filling,
  },
  sharesSentReads: false,
  believesSentTwice: [],
  endless: [],
  servesExpiredEarly: false,
  stores: { afterFall: false, afterNoAnswer: false },
  journal: { keepsReadsOut: true, keepsFlightsOut: true, forgetsFlights: true, keepsAdded: true, settles: true },
}

export interface Model {
  readonly protocol: Protocol
  readonly configuration: Configuration
  readonly actors: readonly Actor[]
}

export type Step = ModelStep<State>
