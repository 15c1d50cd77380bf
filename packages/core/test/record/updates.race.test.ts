import { CacheAside, MemoryStore, RedisStore, type Store } from '@cache-aside/core'
import { RecordCache } from '@cache-aside/core/record'
import { type RedisServer, startRedis } from '@cache-aside/testkit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Adversary, plans } from '../guarantee/adversary.ts'

const names = ['a', 'b', 'c'] as const
type Name = (typeof names)[number]
type Row = Record<Name, number>

interface Operation {
  readonly kind: 'update' | 'failing update' | 'write' | 'part' | 'read' | 'evict' | 'clear'
  readonly process: number
  readonly of: readonly Name[]
}

const fields = { a: 'number', b: 'number', c: 'number' } as const

const most = 7
const operations = fc.array(
  fc.record<Operation>({
    kind: fc.constantFrom(
      'update',
      'update',
      'update',
      'read',
      'read',
      'part',
      'write',
      'failing update',
      'evict',
      'clear',
    ),
    process: fc.nat({ max: 1 }),
    of: fc.subarray([...names], { minLength: 1 }),
  }),
  { minLength: 2, maxLength: most },
)

/** A row whose fields say which write has set them, and what every reader has to know of it. */
class Model {
  readonly #row: Row = { a: 0, b: 0, c: 0 }
  /** Of each field, the newest version of which a write has resolved. */
  readonly #known: Row = { a: 0, b: 0, c: 0 }
  #version = 0

  load(): Row {
    return { ...this.#row }
  }

  /** What the write has set. */
  commit(of: readonly Name[]): Partial<Row> {
    this.#version += 1
    for (const name of of) this.#row[name] = this.#version
    return Object.fromEntries(of.map((name) => [name, this.#version]))
  }

  resolved(written: Partial<Row>): void {
    for (const name of names) this.#known[name] = Math.max(this.#known[name], written[name] ?? 0)
  }

  /** Reads, and says what is older than a write that had resolved before. */
  async read(of: readonly Name[], read: () => Promise<Partial<Row> | null>): Promise<void> {
    const before = { ...this.#known }
    const seen = await read()
    for (const name of of) {
      expect(seen?.[name], `field "${name}" of ${JSON.stringify(seen)}`).toBeGreaterThanOrEqual(before[name])
    }
  }
}

type Records = RecordCache<typeof fields>

/** @param step A point at which others may go first. */
async function perform(
  { kind, of }: Operation,
  { cache, records }: { readonly cache: CacheAside; readonly records: Records },
  model: Model,
  step: () => Promise<unknown>,
): Promise<void> {
  const load = async () => {
    await step()
    const row = model.load()
    await step()
    return row
  }
  let written: Partial<Row> = {}
  const write = async () => {
    await step()
    written = model.commit(of)
    await step()
    if (kind === 'failing update') throw new Error('the answer of the database is lost')
    return written
  }
  switch (kind) {
    case 'read':
      return model.read(names, () => records.getOrLoad(1, load))
    case 'part':
      return model.read(of, () => records.getFields(1, of, load))
    case 'update':
      await records.updateFields(1, write)
      return model.resolved(written)
    case 'failing update':
      await records.updateFields(1, write).catch(() => {})
      return model.resolved(written)
    case 'write':
      await write()
      await records.invalidate(1)
      return model.resolved(written)
    case 'evict':
      return void (await records.invalidate(1))
    case 'clear':
      return void (await cache.clear())
    default:
      return kind satisfies never
  }
}

describe('updates of a record', () => {
  it('in every order of commands, writes and loads: nobody reads what was before one that has resolved', async () => {
    await fc.assert(
      fc.asyncProperty(plans(most), operations, fc.boolean(), async (plan, mix, cached) => {
        const adversary = new Adversary(plan)
        const memory = new MemoryStore({ maxEntries: 20 })
        const model = new Model()
        const open = (store: Store) => {
          const clock = {
            now: () => 0,
            wall: () => 0,
            // Only the pauses of waiters end: timeouts, marks and extensions are longer than any run.
            after: (delay: number, run: () => void) => {
              if (delay < 1_000) void adversary.pause().then(run)
              return () => {}
            },
          }
          const cache = new CacheAside({ namespace: 'race', store }, clock)
          return { cache, records: new RecordCache({ cache, name: 'row', fields }) }
        }
        if (cached) {
          const { records } = open(memory)
          await records.getOrLoad(1, () => model.load())
        }
        const stepping: Store = new Proxy(memory, {
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
        const processes = [open(stepping), open(stepping)]

        await adversary.run(
          mix.map((operation) => async () => {
            await adversary.step()
            await perform(operation, processes[operation.process] ?? open(memory), model, () => adversary.step())
          }),
        )
        const { records } = open(memory)
        await model.read(names, () => records.getOrLoad(1, () => model.load()))
      }),
      { numRuns: 1_000 },
    )
  }, 120_000)

  describe('on a server', () => {
    let server: RedisServer
    beforeAll(async () => {
      server = await startRedis()
    })
    afterAll(() => server.stop())

    it.each([
      ['without a near cache', false],
      ['with near caches, for readers of the process that writes', true],
    ])(
      'at random, %s: nobody reads what was before one that has resolved',
      async (_how, near) => {
        let run = 0
        await fc.assert(
          fc.asyncProperty(fc.array(operations, { minLength: 3, maxLength: 6 }), async (clients) => {
            run += 1
            const namespace = `run-${near}-${run}`
            const model = new Model()
            const open = () => {
              const store = new RedisStore(server.url, { commandTimeout: 15_000 })
              const cache = new CacheAside({ namespace, store, near })
              return { store, cache, records: new RecordCache({ cache, name: 'row', fields }) }
            }
            const processes = near ? [open()] : [open(), open()]
            const pause = () => new Promise(setImmediate)

            try {
              await Promise.all(
                clients.map(async (mine, client) => {
                  for (const operation of mine) {
                    const process = processes[(operation.process + client) % processes.length]
                    if (process) await perform(operation, process, model, pause)
                  }
                }),
              )
              for (const { records } of processes) {
                await model.read(names, () => records.getOrLoad(1, () => model.load()))
              }
            } finally {
              await Promise.all(processes.map(({ cache }) => cache.close()))
              await Promise.all(processes.map(({ store }) => store.close()))
            }
          }),
          { numRuns: 40, endOnFailure: true },
        )
      },
      120_000,
    )
  })
})
