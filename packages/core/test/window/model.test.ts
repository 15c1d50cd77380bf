import fc from 'fast-check'
import { expect, it } from 'vitest'
import { WindowCache, type WindowCacheOptions } from '../../src/window/index.ts'
import { onEveryStore } from '../guarantee/on-every-store.ts'

const limits = fc.oneof(
  fc.integer({ min: 1, max: 6 }),
  fc.record({ tokens: fc.integer({ min: 1, max: 12 }), of: fc.constant((item: string) => item.length) }),
)
const operations = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ append: fc.array(fc.string({ unit: 'grapheme', maxLength: 5 })) }) },
    { weight: 3, arbitrary: fc.record({ read: fc.nat({ max: 1 }) }) },
    { weight: 1, arbitrary: fc.constantFrom({ act: 'invalidate' as const }, { act: 'clear' as const }) },
  ),
  { maxLength: 20 },
)
let runs = 0

/** One call after the other; several at once are those of `every-order.race.test.ts`. */
onEveryStore('any sequence of calls', ({ open }) => {
  it('leaves a window that is the newest run of what was written', async () => {
    const caches = [open(), open()]
    await fc.assert(
      fc.asyncProperty(operations, limits, async (sequence, limit) => {
        const id = ++runs
        const windows = caches.map((cache) => new WindowCache<string>({ cache, name: 'feed', limit }))
        const rows: string[] = []
        let isCached = false
        const read = async (process: number) => {
          expect(await windows[process]?.getOrLoad(id, () => [...rows])).toEqual(newest(rows, limit))
          isCached = true
        }

        for (const [turn, operation] of sequence.entries()) {
          if ('read' in operation) await read(operation.read)
          else if ('append' in operation) {
            const written = windows[turn % 2]?.append(id, () => {
              rows.push(...operation.append)
              return operation.append
            })
            expect(await written).toBe(isCached ? 'updated' : 'uncached')
          } else {
            await (operation.act === 'clear' ? caches[0]?.clear() : windows[1]?.invalidate(id))
            if (operation.act === 'invalidate') isCached = false
            else await read(0)
          }
        }
        await read(1)
      }),
      { numRuns: 100 },
    )
  }, 120_000)
})

function newest(rows: readonly string[], limit: NonNullable<WindowCacheOptions<string>['limit']>): string[] {
  if (typeof limit === 'number') return rows.slice(-limit)
  let first = Math.max(0, rows.length - 1)
  const sum = (from: number) => rows.slice(from).reduce((total, row) => total + limit.of(row), 0)
  while (first > 0 && sum(first - 1) <= limit.tokens) first -= 1
  return rows.slice(first)
}
