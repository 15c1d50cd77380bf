import { expect, it } from 'vitest'
import { type PeerName, runsHere } from '../src/peers/peers.ts'
import { withSection } from '../src/report.ts'
import { quantile, showSpread, spread } from '../src/spread.ts'
import { batches, batchingPeers } from '../src/workloads/batches.ts'
import { http, httpPeers } from '../src/workloads/http.ts'
import { redisAway } from '../src/workloads/redis-away.ts'
import { stampede, stampedingPeers } from '../src/workloads/stampede.ts'
import { taggingPeers, type TagRun, tags } from '../src/workloads/tags.ts'

it('redis-away measures a peer through both outages', { timeout: 60_000 }, async () => {
  const measure = (peer: PeerName) =>
    redisAway({ peers: [peer], rounds: 1, seconds: 0.7 }, { healthy: 0.3, back: 0.3, quiet: 0.5 })

  const outcomes = await Promise.all([measure('cache-aside'), measure('bentocache')])

  const phase = { reads: expect.toSatisfy((reads) => reads > 0), loads: count, errors: count, hung: count }
  const latencies = { p50: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) }
  const figures = { ...phase, ...latencies, unhandled: count }
  const measured = {
    phases: { healthy: figures, outage: figures, back: figures },
    recovery: expect.any(Number),
    invalidations: { acknowledged: count, pending: count, rejected: count, hung: count },
    lost: count,
  }
  for (const [index, peer] of (['cache-aside', 'bentocache'] as const).entries()) {
    expect(outcomes[index]?.runs).toEqual([
      { round: 1, peer, outage: 'stopped', measured },
      { round: 1, peer, outage: 'frozen', measured },
    ])
    for (const { head, rows } of outcomes[index]?.tables ?? [])
      expect(rows).toEqual([[peer, ...head.slice(1).map(() => cell)]])
    expect(outcomes[index]?.tables).toHaveLength(4)
  }
})

it('tags voids few entries and many in each peer, and measures hits beside ioredis', { timeout: 60_000 }, async () => {
  const choice = { peers: taggingPeers, rounds: 1, seconds: 1 }

  const { tables, runs } = await tags(choice, { sizes: [2, 40], again: 3, hits: { alone: 5, together: 1 } })

  const all = runs as readonly TagRun[]
  expect(all.map(({ peer, round }) => [peer, round])).toEqual(
    [0, 1].flatMap((n) => taggingPeers.map((peer) => [peer, n])),
  )
  for (const { measured } of all) {
    for (const voided of [...measured.invalidateTag, ...measured.clear]) expect(voided).toMatchObject({ missed: true })
    expect(measured.hits.map(({ callers }) => callers)).toEqual([1, 1, 1, 1, 64, 64, 64, 64])
  }
  const sentBy = (peer: PeerName) =>
    all
      .filter((run) => run.peer === peer && run.round === 0)
      .flatMap(({ measured }) => measured.invalidateTag.map(({ entries, commands }) => [entries, commands]))
  expect(sentBy('cache-aside')).toEqual([
    [2, { evalsha: 1 }],
    [40, { evalsha: 1 }],
  ])
  expect(sentBy('async-cache-dedupe')).toContainEqual([40, { smembers: 41, del: 80, srem: 1 }])
  const names = (of: string) => taggingPeers.flatMap((peer) => [`${peer}, 2`, `${peer}, 40`, `${peer}, ${of}`])
  expect(tables.map(({ rows }) => rows.map(([name]) => name)).slice(0, 2)).toEqual([names('40 ÷ 2'), names('40 ÷ 2')])
  for (const { rows } of tables.slice(2)) {
    expect(rows).toHaveLength(1 + 3 * taggingPeers.length)
    for (const [, ...cells] of rows) expect(cells).toEqual(cells.map(() => cell))
  }
})

