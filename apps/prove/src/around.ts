import type { HistoryLog } from '@cache-aside/testkit'
import type { Fate } from './fate.ts'
import type { ObservedCache } from './observed-cache.ts'
import type { Random } from './random.ts'
import type { Shaped } from './shaped.ts'
import type { Source } from './source.ts'
import type { Stalls } from './stalls.ts'
import type { Workload } from './workload.ts'

/** What a worker works with. */
export interface Around {
  readonly name: string
  readonly workload: Workload
  readonly random: Random
  readonly log: HistoryLog
  readonly source: Source
  readonly observed: ObservedCache
  /** Undefined: values are what `valueOf` makes. */
  readonly shaped: Shaped | undefined
  readonly stalls: Stalls
  readonly fate: Fate
}

export interface Value {
  readonly key: string
  readonly version: number
  /** Which load, set or write made it. */
  readonly load: string
  readonly padding: string
}

export const valueOf = ({ name, workload }: Around, key: string, version: number, madeBy: number): Value => ({
  key,
  version,
  load: `${name}:${madeBy}`,
  padding: 'x'.repeat(workload.padding),
})
