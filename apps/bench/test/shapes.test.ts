import { startRedis } from '@cache-aside/testkit'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { forEach, timedCalls } from '../src/calls.ts'
import { sentBy } from '../src/sent.ts'
import { ServerLedger } from '../src/server-ledger.ts'
import { Turns } from '../src/turns.ts'
import { ways } from '../src/workloads/shapes.messages.ts'
import { shapes } from '../src/workloads/shapes.ts'

it('shapes does everything with records and windows in each way', { timeout: 120_000 }, async () => {
  const choice = { peers: [], rounds: 1, seconds: 1 }

  const { tables, charts, runs } = await shapes(choice, { alone: 1, together: 2, callers: 3 })

  const operations = ['hit', 'hit, two fields', 'miss', 'change, cached', 'change, not cached', 'invalidate']
  const named = (names: readonly string[], some: readonly string[]) =>
    some.flatMap((operation) => names.map((name) => `${operation}: ${name}`))
  expect(tables.map(({ rows }) => rows.map(([name]) => name))).toEqual([
    named(['hash by hand', 'RecordCache', 'JSON in CacheAside'], operations),
    named(
      ['list by hand', 'WindowCache', 'JSON in CacheAside'],
      operations.filter((operation) => operation !== 'hit, two fields'),
    ),
  ])
  for (const { head, rows } of tables)
    for (const [, ...cells] of rows) expect(cells).toEqual(head.slice(1).map(() => cell))
  expect(charts?.map(({ bars }) => bars.length)).toEqual([12, 10])

  for (const shape of ['record', 'window'] as const) {
    const hit = { shape, operation: 'hit' }
    for (const way of ways) expect(runs).toContainEqual(expect.objectContaining({ way, scene: hit, turns: 1 }))
  }
  const update = { shape: 'record', operation: 'change, cached' }
  expect(runs).toContainEqual({ way: 'by hand', scene: update, turns: 1, commands: { eval: 1 } })
})

it('what waits for no reply of another is one round trip', async () => {
  await using server = await startRedis()
  const turns = await Turns.before(server.url)
  const ledger = new ServerLedger(server.url)
  const redis = new Redis(turns.url)
  await redis.ping()
  const countOf = (work: () => Promise<unknown>) => sentBy({ turns, ledger }, work)

  const alone = await countOf(() => redis.get('a'))
  const together = await countOf(() => Promise.all([redis.get('a'), redis.get('b'), redis.hget('c', 'd')]))
  const inTurn = await countOf(async () => {
    await Promise.all([redis.get('a'), redis.get('b')])
    await redis.set('a', '1')
  })
  const none = await countOf(async () => {})
  redis.disconnect()
  turns.close()
  await ledger.close()

  expect(alone).toEqual({ turns: 1, commands: { get: 1 } })
  expect(together).toEqual({ turns: 1, commands: { get: 2, hget: 1 } })
  expect(inTurn).toEqual({ turns: 2, commands: { get: 2, set: 1 } })
  expect(none).toEqual({ turns: 0, commands: {} })
})

it('the fewest of what an operation sends are its own, and the first time does not count', async () => {
  await using server = await startRedis()
  const turns = await Turns.before(server.url)
  const ledger = new ServerLedger(server.url)
  const redis = new Redis(turns.url)
  await redis.ping()
  let begun = 0

  const sent = await sentBy(
    { turns, ledger },
    async (time) => {
      for (let call = 0; call < [1, 4, 2, 3][time]!; call += 1) await redis.get('a')
    },
    async () => {
      begun += 1
    },
  )
  redis.disconnect()
  turns.close()
  await ledger.close()

  expect(sent).toEqual({ turns: 2, commands: { get: 2 } })
  expect(begun).toBe(8)
})

it.each([1, 3, 20])('%i callers make so many calls, each once', async (callers) => {
  const called: number[] = []
  const [now, most] = [{ calls: 0 }, { calls: 0 }]

  const figures = await timedCalls(callers, 7, async (number) => {
    now.calls += 1
    most.calls = Math.max(most.calls, now.calls)
    await Promise.resolve()
    called.push(number)
    now.calls -= 1
  })
  const all: string[] = []
  await forEach(callers, ['a', 'b', 'c'], async (one) => all.push(one))

  expect(called.toSorted((one, another) => one - another)).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(most.calls).toBe(Math.min(callers, 7))
  expect(Object.keys(figures)).toEqual(['rate', 'p50', 'p99', 'cpu'])
  expect(all.toSorted((one, another) => one.localeCompare(another))).toEqual(['a', 'b', 'c'])
})

const cell = expect.stringMatching(/^[\d.,]+( \([\d.,]+–[\d.,]+\))?$/)
