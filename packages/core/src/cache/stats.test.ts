import { describe, expect, it } from 'vitest'
import type { CacheEvent } from '../events.ts'
import { type CacheStats, StatsCounter } from './stats.ts'

const nothing: CacheStats = {
  hits: 0,
  nearHits: 0,
  nearEntries: 0,
  nearBytes: 0,
  misses: 0,
  hitRatio: 0,
  stale: 0,
  refreshes: 0,
  loads: 0,
  loadErrors: 0,
  stampedesSuppressed: 0,
  fillsRejected: 0,
  invalidations: 0,
  updates: 0,
  tagInvalidations: 0,
  invalidationErrors: 0,
  invalidationsReplayed: 0,
  invalidationsLost: 0,
  storeErrors: 0,
  corrupt: 0,
  loadLatency: { count: 0, mean: 0, p50: 0, p99: 0, max: 0 },
}

function statsOf(...events: readonly CacheEvent[]): CacheStats {
  const counter = new StatsCounter()
  for (const event of events) counter.count(event)
  return counter.snapshot()
}

const key = 'user:1'
const error = new Error('no database')

describe('stats', () => {
  it('are zeros before the first event', () => {
    expect(statsOf()).toEqual(nothing)
  })

  it.each<[string, CacheEvent, Partial<CacheStats>]>([
    ['a hit', { type: 'hit', key, near: false }, { hits: 1, hitRatio: 1 }],
    ['a miss', { type: 'miss', key }, { misses: 1 }],
    ['a load that failed', { type: 'load-error', key, duration: 5, error }, { loads: 1, loadErrors: 1 }],
    ['a join', { type: 'join', key }, { stampedesSuppressed: 1 }],
    ['a wait', { type: 'wait', key }, { stampedesSuppressed: 1 }],
    ['a fill that was accepted', { type: 'fill', key, accepted: true }, {}],
    ['a fill that was rejected', { type: 'fill', key, accepted: false }, { fillsRejected: 1 }],
    ['a lost lease', { type: 'lease-lost', key }, {}],
    ['an invalidation, by its keys', { type: 'invalidate', keys: ['a', 'b', 'c'] }, { invalidations: 3 }],
    [
      'a failed invalidation, by its keys',
      { type: 'invalidate-error', operation: 'invalidate', keys: ['a', 'b'], tags: [], error },
      { invalidationErrors: 2 },
    ],
    [
      'a failed invalidation, by its tags too',
      { type: 'invalidate-error', operation: 'mutate', keys: ['a', 'b'], tags: ['t'], error },
      { invalidationErrors: 3 },
    ],
    [
      'a clear that failed as one',
      { type: 'invalidate-error', operation: 'clear', keys: [], tags: [], error },
      { invalidationErrors: 1 },
    ],
    ['an invalidation of tags, by its tags', { type: 'invalidate-tags', tags: ['t', 'u'] }, { tagInvalidations: 2 }],
    ['an expiry of tags by call, by its tags', { type: 'expire-tags', tags: ['t', 'u'] }, { tagInvalidations: 2 }],
    ['a clear', { type: 'clear' }, {}],
    ['an update in place', { type: 'update', operation: 'append', key: 'a' }, { updates: 1 }],
    ['an expiry by call, by its keys', { type: 'expire', keys: ['a', 'b'] }, { invalidations: 2 }],
    [
      'an invalidation that is pending',
      { type: 'invalidate-pending', operation: 'invalidate', keys: ['a', 'b'], tags: ['t'] },
      {},
    ],
    [
      'invalidations that came late',
      { type: 'invalidate-replayed', count: 4, overflowed: false },
      { invalidationsReplayed: 4 },
    ],
    ['invalidations that are lost', { type: 'invalidate-lost', count: 4, overflowed: false }, { invalidationsLost: 4 }],
    ['a value that is not fresh', { type: 'stale', key, reason: 'revalidating' }, { stale: 1 }],
    ['a refresh', { type: 'refresh', key }, { refreshes: 1 }],
    ['another try', { type: 'retry', key, attempt: 1, error }, {}],
    ['a value that is unchanged', { type: 'renew', key, accepted: true }, {}],
    ['a barrier that had fallen', { type: 'barrier-lost', key }, {}],
    ['an entry of another form', { type: 'outdated', key, reason: 'not written as "json"' }, {}],
    ['a store that is away', { type: 'degraded', reason: error }, {}],
    ['a store that is back', { type: 'recovered', after: 5 }, {}],
    ['an unreadable entry', { type: 'corrupt', key, reason: 'not an entry of a cache' }, { corrupt: 1 }],
    ['a value that is too large', { type: 'oversize', key, size: 9 }, {}],
    ['a store that failed', { type: 'store-error', operation: 'read', key, error }, { storeErrors: 1 }],
  ])('count %s', (_what, event, changed) => {
    expect(statsOf(event)).toEqual({ ...nothing, ...changed })
  })

  it('count a load that gave a value, and how long it took', () => {
    expect(statsOf({ type: 'load', key, duration: 12 })).toMatchObject({
      loads: 1,
      loadErrors: 0,
      loadLatency: { count: 1, mean: within(12), p50: within(12), p99: within(12), max: within(12) },
    })
  })

  it('take loads that failed for loads, and not for their latency', () => {
    expect(
      statsOf({ type: 'load', key, duration: 1 }, { type: 'load-error', key, duration: 1_000, error }),
    ).toMatchObject({ loads: 2, loadErrors: 1, loadLatency: { count: 1, max: within(1) } })
  })

  it('give the hit ratio over all reads', () => {
    const events: CacheEvent[] = [
      { type: 'hit', key, near: false },
      { type: 'hit', key, near: false },
      { type: 'hit', key, near: false },
      { type: 'miss', key },
      { type: 'load', key, duration: 1 },
      { type: 'join', key },
    ]

    expect(statsOf(...events).hitRatio).toBe(0.75)
  })

  it('give the latency of loads in milliseconds, to one in a thousand', () => {
    const loads = Array.from({ length: 100 }, (_, index): CacheEvent => ({ type: 'load', key, duration: index + 1 }))

    expect(statsOf(...loads).loadLatency).toEqual({
      count: 100,
      mean: within(50.5),
      p50: within(50),
      p99: within(99),
      max: within(100),
    })
  })

  it.each([0, 0.0001])('take a load of %j ms for one of a microsecond', (duration) => {
    expect(statsOf({ type: 'load', key, duration }).loadLatency).toEqual({
      count: 1,
      mean: 0.001,
      p50: 0.001,
      p99: 0.001,
      max: 0.001,
    })
  })

  it('of a snapshot do not change with what comes after it', () => {
    const counter = new StatsCounter()
    const before = counter.snapshot()

    counter.count({ type: 'hit', key, near: false })
    counter.count({ type: 'load', key, duration: 1 })

    expect(before).toEqual(nothing)
  })
})

function within(milliseconds: number): number {
  return expect.toSatisfy(
    (given: number) => Math.abs(given - milliseconds) <= milliseconds / 1_000,
    `${milliseconds} ± 0.1 %`,
  ) as number
}