it('batches asks for many keys in each way that a peer has', { timeout: 60_000 }, async () => {
  const choice = { peers: batchingPeers, rounds: 1, seconds: 1 }

  const { tables } = await batches(choice, { keys: 6, samples: 2, slowSamples: 1 })

  const together = batchingPeers.filter((peer) => peer !== 'bentocache').map((peer) => `${peer}: one call`)
  const single = ['calls in one tick', 'one after the other'].flatMap((way) =>
    batchingPeers.map((peer) => `${peer}: ${way}`),
  )
  expect(tables.map(({ title }) => title)).toEqual(['6 keys, all hits', '6 keys, all misses', '6 keys, half and half'])
  for (const [index, { rows }] of tables.entries()) {
    expect(rows.map(([name]) => name)).toEqual([...together, ...single])
    for (const [, ...cells] of rows) expect(cells).toEqual(cells.map(() => cell))
    const [oneCall, many] =
      (
        [
          ['0', '0'],
          ['1', '6'],
          ['1', '3'],
        ] as const
      )[index] ?? []
    const loads = rows.map(([, , loaded]) => loaded)
    expect(loads).toEqual([...together.map(() => oneCall), ...single.map(() => many)])
  }
})

it('stampede lets callers of several processes ask for one key', { timeout: 120_000 }, async () => {
  const peers = stampedingPeers.filter((peer) => runsHere(peer))
  const choice = { peers, rounds: 1, seconds: 1 }

  const { tables, charts, runs } = await stampede(choice, { processes: 2, callers: 5, loadTime: 30 })

  const [table] = tables
  expect(table?.rows.map(([name]) => name)).toEqual(peers)
  for (const [, ...cells] of table?.rows ?? []) expect(cells).toEqual(cells.map(() => cell))
  expect(runs).toContainEqual(expect.objectContaining({ peer: 'cache-aside', round: 1, loads: 1 }))
  expect(runs).toContainEqual(expect.objectContaining({ peer: 'ioredis', round: 1, loads: 10 }))
  expect(charts?.map(({ bars }) => bars.length)).toEqual([peers.length])
})

it('http asks for a route with each cache around it, and with none', { timeout: 120_000 }, async () => {
  const choice = { peers: httpPeers, rounds: 1, seconds: 1 }

  const { tables, charts } = await http(choice, { seconds: 0.2, connections: 4, pages: 3, warmUps: 10 })

  const [whole, unchanged] = tables.map(({ rows }) => rows)
  const names = ['no cache', 'cache-aside', 'cache-aside, near', '@nestjs/cache-manager', 'hook by hand']
  expect(whole?.map(([name]) => name)).toEqual(names)
  expect(unchanged?.map(([name]) => name)).toEqual([
    'no cache, @fastify/etag',
    'cache-aside',
    'cache-aside, near',
    '@nestjs/cache-manager, @fastify/etag',
  ])
  for (const [, ...cells] of [...(whole ?? []), ...(unchanged ?? [])]) expect(cells).toEqual(cells.map(() => cell))
  expect(charts?.map(({ bars }) => bars.length)).toEqual([4, 4])
})

it('a quantile is the least value that so much of all does not exceed', () => {
  expect(quantile([40, 10, 30, 20], 0.5)).toBe(20)
  expect(quantile([40, 10, 30, 20], 0.99)).toBe(40)
  expect(quantile([7], 0.01)).toBe(7)
})

it('a spread has the middle, the least and the most', () => {
  expect(spread([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 })
  expect(spread([4, 1])).toEqual({ median: 2.5, min: 1, max: 4 })
})

it('a spread is shown in few digits, and without what is the same in every round', () => {
  expect(showSpread(spread([0.1234, 9.876, 1234.5]))).toBe('9.9 (0.12–1,235)')
  expect(showSpread(spread([7, 7]))).toBe('7')
  expect(showSpread(spread([-123.4, -1.23, 0.5]))).toBe('-1.2 (-123–0.50)')
  expect(showSpread(spread([7, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]))).toBe('never (7–never)')
})

it('a section takes the place of the one of its name, and stands at the end where there is none', () => {
  const first = withSection('# Bench\n', 'a', 'first')
  const both = withSection(first, 'b', 'other')

  const again = withSection(both, 'a', 'second')

  expect(first).toMatch(/^# Bench\n\n<!-- a.*-->\n\nfirst\n\n<!-- .* -->\n$/)
  expect(again).toBe(both.replace('first', 'second'))
})

const count = expect.toSatisfy((value: unknown) => Number.isInteger(value) && Number(value) >= 0)
const cell = expect.stringMatching(/^[\d.,]+( \([\d.,]+–[\d.,]+\))?$/)
