import { describe, expect, it } from 'vitest'
import { isBarred } from './validity.ts'

const now = 1_000_000
const [past, soon, future] = [now - 5_000, now + 50, now + 10_000].map((milliseconds) => milliseconds * 1_000) as [
  number,
  number,
  number,
]
const readings = (voidBefore: number, clock = past) => ({
  id: 'c'.repeat(16),
  clock,
  of: new Map([['a', { voidBefore, expiredBefore: 0 }]]),
})

describe('a load is barred', () => {
  it.each<readonly [string, boolean, number, number, readonly string[]]>([
    ['while a tag of it is void well beyond the time', true, future, past, ['a']],
    ['not by what is as close as two clocks can be apart', false, soon, past, ['a']],
    ['not by what was void before', false, past, past, ['a']],
    ['not by a reading that was given, where the time has stepped back since', false, future, future, ['a']],
    ['not by the tags of others', false, future, past, ['b']],
    ['not without tags', false, future, past, []],
  ])('%s', (_when, barred, voidBefore, clock, tags) => {
    expect(isBarred(readings(voidBefore, clock), tags, now)).toBe(barred)
  })

  it('not where nobody has asked', () => {
    expect(isBarred(undefined, ['a'], now)).toBe(false)
  })
})
