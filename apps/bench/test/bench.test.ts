import { expect, it } from 'vitest'
import type { PeerName } from '../src/peers/peers.ts'
import { withSection } from '../src/report.ts'
import { showSpread, spread } from '../src/spread.ts'
import { redisAway } from '../src/workloads/redis-away.ts'

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

it('a spread has the middle, the least and the most', () => {
  expect(spread([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 })
  expect(spread([4, 1])).toEqual({ median: 2.5, min: 1, max: 4 })
})

it('a spread is shown in few digits, and without what is the same in every round', () => {
  expect(showSpread(spread([0.1234, 9.876, 1234.5]))).toBe('9.9 (0.12–1,235)')
  expect(showSpread(spread([7, 7]))).toBe('7')
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
