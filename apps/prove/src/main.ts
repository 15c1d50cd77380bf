import { parseArgs } from 'node:util'
import { faultKinds } from './fault-kinds.ts'
import { proveMutants } from './prove-mutants.ts'
import { resultTable, save } from './report.ts'
import { type Result, run } from './run.ts'
import { type Topology, topologies } from './workload.ts'

const { values: given } = parseArgs({
  // pnpm hands its own `--` on.
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    faults: { type: 'string' },
    topology: { type: 'string', default: Object.keys(topologies).join(',') },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string' },
    save: { type: 'boolean', default: false },
  },
})

const seed = Number(given.seed)
const names = chosen(given.topology, Object.keys(topologies) as Topology[], '--topology')
const faults = given.faults === undefined ? undefined : chosen(given.faults, faultKinds, '--faults')
console.log(`seed ${seed}`)
process.exitCode = (given.mutants ? await proveMutants(seed, given.only?.split(',')) : await prove()) ? 0 : 1

async function prove(): Promise<boolean> {
  const seconds = Number(given.seconds) / names.length
  const results: Result[] = []
  for (const name of names) {
    const progress = (line: string) => console.log(`${name}: ${line}`)
    progress(`${Math.round(seconds)} s`)
    // Its own faults for each, and the same ones when it is asked for alone.
    const own = seed + 100 * Object.keys(topologies).indexOf(name)
    const workload = topologies[name]
    results.push(await run({ workload, faults: faults ?? workload.faults, seed: own, seconds, progress }))
  }
  console.log(`\n${resultTable(results)}`)
  const broken = results.filter((result) => result.verdict.violations.length > 0)
  for (const { name, folder, verdict } of broken) {
    console.log(`\n${name}: ${verdict.violations.length} violations, logs in ${folder}`)
    for (const { check, key, story } of verdict.violations.slice(0, 20)) console.log(`  ${check} · ${key} · ${story}`)
  }
  if (given.save) console.log(`saved as ${save(results)}`)
  return broken.length === 0
}

function chosen<Name extends string>(list: string, known: readonly Name[], option: string): Name[] {
  const asked = list.split(',').filter(Boolean)
  const unknown = asked.filter((name) => !known.some((each) => each === name))
  if (unknown.length > 0) throw new Error(`${option}: no ${unknown.join(', ')}; there are ${known.join(', ')}`)
  return known.filter((name) => asked.includes(name))
}
