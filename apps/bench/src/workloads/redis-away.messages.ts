import type { Figures } from '../meter.ts'
import type { PeerName } from '../peers/peers.ts'

export type Phase = 'healthy' | 'outage' | 'back'

/** How long what lasts, in seconds. */
export interface Timing {
  readonly healthy: number
  readonly outage: number
  /** Under load, after the first read from Redis. */
  readonly back: number
  /** Without load, before it is looked for what is stale. */
  readonly quiet: number
}

/** What the process under test is told when it starts. */
export interface Assignment {
  readonly peer: PeerName
  readonly url: string
  readonly timing: Timing
}

/** `back`: Redis answers again, since `at` of the clock that processes share. */
export type Order = { readonly kind: 'outage' } | { readonly kind: 'back'; readonly at: number }

/** `ready`: the callers call. `outage`: the writer writes. `rested`: it is quiet. */
export type Said =
  | { readonly said: 'ready' | 'outage' }
  | { readonly said: 'rested'; readonly report: Report }
  | { readonly said: 'broken'; readonly error: unknown }

export interface Report {
  readonly phases: Readonly<Record<Phase, Figures>>
  /** Milliseconds from the return of Redis until it answered a read; null: it did not while that was waited for. */
  readonly recovery: number | null
  readonly invalidations: Invalidations
  /** The version that each key must have for others: the last whose invalidation did not throw. */
  readonly promised: readonly (readonly [key: string, version: number])[]
}

export interface Invalidations {
  readonly acknowledged: number
  readonly pending: number
  /** They threw: the writer knows. */
  readonly rejected: number
  readonly hung: number
}

/** What the onlooker is told, and what it says. */
export interface Question {
  readonly peer: PeerName
  readonly url: string
  readonly promised: Report['promised']
}

export interface Answer {
  /** The keys of which an older version than the promised one was read. */
  readonly stale: readonly string[]
}
