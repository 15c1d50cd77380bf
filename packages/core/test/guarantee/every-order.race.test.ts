import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CacheAside } from '../../src/cache/cache.ts'
import { MemoryStore } from '../../src/protocol/memory-store.ts'
import type { Store } from '../../src/protocol/store.ts'
import { Adversary, plans } from './adversary.ts'

interface Operation {
  readonly kind: 'read' | 'write' | 'evict' | 'fail'
  readonly process: number
}

const most = 7
const mixes = fc.array(
  fc.record<Operation>({
    kind: fc.constantFrom('read', 'read', 'read', 'read', 'write', 'write', 'evict', 'fail'),
    process: fc.nat({ max: 1 }),
  }),
  { minLength: 3, maxLength: most },
)

/** A store whose every command reaches it, and whose every reply comes back, when the adversary lets it. */
function delayed(store: Store, adversary: Adversary): Store {
  return new Proxy(store, {
    get(target, name: keyof Store) {
      return async (...args: never[]) => {
        await adversary.step()
        const reply: unknown = await (target[name] as (...args: never[]) => Promise<unknown>).apply(target, args)
        await adversary.step()
        return reply
      }
    },
  })
}

function processesOn(memory: MemoryStore, adversary: Adversary): CacheAside[] {
  const store = delayed(memory, adversary)
  const clock = {
    now: () => 0,
    // Only the pauses of waiters end: timeouts and extensions are longer than any run.
    after: (delay: number, run: () => void) => {
      if (delay < 1_000) void adversary.pause().then(run)
      return () => {}
    },
  }
  return [0, 1].map(() => new CacheAside({ namespace: 'race', store }, clock))
}

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

        const load = async () => {
          await adversary.step()
          const version = committed
          await adversary.step()
          return version
        }
        const failing = async () => {
          await adversary.step()
          throw new Error('the database is away')
        }
        const run = async ({ kind, process }: Operation) => {
          const cache = processes[process] as CacheAside
          await adversary.step()
          if (kind === 'evict') return memory.invalidate(['race:k'])
          if (kind === 'write') {
            const version = ++committed
            await cache.invalidate('k')
            invalidated = Math.max(invalidated, version)
            return
          }
          const floor = invalidated
          try {
            expect(await cache.getOrLoad('k', kind === 'read' ? load : failing)).toBeGreaterThanOrEqual(floor)
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
  })

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
  })
})
