import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryStore } from '../../src/protocol/memory-store.ts'
import { WindowCache, type WindowCacheOptions } from '../../src/window/index.ts'
import { Adversary, plans } from '../guarantee/adversary.ts'
import { processesOn } from '../guarantee/racing-processes.ts'

interface Operation {
  readonly kind: (typeof kinds)[number]
  readonly process: number
}

const most = 7
const kinds = [
  'read',
  'read',
  'read',
  'append',
  'append',
  'append two',
  'failed append',
  'die',
  'invalidate',
  'evict',
] as const
const mixes = fc.array(fc.record<Operation>({ kind: fc.constantFrom(...kinds), process: fc.nat({ max: 1 }) }), {
  minLength: 3,
  maxLength: most,
})
const limits = fc.constantFrom<Required<WindowCacheOptions<number>>['limit'][]>(
  1,
  3,
  100,
  { tokens: 4, of: () => 1 },
  { tokens: 4, of: (item) => item % 3 },
)

/** P1, whatever the order in which commands arrive, loaders run and replies come back. */
describe('in every order of commands, loads and replies', () => {
  it('a window is a newest run of what was committed, with all whose append had ended before it was read', async () => {
    await fc.assert(
      fc.asyncProperty(plans(most), mixes, limits, fc.nat({ max: 4 }), async (plan, operations, limit, before) => {
        const adversary = new Adversary(plan)
        const memory = new MemoryStore({ maxEntries: 10 })
        const caches = processesOn(memory, adversary)
        const windows = caches.map((cache) => new WindowCache<number>({ cache, name: 'feed', limit }))
        /** Rows in the order of their commits: 0, 1, 2 … */
        const rows = Array.from({ length: before }, (_, index) => index)
        /** How many rows there were when the last of the appends that have ended was committed. */
        let appended = before

        const commit = (count: number) => async () => {
          await adversary.step()
          const added = Array.from({ length: count }, (_, index) => rows.length + index)
          rows.push(...added)
          await adversary.step()
          return added
        }
        const load = async () => {
          await adversary.step()
          const all = [...rows]
          await adversary.step()
          return all
        }
        const append = async (window: WindowCache<number> | undefined, kind: Operation['kind']) => {
          let end = 0
          const write = async () => {
            const added = await commit(kind === 'append two' ? 2 : 1)()
            end = rows.indexOf(added.at(-1) ?? 0) + 1
            if (kind === 'failed append') throw new Error('the connection was lost after the commit')
            return added
          }
          await window?.append('k', write).catch(() => {})
          appended = Math.max(appended, end)
        }
        /** Its process dies after the commit. */
        const die = (window: WindowCache<number> | undefined) =>
          new Promise<void>((dead) => {
            void window?.append('k', async () => {
              await commit(1)()
              dead()
              return new Promise<never>(() => {})
            })
          })
        const read = async (window: WindowCache<number> | undefined) => {
          const floor = appended
          const items = (await window?.getOrLoad('k', load)) ?? []
          const end = (items.at(-1) ?? -1) + 1
          expect(end).toBeGreaterThanOrEqual(floor)
          expect(items).toEqual(newest(rows.slice(0, end), limit))
        }
        const run = async ({ kind, process }: Operation) => {
          const window = windows[process]
          await adversary.step()
          if (kind === 'read') return read(window)
          if (kind === 'evict') return memory.invalidate(['race:feed:k'])
          if (kind === 'invalidate') return void (await window?.invalidate('k'))
          return kind === 'die' ? die(window) : append(window, kind)
        }
        await adversary.run(operations.map((operation) => () => run(operation)))

        await adversary.run(windows.map((window) => () => read(window)))
      }),
      { numRuns: 4_000 },
    )
  }, 120_000)
})

function newest(rows: readonly number[], limit: Required<WindowCacheOptions<number>>['limit']): number[] {
  const weightOf = typeof limit === 'number' ? () => 1 : limit.of
  const allowed = typeof limit === 'number' ? limit : limit.tokens
  const kept: number[] = []
  let sum = 0
  for (const row of rows.toReversed()) {
    sum += weightOf(row)
    if (sum > allowed && kept.length > 0) break
    kept.unshift(row)
  }
  return kept
}
