import { rm } from 'node:fs/promises'
import type { Check, Violation } from '@cache-aside/testkit'
import type { Mutant } from './mutants/mutant.ts'
import { mutants } from './mutants.ts'
import { plant } from './plant.ts'
import { table } from './report.ts'
import { run } from './run.ts'

/** A mutant that is not caught by then shows a hole in the checker. */
const budget = 45

export interface Catch {
  readonly mutant: string
  readonly breaks: Mutant['breaks']
  /** Undefined: it got away. */
  readonly check: Check | undefined
  readonly story: string
  readonly seconds: number
}

/** Runs every mutant, or those whose names hold one of the texts. Returns whether all were caught. */
export async function proveMutants(seed: number, only: readonly string[] = ['']): Promise<boolean> {
  const chosen = mutants.filter(({ name }) => only.some((text) => name.includes(text)))
  const catches: Catch[] = []
  for (const mutant of chosen) {
    const caught = await hunt(mutant, seed)
    console.log(`${caught.mutant}: ${caught.check ?? 'NOT CAUGHT'} · ${caught.story}`)
    catches.push(caught)
  }
  const rows = catches.map(({ mutant, breaks, check, seconds }) => [
    mutant,
    breaks,
    Math.round(seconds * 10) / 10,
    check ?? 'NOT CAUGHT',
  ])
  console.log(`\n${table([['mutant', 'breaks', 'seconds', 'caught by'], ...rows])}`)
  return chosen.length > 0 && catches.every(({ check }) => check !== undefined)
}

/** Runs one mutant until it is caught or its time is over. */
export async function hunt({ name, breaks, edits, workload, faults, seenAs }: Mutant, seed: number): Promise<Catch> {
  const planted = await plant(edits)
  // An edit that cannot run breaks everything, and shows nothing.
  const stopAt = ({ check }: Violation) => (seenAs ? check === seenAs : check !== 'breaks')
  try {
    const options = { workload, faults, seed, seconds: budget, engine: planted.engine, stopAt }
    const { verdict, seconds, folder } = await run(options)
    await rm(folder, { recursive: true, force: true })
    const first = verdict.violations.find(stopAt)
    return { mutant: name, breaks, check: first?.check, story: first?.story ?? '', seconds }
  } finally {
    await rm(planted.folder, { recursive: true })
  }
}
