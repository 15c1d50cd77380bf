import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Chart } from '../chart.ts'
import { type Compared, inTurn } from '../in-turn.ts'
import { type Spread, showSpread, spread } from '../spread.ts'
import type { Choice, Outcome, Table } from './workload.ts'

/** A process that imports this and ends. */
interface Program {
  readonly name: string
  readonly packages: readonly string[]
}

const bare: Program = { name: 'node', packages: [] }

/** Alone, and with what else an application imports to cache in Redis. */
const programs: readonly Program[] = [
  { name: '@cache-aside/core', packages: ['@cache-aside/core'] },
  { name: '@cache-aside/nestjs', packages: ['@cache-aside/nestjs'] },
  { name: '@nestjs/common', packages: ['@nestjs/common'] },
  { name: '@nestjs/cache-manager', packages: ['@nestjs/cache-manager'] },
  { name: 'bentocache', packages: ['bentocache'] },
  {
    name: 'bentocache, its drivers',
    packages: ['bentocache', 'bentocache/drivers/memory', 'bentocache/drivers/redis'],
  },
  { name: 'cache-manager', packages: ['cache-manager'] },
  { name: 'cache-manager, @keyv/redis', packages: ['cache-manager', 'keyv', '@keyv/redis'] },
  { name: 'cacheable', packages: ['cacheable'] },
  { name: 'cacheable, @keyv/redis', packages: ['cacheable', '@keyv/redis'] },
  { name: 'async-cache-dedupe', packages: ['async-cache-dedupe'] },
  { name: 'async-cache-dedupe, ioredis', packages: ['async-cache-dedupe', 'ioredis'] },
  { name: 'ioredis', packages: ['ioredis-6'] },
]

/** Milliseconds. */
interface Times {
  readonly time: number
  /** What the process has worked, all its threads. */
  readonly cpu: number
}

interface Run extends Compared<string, Times> {
  readonly round: number
}

/** How long a process takes that imports a package and ends, over one that imports nothing: packages as they are published. */
export async function imports({ rounds, progress }: Choice, measured = programs): Promise<Outcome> {
  for (const program of measured) assertBuilt(program)
  const runs: Run[] = []
  // Round 0 is for the disk.
  for (let round = 0; round <= rounds; round += 1) {
    const compared = await inTurn<Program, Times>(bare, measured, timed)
    if (round > 0) runs.push(...compared.map((each) => ({ round, ...each, peer: each.peer.name })))
    progress?.(
      `round ${round}: ${compared.map((each) => `${each.peer.name} ${over(each, 'cpu').toFixed()} ms`).join(', ')}`,
    )
  }
  return { tables: [tableOf(measured, runs)], charts: [chartOf(measured, runs)], runs }
}

async function timed({ name, packages }: Program): Promise<Times> {
  const source = [
    ...packages.map((one) => `import '${one}'`),
    'const { user, system } = process.cpuUsage()',
    'process.stdout.write(String((user + system) / 1000))',
  ]
  const began = performance.now()
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source.join('\n')], {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (text) => (said += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${name}: its process ended with ${code}`)
  return { time: performance.now() - began, cpu: Number(said) }
}

/** Ours are imported as they are published, which is not from their sources. */
function assertBuilt({ packages }: Program): void {
  for (const name of packages.filter((each) => each.startsWith('@cache-aside/'))) {
    const entry = new URL(`../../../../packages/${name.slice('@cache-aside/'.length)}/dist/index.js`, import.meta.url)
    if (!existsSync(entry)) throw new Error(`${name} is not built: npx --yes pnpm@12 exec tsc -b`)
  }
}

/** Over a process that imports nothing, right before and after. */
function over({ own, before, after }: Compared<unknown, Times>, figure: keyof Times): number {
  return own[figure] - (before[figure] + after[figure]) / 2
}

function timesOf(name: string, figure: keyof Times, runs: readonly Run[]): Spread {
  return spread(runs.filter(({ peer }) => peer === name).map((run) => over(run, figure)))
}

const figures = ['time', 'cpu'] as const

function tableOf(measured: readonly Program[], runs: readonly Run[]): Table {
  return {
    title: 'A process that imports this and ends, over one that imports nothing',
    head: ['', 'ms', 'CPU, ms'],
    rows: [
      ['node, by itself', ...figures.map((figure) => showSpread(spread(runs.map(({ before }) => before[figure]))))],
      ...measured.map(({ name }) => [name, ...figures.map((figure) => showSpread(timesOf(name, figure, runs)))]),
    ],
  }
}

function chartOf(measured: readonly Program[], runs: readonly Run[]): Chart {
  return {
    name: 'time',
    title: 'What it takes to import a package',
    unit: 'CPU, ms, over a process that imports nothing',
    bars: measured.map(({ name }) => ({
      label: name,
      spread: timesOf(name, 'cpu', runs),
      ours: name.startsWith('@cache-aside/'),
    })),
  }
}
