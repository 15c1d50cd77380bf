import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Lifetime } from './entry.ts'
import { type Freshness, type FreshnessSettings, freshness, isServed, lifetimeOf } from './freshness.ts'

const now = 1_700_000_000_000
const settings: FreshnessSettings = {
  ttl: 60_000,
  negativeTtl: 5_000,
  jitter: 0,
  staleWhileRevalidate: 0,
  failSafe: 0,
  earlyRefresh: 0,
  earlyRefreshAt: 1,
}
const fresh: Lifetime = { freshUntil: now + 60_000, freshFor: 60_000, cost: 100, negative: false }
/** Fresh until so many milliseconds from now; before now, if that is negative. */
const until = (left: number, changed: Partial<Lifetime> = {}): Lifetime => ({
  ...fresh,
  freshUntil: now + left,
  ...changed,
})
const expiredByCall: Lifetime = { ...fresh, freshUntil: 0 }

const revalidating = { staleWhileRevalidate: 1_000 }
const failSafe = { failSafe: 5_000 }
const both = { ...revalidating, ...failSafe }
const negative = { negative: true }

/** The chance with which a value is due that is fresh for as long as its load took, with an earlyRefresh of 1. */
const evenChance = 1 - Math.exp(-1)

interface Case {
  readonly what: string
  readonly lifetime: Lifetime
  readonly given?: Partial<FreshnessSettings>
  readonly chance?: number
  readonly is: Freshness
}

