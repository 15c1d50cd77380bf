import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CacheAside } from '../../src/cache/cache.ts'
import { MemoryStore } from '../../src/protocol/memory-store.ts'
import type { Store } from '../../src/protocol/store.ts'
import { Adversary, plans } from './adversary.ts'

const keys = ['a', 'b', 'c', 'd'] as const
type Key = (typeof keys)[number]

interface Operation {
  readonly kind: 'batch' | 'failing batch' | 'read' | 'write'
  readonly process: number
  /** The first of them, where one is enough. */
  readonly keys: readonly Key[]
}

const most = 6
const operations = (...kinds: Operation['kind'][]) =>
  fc.array(
    fc.record<Operation>({
      kind: fc.constantFrom(...kinds),
      process: fc.nat({ max: 1 }),
      keys: fc.shuffledSubarray([...keys], { minLength: 1 }),
    }),
    { minLength: 2, maxLength: most },
  )

function processesOn(memory: MemoryStore, adversary: Adversary): CacheAside[] {
  const store: Store = new Proxy(memory, {
    get(target, name: keyof Store) {
      if (name === 'now' || name === 'onChange' || name === 'track') return target[name].bind(target)
      return async (...args: never[]) => {
        await adversary.step()
        const reply: unknown = await (target[name] as (...args: never[]) => Promise<unknown>).apply(target, args)
        await adversary.step()
        return reply
      }
    },
  })
  const clock = {
    now: () => 0,
    wall: () => 0,
    // Only the pauses of waiters end: timeouts and extensions are longer than any run.
    after: (delay: number, run: () => void) => {
      if (delay < 1_000) void adversary.pause().then(run)
      return () => {}
    },
  }
  // One loader at a time in each process: a batch that needed a second turn would wait for it forever.
  return [0, 1].map(() => new CacheAside({ namespace: 'race', store, maxConcurrentLoads: 1 }, clock))
}

describe('in every order of commands, loads and replies', () => {
  it('batches that overlap load each key once, and none waits for another forever', async () => {
    await fc.assert(
      fc.asyncProperty(
        plans(most),
        operations('batch', 'batch', 'read'),
        fc.subarray([...keys]),
        async (plan, mix, cached) => {
          const adversary = new Adversary(plan)
          const memory = new MemoryStore({ maxEntries: 20 })
          const before = new CacheAside({ namespace: 'race', store: memory })
          for (const key of cached) await before.set(key, key)
          const processes = processesOn(memory, adversary)
          const loaded: string[] = []

          const load = async (given: readonly string[]) => {
            loaded.push(...given)
            await adversary.step()
            return new Map(given.map((key) => [key, key]))
          }
          const run = async ({ kind, process, keys: asked }: Operation) => {
            const cache = processes[process] as CacheAside
            await adversary.step()
            const [first = 'a'] = asked
            if (kind === 'read') {
              const value = await cache.getOrLoad(first, async () => (await load([first])).get(first))
              return expect(value).toBe(first)
            }
            const values = await cache.getOrLoadMany(asked, load)
            expect([...values]).toEqual(asked.map((key) => [key, key]))
          }
          await adversary.run(mix.map((operation) => () => run(operation)))

          const wanted = new Set(mix.flatMap(({ kind, keys: asked }) => (kind === 'read' ? asked.slice(0, 1) : asked)))
          for (const key of cached) wanted.delete(key)
          expect(loaded.toSorted()).toEqual([...wanted].toSorted())
        },
      ),
      { numRuns: 2_000 },
    )
  }, 120_000)

  it('no batch shows a version older than the last one invalidated before it began', async () => {
    await fc.assert(
      fc.asyncProperty(
        plans(most),
        operations('batch', 'batch', 'failing batch', 'read', 'write', 'write'),
        async (plan, mix) => {
          const adversary = new Adversary(plan)
          const processes = processesOn(new MemoryStore({ maxEntries: 20 }), adversary)
          const committed = { a: 0, b: 0, c: 0, d: 0 }
          const invalidated = { ...committed }

          const load = async (given: readonly string[]) => {
            await adversary.step()
            const versions = given.map((key) => committed[key as Key])
            await adversary.step()
            return versions
          }
          const failing = async () => {
            await adversary.step()
            throw new Error('the database is away')
          }
          const run = async ({ kind, process, keys: asked }: Operation) => {
            const cache = processes[process] as CacheAside
            await adversary.step()
            const [first = 'a'] = asked
            if (kind === 'write') {
              const version = ++committed[first]
              await cache.invalidate(first)
              invalidated[first] = Math.max(invalidated[first], version)
              return
            }
            const floor = { ...invalidated }
            if (kind === 'read') {
              try {
                expect(await cache.getOrLoad(first, async () => (await load([first]))[0])).toBeGreaterThanOrEqual(
                  floor[first],
                )
              } catch (error) {
                expect(error).toEqual(new Error('the database is away')) // It has joined a failing batch.
              }
              return
            }
            const settled = await cache.getOrLoadManySettled(asked, kind === 'batch' ? load : failing)
            for (const [key, outcome] of settled) {
              if (outcome.status === 'rejected') expect(outcome.reason).toEqual(new Error('the database is away'))
              else expect(outcome.value).toBeGreaterThanOrEqual(floor[key as Key])
            }
          }
          await adversary.run(mix.map((operation) => () => run(operation)))

          await adversary.run(
            processes.map((cache) => async () => {
              expect(Object.fromEntries(await cache.getOrLoadMany(keys, load))).toEqual(committed)
            }),
          )
        },
      ),
      { numRuns: 3_000 },
    )
  }, 120_000)
})
