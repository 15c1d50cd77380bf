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
const reading = ['read', 'read', 'declare', 'look', 'refresh', 'renew', 'fail'] as const
const writing = [
  'move',
  'move',
  'expire',
  'clear',
  'mutate',
  'failed mutate',
  'write-through',
  'settle',
  'evict',
] as const
const kinds = [...reading, ...writing] as const
const mixes = fc.array(
  fc.record<Operation>({
    kind: fc.oneof(fc.constantFrom(...reading), fc.constantFrom(...writing)),
    process: fc.nat({ max: 1 }),
  }),
  { minLength: 3, maxLength: most },
)

/** A row that is in another category with each version. */
interface Row {
  readonly version: number
}
const categoryOf = ({ version }: Row) => `category:${version % 3}`
/** What is to be voided when a row has come to be in its category, and has left another. */
const moved = (row: Row) => [categoryOf({ version: row.version - 1 }), categoryOf(row)]

/** Everything older than `version` is void that has one of these tags, or any. */
interface Voiding {
  readonly version: number
  readonly tags: readonly string[] | 'any'
}

const isVoid = (row: Row, { version, tags }: Voiding) =>
  row.version < version && (tags === 'any' || tags.includes(categoryOf(row)))

/** design §1, P1 for tags: no key is ever named, the tags carry the whole promise. */
describe('in every order of commands, loads and replies', () => {
  it('no read shows a version that was void by a tag of it before the read began', async () => {
    await fc.assert(
      fc.asyncProperty(plans(most), mixes, async (plan, operations) => {
        const adversary = new Adversary(plan)
        const memory = new MemoryStore({ maxEntries: 10 })
        const processes = processesOn(memory, adversary)
        let committed: Row = { version: 0 }
        const voided: Voiding[] = []

        const commit = async () => {
          await adversary.step()
          const row = (committed = { version: committed.version + 1 })
          await adversary.step()
          return row
        }
        const load = async () => {
          await adversary.step()
          const row = committed
          await adversary.step()
          return row
        }
        const ask: Loader<Row> = async ({ stale, notModified }) => {
          const row = await load()
          return (stale?.value as Row | undefined)?.version === row.version ? notModified() : row
        }
        const failing = async () => {
          await adversary.step()
          throw new Error('the database is away')
        }
        const loaders: Partial<Record<Operation['kind'], Loader<Row>>> = { renew: ask, fail: failing }

        const write = async (cache: CacheAside, kind: Operation['kind']): Promise<Voiding> => {
          let row = committed
          const failed = async () => {
            row = await commit()
            throw new Error('the connection was lost after the commit')
          }
          const all = { tags: ['category:0', 'category:1', 'category:2'] }
          if (kind === 'mutate') row = await cache.mutate([], commit, all)
          else if (kind === 'failed mutate') await cache.mutate([], failed, all).catch(() => {})
          else if (kind === 'write-through')
            row = await cache.writeThrough('k', commit, { tags: (written) => [categoryOf(written), 'written'] })
          else {
            row = committed = { version: committed.version + 1 }
            if (kind === 'clear') await cache.clear()
            else if (kind === 'expire') await cache.expireTag(moved(row))
            else await cache.invalidateTag(moved(row), kind === 'settle' ? { settle: 1 } : {})
            return { version: row.version, tags: kind === 'clear' ? 'any' : moved(row) }
          }
          return { version: row.version, tags: 'any' }
        }
        const run = async ({ kind, process }: Operation) => {
          const cache = processes[process] as CacheAside
          await adversary.step()
          if (kind === 'evict') return memory.invalidate(['race:k'])
          if ((writing as readonly string[]).includes(kind)) {
            voided.push(await write(cache, kind))
            return
          }
          const before = [...voided]
          const shows = (row: Row) => expect(before.filter((voiding) => isVoid(row, voiding))).toEqual([])
          if (kind === 'look') {
            const found = await cache.get<Row>('k')
            if (found.found) shows(found.value)
            return
          }
          const early = kind === 'refresh' || kind === 'renew' ? { earlyRefreshAt: 1e-9 } : {}
          const tags = kind === 'declare' ? ['category:0', 'category:1', 'category:2'] : (row: Row) => [categoryOf(row)]
          const row = await cache.getOrLoad('k', loaders[kind] ?? load, { ...early, tags }).catch((error: unknown) => {
            expect(error).toEqual(new Error('the database is away'))
          })
          if (row) shows(row)
        }
        await adversary.run(operations.map((operation) => () => run(operation)))

        const reads = processes.map((cache) => async () => {
          const { version } = await cache.getOrLoad('k', load, { tags: (row) => [categoryOf(row)] })
          expect(version).toBe(committed.version)
        })
        await adversary.run(reads)
      }),
      { numRuns: 4_000 },
    )
  }, 120_000)
})