describe('freshness', () => {
  it.each<Case>([
    { what: 'a value', lifetime: fresh, is: 'fresh' },
    { what: 'a value in its last millisecond', lifetime: until(1), is: 'fresh' },
    { what: 'a value whose freshness ends now', lifetime: until(0), is: 'over' },
    { what: 'a value whose freshness has ended', lifetime: until(-1), is: 'over' },
    { what: 'a value of long ago', lifetime: until(-now + 1), is: 'over' },
    { what: 'a "does not exist"', lifetime: until(1, negative), is: 'fresh' },
    { what: 'a "does not exist" whose freshness ends now', lifetime: until(0, negative), is: 'over' },
  ])('of $what, without windows, is $is', judged)

  it.each<Case>([
    { what: 'ends now, to be revalidated', lifetime: until(0), given: revalidating, is: 'stale' },
    { what: 'ended a millisecond less ago than may be', lifetime: until(-999), given: revalidating, is: 'stale' },
    { what: 'ended as long ago as may be', lifetime: until(-1_000), given: revalidating, is: 'over' },
    { what: 'ends now, fail-safe', lifetime: until(0), given: failSafe, is: 'fallback' },
    { what: 'ended nearly as long ago as fail-safe', lifetime: until(-4_999), given: failSafe, is: 'fallback' },
    { what: 'ended as long ago as fail-safe', lifetime: until(-5_000), given: failSafe, is: 'over' },
    { what: 'expired by a tag', lifetime: { ...fresh, expiredByTag: true }, is: 'over' },
    {
      what: 'expired by a tag, fail-safe',
      lifetime: { ...fresh, expiredByTag: true },
      given: failSafe,
      is: 'fallback',
    },
    {
      what: 'expired by a tag, over, fail-safe',
      lifetime: { ...until(-5_000), expiredByTag: true },
      given: failSafe,
      is: 'over',
    },
    { what: 'ends now, with both windows', lifetime: until(0), given: both, is: 'stale' },
    { what: 'ended before the shorter window', lifetime: until(-1_000), given: both, is: 'fallback' },
    { what: 'ended before the longer window', lifetime: until(-5_000), given: both, is: 'over' },
    {
      what: 'ended, with a fail-safe that is the shorter window',
      lifetime: until(-6_000),
      given: { ...failSafe, staleWhileRevalidate: 7_000 },
      is: 'stale',
    },
    { what: 'is to come, with both windows', lifetime: until(1), given: both, is: 'fresh' },
    { what: 'ends now, of a "does not exist"', lifetime: until(0, negative), given: both, is: 'over' },
  ])('of a value whose freshness $what is $is', judged)

  it.each<Case>([
    { what: 'a value', lifetime: expiredByCall, is: 'over' },
    { what: 'a value to be revalidated', lifetime: expiredByCall, given: revalidating, is: 'over' },
    { what: 'a value, fail-safe', lifetime: expiredByCall, given: failSafe, is: 'fallback' },
    { what: 'a value, with both windows', lifetime: expiredByCall, given: both, is: 'fallback' },
    { what: 'a value, with the shortest fail-safe', lifetime: expiredByCall, given: { failSafe: 1 }, is: 'fallback' },
    { what: 'a "does not exist"', lifetime: { ...expiredByCall, ...negative }, given: both, is: 'over' },
    {
      what: 'a value that is refreshed early',
      lifetime: expiredByCall,
      given: { earlyRefresh: 1e9 },
      chance: 0.99,
      is: 'over',
    },
  ])('of $what that was expired by call is $is', judged)

  it.each<Case>([
    { what: 'no chance', lifetime: until(1), given: { earlyRefresh: 1 }, chance: 0, is: 'fresh' },
    {
      what: 'less than the chance',
      lifetime: until(100),
      given: { earlyRefresh: 1 },
      chance: evenChance - 1e-6,
      is: 'fresh',
    },
    { what: 'the chance', lifetime: until(100), given: { earlyRefresh: 1 }, chance: evenChance + 1e-6, is: 'due' },
    {
      what: 'the chance, with less time left',
      lifetime: until(50),
      given: { earlyRefresh: 1 },
      chance: evenChance,
      is: 'due',
    },
    {
      what: 'the chance, with more time left',
      lifetime: until(101),
      given: { earlyRefresh: 1 },
      chance: evenChance,
      is: 'fresh',
    },
    {
      what: 'the chance, and half as strong',
      lifetime: until(100),
      given: { earlyRefresh: 0.5 },
      chance: evenChance,
      is: 'fresh',
    },
    {
      what: 'hardly a chance, and very strong',
      lifetime: until(60_000),
      given: { earlyRefresh: 1e9 },
      chance: 0.001,
      is: 'due',
    },
    { what: 'the chance, turned off', lifetime: until(1), given: { earlyRefresh: 0 }, chance: 0.999_999, is: 'fresh' },
    {
      what: 'the chance, and no cost',
      lifetime: until(1, { cost: 0 }),
      given: { earlyRefresh: 1 },
      chance: 0.999_999,
      is: 'fresh',
    },
    {
      what: 'the chance, of a "does not exist"',
      lifetime: until(100, negative),
      given: { earlyRefresh: 1 },
      chance: 0.99,
      is: 'due',
    },
    { what: 'the chance, too late', lifetime: until(0), given: { earlyRefresh: 1 }, chance: 0.99, is: 'over' },
    { what: 'certainty, turned off and no cost', lifetime: until(1, { cost: 0 }), chance: 1, is: 'fresh' },
  ])('of a value with $what is $is', judged)

  it.each<Case>([
    { what: 'before its share', lifetime: until(15_001), given: { earlyRefreshAt: 0.75 }, is: 'fresh' },
    { what: 'at its share', lifetime: until(15_000), given: { earlyRefreshAt: 0.75 }, is: 'due' },
    { what: 'after its share', lifetime: until(1), given: { earlyRefreshAt: 0.75 }, is: 'due' },
    { what: 'at the end, where there is no share', lifetime: until(1), given: { earlyRefreshAt: 1 }, is: 'fresh' },
    {
      what: 'at its share, by the TTL that it was written with',
      lifetime: until(15_000, { freshFor: 6_000 }),
      given: { earlyRefreshAt: 0.75 },
      is: 'fresh',
    },
    {
      what: 'at its share, of a "does not exist"',
      lifetime: until(15_000, negative),
      given: { earlyRefreshAt: 0.75 },
      is: 'due',
    },
    {
      what: 'at the end, past its share',
      lifetime: until(0),
      given: { earlyRefreshAt: 0.75, ...revalidating },
      is: 'stale',
    },
  ])('of a value $what of the soft TTL is $is', judged)

  it('gives way in one order as time goes by: fresh, due, stale, fallback, over', () => {
    const order: readonly Freshness[] = ['fresh', 'due', 'stale', 'fallback', 'over']
    const windows = fc.record({
      staleWhileRevalidate: fc.nat({ max: 100 }),
      failSafe: fc.nat({ max: 100 }),
      earlyRefresh: fc.double({ min: 0, max: 10, noNaN: true }),
      earlyRefreshAt: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    const lifetimes = fc.record({
      freshUntil: fc.integer({ min: now - 150, max: now + 150 }),
      freshFor: fc.nat({ max: 200 }),
      cost: fc.nat({ max: 100 }),
      negative: fc.boolean(),
    })

    fc.assert(
      fc.property(
        lifetimes,
        windows,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (lifetime, given, chance) => {
          const judgedAt = (time: number) => order.indexOf(freshness(lifetime, { ...settings, ...given }, time, chance))
          const course = Array.from({ length: 300 }, (_, passed) => judgedAt(now - 150 + passed))

          expect(course).not.toContain(-1)
          expect(course).toEqual(course.toSorted((one, other) => one - other))
        },
      ),
    )
  })

  it.each<readonly [Freshness, boolean]>([
    ['fresh', true],
    ['due', true],
    ['stale', true],
    ['fallback', false],
    ['over', false],
  ])('says whether a value may be served without a load: %s', (judgement, served) => {
    expect(isServed(judgement)).toBe(served)
  })
})

describe('lifetimeOf', () => {
  it.each<readonly [string, Partial<FreshnessSettings>, boolean, number, number | undefined, number, number]>([
    ['a value', {}, false, 0.5, undefined, 60_000, 60_000],
    ['a "does not exist"', {}, true, 0.5, undefined, 5_000, 5_000],
    ['a value, by its loader', {}, false, 0.5, 7_000, 7_000, 7_000],
    ['a "does not exist", by its loader', {}, true, 0.5, 7_000, 7_000, 7_000],
    ['a value to be revalidated', revalidating, false, 0.5, undefined, 60_000, 61_000],
    ['a value, fail-safe', failSafe, false, 0.5, undefined, 60_000, 65_000],
    ['a value, with both windows', both, false, 0.5, undefined, 60_000, 65_000],
    ['a value, with both windows, by its loader', both, false, 0.5, 7_000, 7_000, 12_000],
    ['a "does not exist", with both windows', both, true, 0.5, undefined, 5_000, 5_000],
    ['a value, jittered, by no chance', { jitter: 0.5 }, false, 0, undefined, 60_000, 60_000],
    ['a value, jittered', { jitter: 0.5 }, false, 0.5, undefined, 45_000, 45_000],
    ['a value, jittered, by its loader and kept', { jitter: 0.5, ...failSafe }, false, 0.5, 10, 8, 5_008],
    ['a value, jittered away', { jitter: 1 }, false, 1, undefined, 1, 1],
    ['a value, to a whole millisecond', { jitter: 0.25 }, false, 0.5, 5, 4, 4],
  ])('of %s', (_what, given, isNegative, chance, byLoader, freshFor, ttl) => {
    expect(lifetimeOf({ ...settings, ...given }, isNegative, chance, byLoader)).toEqual({ freshFor, ttl })
  })

  it('is whole, never shorter than the jitter allows nor longer than was set, and kept for the windows', () => {
    const amount = fc.integer({ min: 1, max: 2 ** 31 - 1 })
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    const lengths = fc.record({
      ttl: amount,
      negativeTtl: amount,
      staleWhileRevalidate: fc.nat(),
      failSafe: fc.nat(),
      jitter: share,
    })

    fc.assert(
      fc.property(
        lengths,
        fc.boolean(),
        share,
        fc.option(amount, { nil: undefined }),
        (given, isNegative, chance, byLoader) => {
          const { freshFor, ttl } = lifetimeOf({ ...settings, ...given }, isNegative, chance, byLoader)
          const full = byLoader ?? (isNegative ? given.negativeTtl : given.ttl)

          expect(Number.isInteger(freshFor)).toBe(true)
          expect(freshFor).toBeGreaterThanOrEqual(Math.max(1, Math.floor(full * (1 - given.jitter))))
          expect(freshFor).toBeLessThanOrEqual(full)
          expect(ttl - freshFor).toBe(isNegative ? 0 : Math.max(given.staleWhileRevalidate, given.failSafe))
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

function judged({ lifetime, given = {}, chance = 0.5, is }: Case): void {
  expect(freshness(lifetime, { ...settings, ...given }, now, chance)).toBe(is)
}
