import { expect, it } from 'vitest'
import { type Form, documentOf } from '../src/documents.ts'
import { inTurn } from '../src/in-turn.ts'
import { runsHere } from '../src/peers/peers.ts'
import { hits, hittingPeers } from '../src/workloads/hits.ts'
import { imports } from '../src/workloads/imports.ts'
import { memory } from '../src/workloads/memory.ts'
import { near, nearPeers } from '../src/workloads/near.ts'

const product: Form = { kind: 'product', size: 1024 }
const text: Form = { kind: 'text', size: 1024 }
const list: Form = { kind: 'product', size: 4096 }

it('hits reads from Redis with each peer, each beside the floor', { timeout: 60_000 }, async () => {
  const peers = hittingPeers.filter(runsHere)
  const scenes = [
    { form: text, callers: 1 },
    { form: list, callers: 3 },
  ]

  const { tables, charts } = await hits({ peers, rounds: 1, seconds: 1 }, { keys: 4, milliseconds: 0, scenes })

  expect(tables.map(({ title }) => title)).toEqual([
    'A hit in Redis: one text of 1 KB, one caller',
    'A hit in Redis: a list of 4 KB, 3 callers',
  ])
  for (const { rows } of tables) {
    expect(rows.map(([name]) => name)).toEqual(['ioredis-6 (floor)', ...peers])
    for (const [, ...cells] of rows) expect(cells).toEqual(cells.map(() => cell))
  }
  expect(charts?.map(({ bars }) => bars.map(({ label }) => label))).toEqual([peers, peers])
})

it('near reads from the memory of each peer, and asks Redis for nothing', { timeout: 60_000 }, async () => {
  const peers = nearPeers.filter(runsHere)

  const outcome = await near({ peers, rounds: 1, seconds: 1 }, { keys: 40, milliseconds: 0, forms: [product] })

  const [{ rows } = { rows: [] }] = outcome.tables
  const named = (name: string | undefined) => name?.replace(/ \(.*\)$/, '')
  expect(rows.map(([name]) => named(name))).toEqual(['bentocache-near', ...peers])
  expect(rows.map((row) => row.at(-2))).toEqual(rows.map(() => '0'))
  const values = Object.fromEntries(rows.map((row) => [named(row[0]), row.at(-1)]))
  expect(values).toMatchObject({
    'bentocache-near': 'own',
    'bentocache-near-unserialized': 'shared',
    'cache-aside-near': 'own',
    'cache-aside-near-frozen': 'shared, frozen',
    'lru-cache': 'shared',
  })
  for (const [, ...cells] of rows) expect(cells.slice(0, -1)).toEqual(cells.slice(0, -1).map(() => cell))
  expect(outcome.charts?.map(({ name }) => name)).toEqual(['product-copied', 'product-shared'])
})

it('memory says what an entry takes, beside the value by itself', { timeout: 60_000 }, async () => {
  const choice = { peers: ['bentocache-near', 'lru-cache'], rounds: 1, seconds: 1 } as const

  const { tables, charts } = await memory(choice, { entries: 400, form: product })

  const [{ rows } = { rows: [] }] = tables
  expect(rows.map(([name]) => name)).toEqual(['bare-values', 'bentocache-near', 'lru-cache'])
  expect(rows[0]?.at(-1)).toBe('0')
  expect(charts?.[0]?.bars.map(({ spread }) => spread.median > 1024)).toEqual([true, true, true])
})

it('imports times processes that import a package, beside one that imports nothing', { timeout: 60_000 }, async () => {
  const programs = [{ name: 'lru-cache', packages: ['lru-cache'] }]

  const { tables } = await imports({ peers: [], rounds: 1, seconds: 1 }, programs)

  expect(tables[0]?.rows.map(([name]) => name)).toEqual(['node, by itself', 'lru-cache'])
})

it('whatever is measured stands between two measurements of what it is compared with', async () => {
  let turn = 0

  const compared = await inTurn('base', ['a', 'b'], async (peer) => `${peer} ${(turn += 1)}`)

  expect(compared).toEqual([
    { peer: 'a', own: 'a 2', before: 'base 1', after: 'base 3' },
    { peer: 'b', own: 'b 4', before: 'base 3', after: 'base 5' },
  ])
})

it('a document is as large as it is asked to be, and keeps its key', () => {
  for (const form of [product, text, list, { kind: 'product', size: 32 * 1024 } as const]) {
    expect(JSON.stringify(documentOf('row:17', form))).toHaveLength(form.size)
    expect(documentOf('row:17', form).key).toBe('row:17')
  }
})

const cell = expect.stringMatching(/^-?[\d.,]+( \(-?[\d.,]+–-?[\d.,]+\))?$/)
