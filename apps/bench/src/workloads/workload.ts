import type { Chart } from '../chart.ts'
import type { PeerName } from '../peers/peers.ts'

export interface Choice {
  readonly peers: readonly PeerName[]
  readonly rounds: number
  /** How long the part that counts lasts, where it lasts for a time. */
  readonly seconds: number
  readonly progress?: (line: string) => void
}

export interface Outcome {
  readonly tables: readonly Table[]
  /** Where there are some, they and the tables go to `docs/benchmarks`. */
  readonly charts?: readonly Chart[]
  /** Where it is not that of the machine: `redis 8.0.2`. */
  readonly redis?: string
  /** Every run, as it was measured. */
  readonly runs: readonly unknown[]
}

/** The first cell of a row names it; the others are figures. */
export interface Table {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export type Workload = (choice: Choice) => Promise<Outcome>
