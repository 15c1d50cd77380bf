import { describe, expect, it } from 'vitest'
import { type FaultKind, faultKinds } from '../src/fault-kinds.ts'
import { schedule } from '../src/faults.ts'
import { mutants } from '../src/mutants.ts'
import { isFound, plant } from '../src/plant.ts'
import { hunt } from '../src/prove-mutants.ts'
import { run } from '../src/run.ts'
import { topologies, type Workload } from '../src/workload.ts'

const anySeed = () => Math.floor(Math.random() * 2 ** 31)

it('nothing is stale, loaded twice or left behind under every kind of fault', { timeout: 120_000 }, async () => {
  const workload = { ...topologies.usual, workers: 2 }

  const { verdict, seed, folder } = await run({ workload, faults: workload.faults, seed: anySeed(), seconds: 10 })

  expect(verdict.violations, `seed ${seed}, logs in ${folder}`).toEqual([])
  expect(verdict.reads).toBeGreaterThan(100)
  expect(verdict.loads).toBeGreaterThan(10)
})

const { barrier, refresh, journal, tags, 'tags-refresh': taggedRefresh, clear, near } = topologies

type Path = 'orphans' | 'renewals' | 'pending' | 'writes' | 'near' | 'amended'

/** @param path That was gone, besides. */
async function staysFresh(_: string, workload: Workload, path: Path, faults: readonly FaultKind[]): Promise<void> {
  const short = { ...workload, workers: 2, barrierTtl: 600 }

  const { verdict, seed, folder } = await run({ workload: short, faults, seed: anySeed(), seconds: 4 })

  expect(verdict.violations, `seed ${seed}, logs in ${folder}`).toEqual([])
  expect(verdict[path]).toBeGreaterThan(0)
}

describe('keys', () => {
  it.concurrent.each([
    ['behind barriers', { ...barrier, by: { mutate: 0.6, writeThrough: 0.4 } }, 'orphans', ['kill-after-commit']],
    ['when it is refreshed behind and fails safe', refresh, 'renewals', ['stop', 'net-delay', 'client-kill']],
    ['when invalidations are pending', journal, 'pending', ['net-refused', 'read-only', 'retire']],
  ] as const)('nothing is stale %s', { timeout: 120_000 }, staysFresh)
})

describe('tags', () => {
  it.concurrent.each([
    ['behind barriers', { ...tags, by: { mutate: 0.9 }, writes: 0.1 }, 'orphans', ['kill-after-commit']],
    ['when it is refreshed behind', taggedRefresh, 'renewals', ['drop-tags', 'evict-any', 'drop-generation']],
    ['when everything is cleared', clear, 'writes', ['drop-generation', 'flushall', 'net-slow-replies']],
  ] as const)('nothing is stale %s', { timeout: 120_000 }, staysFresh)
})

const { 'near-tags': taggedNear, 'near-everywhere': everywhere, 'near-refused': refused } = topologies

describe('near caches', () => {
  it.concurrent.each([
    [
      'when they are not told',
      near,
      'near',
      ['tracking-no-replies', 'tracking-late', 'tracking-lost', 'stop', 'block'],
    ],
    ['when tags say what is void', taggedNear, 'near', ['tracking-cut', 'tracking-late', 'commands-slow-replies']],
    ['when it is void everywhere', everywhere, 'near', ['tracking-late', 'tracking-no-replies', 'block']],
  ] as const)('nothing is stale %s', { timeout: 120_000 }, staysFresh)

  it('nothing is stale, and none answers, when the server refuses to tell', { timeout: 120_000 }, async () => {
    const { verdict, seed, folder } = await run({ workload: refused, faults: [], seed: anySeed(), seconds: 3 })

    expect(verdict.violations, `seed ${seed}, logs in ${folder}`).toEqual([])
    expect([verdict.reads > 100, verdict.near]).toEqual([true, 0])
  })
})

const { records, windows } = topologies
const appended = { ...windows, by: { amend: 0.9 }, writes: 0.1 }

describe('records and windows', () => {
  it.concurrent.each([
    ['of records that are changed in place', { ...records, writes: 0.1 }, 'amended', ['kill-after-commit', 'stop']],
    ['of windows that are appended to', appended, 'amended', ['kill-in-write', 'net-slow-replies', 'flushall']],
  ] as const)('nothing is stale %s', { timeout: 120_000 }, staysFresh)
})

it.each([
  'a fill without compare-and-swap',
  'an acquire that takes the lease of another',
  'joiners whose tags are not asked for again',
  'a near cache without a heartbeat',
  'everywhere, without waiting for the others',
  'a record that is opened after its write',
  'a window that is trimmed to one item less',
])('%s is caught', { timeout: 120_000 }, async (name) => {
  const mutant = mutants.find((each) => each.name === name)
  if (!mutant) throw new Error(`no mutant "${name}"`)

  const caught = await hunt(mutant, 1)

  expect(caught.check).toBeDefined()
})

it.each(mutants)('the engine has the text that is edited for: $name', async ({ edits }) => {
  expect(await Promise.all(edits.map(isFound))).not.toContain(false)
})

it('a mutant whose text has gone from the engine is refused', async () => {
  const edit = { file: 'load/lead.ts', find: 'text that is not there', put: '' }

  await expect(plant([edit])).rejects.toThrow('load/lead.ts has 0 times, not once:\ntext that is not there')
})

it('a seed makes the same faults each time', () => {
  const first = (seed: number) =>
    Array.from(
      { length: 50 },
      (
        (faults) => () =>
          faults.next().value
      )(schedule(seed, faultKinds)),
    )

  expect(first(7)).toEqual(first(7))
  expect(first(7)).not.toEqual(first(8))
})
