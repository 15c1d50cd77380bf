import { barrierMutants } from './mutants/barriers.ts'
import { journalMutants } from './mutants/journals.ts'
import { leaseMutants } from './mutants/leases.ts'
import type { Mutant } from './mutants/mutant.ts'
import { nearMutants } from './mutants/near.ts'
import { recordMutants } from './mutants/records.ts'
import { refreshMutants } from './mutants/refreshes.ts'
import { tagMutants } from './mutants/tags.ts'
import { windowMutants } from './mutants/windows.ts'

export const mutants: readonly Mutant[] = [
  ...leaseMutants,
  ...barrierMutants,
  ...refreshMutants,
  ...journalMutants,
  ...tagMutants,
  ...nearMutants,
  ...recordMutants,
  ...windowMutants,
]
