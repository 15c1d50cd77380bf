import { journals } from './journals.ts'
import { loads } from './loads.ts'
import { refreshes } from './refreshes.ts'
import type { Study } from './study.ts'
import { writers } from './writers.ts'

const studies: readonly Study[] = [loads, refreshes, writers, journals]

export const small = studies.flatMap((study) => study.small)
export const large = studies.flatMap((study) => study.large)
export const mutants = studies.flatMap((study) => study.mutants)
