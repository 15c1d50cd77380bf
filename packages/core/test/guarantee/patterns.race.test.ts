import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CacheAside } from '../../src/cache/cache.ts'
import { invalidatePattern } from '../../src/cache/patterns.ts'
import { MemoryStore } from '../../src/protocol/memory-store.ts'
import { Adversary, plans } from './adversary.ts'
import { processesOn } from './racing-processes.ts'

const most = 7
const kinds = ['read', 'read', 'refresh', 'pattern', 'pattern', 'write', 'expire', 'write-through', 'evict'] as const
const mixes = fc.array(fc.record({ kind: fc.constantFrom(...kinds), process: fc.nat({ max: 1 }) }), {
  minLength: 3,
  maxLength: most,
})

/** design §1, P1. */
describe('in every order of commands, loads, replies and steps through the keys', () => {
  it('no read shows a version older than the last one invalidated before it began', async () => {
    await fc.assert(
      fc.asyncProperty(plans(most), mixes, async (plan, operations) => {
        const adversary = new Adversary(plan)
        const memory = new MemoryStore({ maxEntries: 10 })
        const processes = processesOn(memory, adversary)
        let committed = 0
        let invalidated = 0

        const load = async () => {
          await adversary.step()
          const version = committed
          await adversary.step()
          return version
        }
        const commit = async () => {
          await adversary.step()
          const version = ++committed
          await adversary.step()
          return version
        }
        /** Looks where the key would be at some moment, and voids it at a later one. */
        async function* find(prefix: string, pattern: string) {
          await adversary.step()
          for await (const keys of memory.find(prefix, pattern)) {
            await adversary.step()
            yield keys
          }
          await adversary.step()
        }
        const invalidate = async (keys: readonly string[]) => {
          await adversary.step()
          await memory.invalidate(keys)
          await adversary.step()
        }
        // The flights are not told: what keeps a joiner safe is the refused fill.
        const around = { prefix: 'race:', find, invalidate, forget: () => {}, report: () => {} }

        const run = async ({ kind, process }: (typeof operations)[number]) => {
          const cache = processes[process] as CacheAside
          await adversary.step()
          if (kind === 'evict') return memory.invalidate(['race:k'])
          if (kind === 'read' || kind === 'refresh') {
            const floor = invalidated
            const options = kind === 'refresh' ? { earlyRefreshAt: 1e-9 } : {}
            expect(await cache.getOrLoad('k', load, options)).toBeGreaterThanOrEqual(floor)
            return
          }
          let version = kind === 'write-through' ? committed : ++committed
          if (kind === 'pattern') await invalidatePattern('k*', undefined, around)
          else if (kind === 'write') await cache.invalidate('k')
          else if (kind === 'expire') await cache.expire('k')
          else version = await cache.writeThrough('k', commit)
          invalidated = Math.max(invalidated, version)
        }
        await adversary.run(operations.map((operation) => () => run(operation)))

        const reads = processes.map((cache) => async () => expect(await cache.getOrLoad('k', load)).toBe(committed))
        await adversary.run(reads)
      }),
      { numRuns: 1_500 },
    )
  }, 120_000)
})
