import { expect, it } from 'vitest'
import { dot, Vectors } from '../src/vectors.ts'
import { Questions } from '../src/workloads/semantic.questions.ts'
import { type AskCount, type FoundRun, semantic } from '../src/workloads/semantic.ts'

// Where no Redis with vectors is kept yet, one is fetched.
it('semantic searches in Redis and by the exact index, and asks', { timeout: 300_000 }, async () => {
  const collections = [
    { lies: 'anywhere', dimensions: 16, entries: 60, tenants: 1, queries: 4 },
    { lies: 'in topics', dimensions: 32, entries: 60, tenants: 3, queries: 40 },
  ] as const
  const counts = { redisVectors: 2, ExactIndex: 1, ask: 1 }

  const outcome = await semantic({ peers: [], rounds: 1, seconds: 1 }, { collections, counts, learnt: 12 })

  const [search, find, ask] = outcome.tables
  const names = ['60 of 16, anywhere', '60 of 32, of 3 tenants']
  expect(search?.rows.map(([name]) => name)).toEqual(
    names.flatMap((name) => [`${name}: redisVectors`, `${name}: ExactIndex`]),
  )
  expect(find?.rows.map(([name]) => name)).toEqual(names)
  expect(ask?.rows.map(([name]) => name)).toEqual(['hit, same text', 'hit, rephrased', 'miss', 'getOrLoad, hit'])
  for (const { head, rows } of outcome.tables)
    for (const [, ...cells] of rows) expect(cells).toEqual(head.slice(1).map(() => cell))
  expect(outcome.charts?.map(({ bars }) => bars.length)).toEqual([4])
  expect(outcome.redis).toMatch(/^redis [89]\./)

  const found = (outcome.runs as readonly FoundRun[]).slice(0, 2)
  for (const { collection, added, judged } of found) {
    expect(judged.error).toBeLessThan(1e-4)
    expect(judged.recall).toBeGreaterThan(0)
    expect(judged.near).toBeLessThan(collection.queries)
    expect(added.bytes).toBeGreaterThan(4 * collection.dimensions)
  }
  // Of forty that are at 0.85 to 1 of an entry.
  expect(found[1]?.judged.near).toBeGreaterThan(0)

  const sent = outcome.runs as readonly AskCount[]
  expect(sent).toContainEqual({ asking: 'getOrLoad, hit', turns: 1, commands: expect.anything() })
  expect(sent).toContainEqual({ asking: 'hit, same text', turns: 1, commands: expect.anything() })
  const rephrased = sent.find(({ asking }) => asking === 'hit, rephrased')
  expect(rephrased?.commands).toHaveProperty('vsim')
})

it('a vector near another is at exactly the angle that is asked for, and always the same', () => {
  for (const cosine of [0.5, 0.85, 0.95, 1]) {
    const [vectors, again] = [new Vectors(384, 3), new Vectors(384, 3)]
    const vector = vectors.direction()

    const near = vectors.near(vector, cosine)

    expect(dot(vector, vector)).toBeCloseTo(1, 5)
    expect(dot(near, near)).toBeCloseTo(1, 5)
    expect(dot(near, vector)).toBeCloseTo(cosine, 5)
    expect(again.near(again.direction(), cosine)).toEqual(near)
  }
})

it('questions are always the same, and each another', () => {
  const asked = (questions: Questions) => Array.from({ length: 500 }, () => questions.next().question)

  const all = asked(new Questions())

  expect(asked(new Questions())).toEqual(all)
  expect(new Set(all).size).toBe(500)
})

const cell = expect.stringMatching(/^(–|[\d.,]+( %| \([\d.,]+–[\d.,]+\))?)$/)
