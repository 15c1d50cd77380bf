import { findRedisServer } from '@cache-aside/testkit'
import type { Sent } from '../sent.ts'
import { Stage } from '../stage.ts'
import {
  type Added,
  type Asking,
  askings,
  type CallCounts,
  type Collection,
  type IndexName,
  indexes,
  type Judgement,
  type Order,
  type Slice,
} from './semantic.messages.ts'
import { askTable, findTable, searchChart, searchTable } from './semantic.tables.ts'
import type { Choice, Outcome } from './workload.ts'

/** How much of everything. */
export interface SemanticScale {
  readonly collections: readonly Collection[]
  readonly counts: CallCounts
  /** How many are asked for the first time, before anything is timed. */
  readonly learnt: number
}

const usual: SemanticScale = {
  collections: [
    { lies: 'in topics', dimensions: 384, entries: 10_000, tenants: 1, queries: 500 },
    { lies: 'anywhere', dimensions: 384, entries: 10_000, tenants: 1, queries: 500 },
    // Each of them takes a server four times as long to add.
    { lies: 'in topics', dimensions: 1536, entries: 2_000, tenants: 1, queries: 500 },
    { lies: 'in topics', dimensions: 384, entries: 10_000, tenants: 100, queries: 500 },
  ],
  counts: { redisVectors: 160, ExactIndex: 24, ask: 160 },
  learnt: 2_000,
}

export interface FoundRun {
  readonly collection: Collection
  readonly added: Added
  readonly judged: Judgement
}

export interface SearchRun {
  readonly round: number
  readonly collection: Collection
  readonly index: IndexName
  readonly took: Slice
}

export interface AskRun {
  readonly round: number
  readonly asking: Asking
  readonly took: Slice
}

export interface AskCount extends Sent {
  readonly asking: Asking
}

/** Searches by meaning in a Redis with vectors, beside the exact index; and what a question takes that is asked. */
export async function semantic({ rounds, progress }: Choice, scale: SemanticScale = usual): Promise<Outcome> {
  const { collections, counts, learnt } = scale
  const measured = new URL('semantic.measured.ts', import.meta.url)
  await using stage = await Stage.open<'semantic'>(measured, await vectorServer())
  await stage.add('semantic')
  const give = <Answer>(order: Order) => stage.order<Answer>('semantic', order)

  const found: FoundRun[] = []
  for (const collection of collections) {
    const added = await give<Added>({ kind: 'add', collection })
    const judged = await give<Judgement>({ kind: 'judge', collection })
    found.push({ collection, added, judged })
    progress?.(`${JSON.stringify(collection)}: added in ${added.calls.p50.toFixed(2)} ms, recall ${judged.recall}`)
  }
  // In parts: an order has to end in time.
  for (let left = learnt; left > 0; left -= 1000) await give({ kind: 'learn', questions: Math.min(left, 1000) })
  progress?.(`${learnt} questions asked`)
  const sent: AskCount[] = []
  for (const asking of askings) sent.push({ asking, ...(await give<Sent>({ kind: 'count', asking })) })

  const searches: SearchRun[] = []
  const asked: AskRun[] = []
  // A, B, A, B: what the machine does meanwhile is done to all of them. Round 0 is for the compiler.
  for (let round = 0; round <= rounds; round += 1) {
    for (const collection of collections) {
      for (const index of indexes) {
        const took = await give<Slice>({ kind: 'search', collection, index, count: counts[index] })
        if (round > 0) searches.push({ round, collection, index, took })
      }
    }
    for (const asking of askings) {
      const took = await give<Slice>({ kind: 'ask', asking, count: counts.ask })
      if (round > 0) asked.push({ round, asking, took })
    }
    progress?.(`round ${round}`)
  }
  return {
    tables: [searchTable(collections, searches), findTable(found), askTable(learnt, sent, asked)],
    charts: [searchChart(collections, searches)],
    redis: stage.redis,
    runs: [...found, ...sent, ...searches, ...asked],
  }
}

/** The machine's own Redis if it has vector sets, or else one that the testkit fetches. */
async function vectorServer(): Promise<{ readonly server?: string }> {
  const own = await findRedisServer()
  return own.name === 'redis' && Number.parseInt(own.version) >= 8 ? {} : { server: 'redis-8' }
}
