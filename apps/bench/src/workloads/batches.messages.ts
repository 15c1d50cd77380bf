import type { PeerName } from '../peers/peers.ts'
import type { Commands } from '../server-ledger.ts'

/** How many of the keys are cached. */
export const states = ['all hits', 'all misses', 'half and half'] as const
export type State = (typeof states)[number]

/** How the keys are asked for. `together`: by the one call that the library has for it. */
export const ways = ['together', 'in one tick', 'one after the other'] as const
export type Way = (typeof ways)[number]

/** How often what is measured in each round. */
export interface BatchScale {
  readonly keys: number
  readonly samples: number
  /** Of one after the other, which takes long. */
  readonly slowSamples: number
}

/** What the process under test is told: one round. */
export interface Order {
  readonly scale: BatchScale
}

/** Times in milliseconds. */
export interface Batches {
  readonly state: State
  readonly way: Way
  readonly p50: number
  readonly p99: number
  readonly commands: Commands
  /** Calls of the loader for all the keys. */
  readonly loads: number
}

/** What the process under test is started with. */
export interface Assignment {
  readonly peer: PeerName
  readonly url: string
}
