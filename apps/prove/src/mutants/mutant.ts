import type { Check } from '@cache-aside/testkit'
import type { FaultKind } from '../fault-kinds.ts'
import type { Edit } from '../plant.ts'
import type { Workload } from '../workload.ts'

/** A mistake somebody could make in the engine, and where it shows best. */
export interface Mutant {
  readonly name: string
  /** The promise of docs/guarantees.md it breaks. */
  readonly breaks: 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'P6' | 'P7'
  readonly edits: readonly Edit[]
  readonly workload: Workload
  readonly faults: readonly FaultKind[]
  /** How it has to be seen. Left out: in any way but by an error. */
  readonly seenAs?: Check
}
