import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CacheAside } from '../../src/cache/cache.ts'
import type { Loader } from '../../src/load/run-loader.ts'
import { MemoryStore } from '../../src/protocol/memory-store.ts'
import { Adversary, plans } from './adversary.ts'
import { processesOn } from './racing-processes.ts'

interface Operation {
  readonly kind: (typeof kinds)[number]
  readonly process: number
}

const most = 7
const reading = ['read', 'read', 'read', 'refresh', 'renew', 'fail'] as const
const writing = ['write', 'expire', 'mutate', 'failed mutate', 'write-through', 'settle', 'evict'] as const
const kinds = [...reading, ...writing] as const
const mixes = fc.array(
  fc.record<Operation>({
    kind: fc.oneof(fc.constantFrom(...reading), fc.constantFrom(...writing)),
    process: fc.nat({ max: 1 }),
  }),
  { minLength: 3, maxLength: most },
)

/** design §1, P1 and P5: whatever the order in which commands arrive, loaders run and replies come back. */
describe('in every order of commands, loads and replies', () => {
  it('no read shows a version older than the last one invalidated before it began', async () => {
    await fc.assert(
      fc.asyncProperty(plans(most), mixes, async (plan, operations) => {
        const adversary = new Adversary(plan)
        const memory = new MemoryStore({ maxEntries: 10 })
        const processes = processesOn(memory, adversary)
        let committed = 0
        let invalidated = 0

        const commit = async () => {
          await adversary.step()
          const version = ++committed
          await adversary.step()
          return version
        }
        const load = async () => {
          await adversary.step()
          const version = committed
          await adversary.step()
          return version
        }
        /** Asks the source whether the stale value is its own still. */
        const ask: Loader<number> = async ({ stale, notModified }) => {
          const version = await load()
          return stale?.value === version ? notModified() : version
        }
        const failing = async () => {
          await adversary.step()
          throw new Error('the database is away')
        }
        const loaders: Partial<Record<Operation['kind'], Loader<number>>> = { renew: ask, fail: failing }

        const write = async (cache: CacheAside, kind: Operation['kind']): Promise<number> => {
          let version = committed
          const failed = async () => {
            version = await commit()
            throw new Error('the connection was lost after the commit')
          }
          if (kind === 'mutate') return cache.mutate('k', commit)
          if (kind === 'write-through') return cache.writeThrough('k', commit)
          if (kind === 'failed mutate') await cache.mutate('k', failed).catch(() => {})
          if (kind === 'expire') await cache.expire('k')
          if (kind === 'settle') await cache.invalidate('k', { settle: 1 })
          if (kind === 'write') {
            version = ++committed
            await cache.invalidate('k')
          }
          return version
        }
        const run = async ({ kind, process }: Operation) => {
          const cache = processes[process] as CacheAside
          await adversary.step()
          if (kind === 'evict') return memory.invalidate(['race:k'])
          if ((writing as readonly string[]).includes(kind)) {
            invalidated = Math.max(invalidated, await write(cache, kind))
            return
          }
          const floor = invalidated
          // Refreshed by whoever reads it: a load behind a value that is served.
          const options = kind === 'refresh' || kind === 'renew' ? { earlyRefreshAt: 1e-9 } : {}
          try {
            expect(await cache.getOrLoad('k', loaders[kind] ?? load, options)).toBeGreaterThanOrEqual(floor)
          } catch (error) {
            expect(error).toEqual(new Error('the database is away'))
          }
        }
        await adversary.run(operations.map((operation) => () => run(operation)))

        const reads = processes.map((cache) => async () => expect(await cache.getOrLoad('k', load)).toBe(committed))
        await adversary.run(reads)
      }),
      { numRuns: 6_000 },
    )
  }, 120_000)

  it('one load runs while nothing voids its lease', async () => {
    await fc.assert(
      fc.asyncProperty(plans(most), fc.integer({ min: 2, max: most }), async (plan, callers) => {
        const adversary = new Adversary(plan)
        const processes = processesOn(new MemoryStore({ maxEntries: 10 }), adversary)
        let loads = 0

        const load = async () => {
          loads += 1
          await adversary.step()
          return 'value'
        }
        const read = (caller: number) => async () => {
          await adversary.step()
          expect(await (processes[caller % 2] as CacheAside).getOrLoad('k', load)).toBe('value')
        }
        await adversary.run(Array.from({ length: callers }, (_, caller) => read(caller)))

        expect(loads).toBe(1)
      }),
      { numRuns: 1_500 },
    )
  }, 120_000)
})
