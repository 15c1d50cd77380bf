import { expect, it } from 'vitest'
import { faultKinds, schedule } from '../src/faults.ts'
import { mutants } from '../src/mutants.ts'
import { plant } from '../src/plant.ts'
import { hunt } from '../src/prove-mutants.ts'
import { run } from '../src/run.ts'
import { topologies } from '../src/workload.ts'

const anySeed = () => Math.floor(Math.random() * 2 ** 31)

it('nothing is stale, loaded twice or left behind under every kind of fault', { timeout: 120_000 }, async () => {
  const workload = { ...topologies.usual, workers: 2 }

  const { verdict, seed, folder } = await run({ workload, faults: workload.faults, seed: anySeed(), seconds: 10 })

  expect(verdict.violations, `seed ${seed}, logs in ${folder}`).toEqual([])
  expect(verdict.reads).toBeGreaterThan(100)
  expect(verdict.loads).toBeGreaterThan(10)
})

const { barrier, refresh, journal } = topologies

it.concurrent.each([
  ['behind barriers', { ...barrier, by: { mutate: 0.6, writeThrough: 0.4 } }, 'orphans', ['kill-after-commit']],
  ['when it is refreshed behind and fails safe', refresh, 'renewals', ['stop', 'net-delay', 'client-kill']],
  ['when invalidations are pending', journal, 'pending', ['net-refused', 'read-only', 'retire']],
] as const)('nothing is stale %s', { timeout: 120_000 }, async (_, workload, path, faults) => {
  const short = { ...workload, workers: 2, barrierTtl: 600 }

  const { verdict, seed, folder } = await run({ workload: short, faults, seed: anySeed(), seconds: 4 })

  expect(verdict.violations, `seed ${seed}, logs in ${folder}`).toEqual([])
  expect(verdict[path]).toBeGreaterThan(0)
})

it.each(['a fill without compare-and-swap', 'an acquire that takes the lease of another'])(
  '%s is caught',
  { timeout: 120_000 },
  async (name) => {
    const mutant = mutants.find((each) => each.name === name)
    if (!mutant) throw new Error(`no mutant "${name}"`)

    const caught = await hunt(mutant, 1)

    expect(caught.check).toBeDefined()
  },
)

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
