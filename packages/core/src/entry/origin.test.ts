import { describe, expect, it } from 'vitest'
import { isSettling, judgeByTags, type TagReading, type TagReadings } from './origin.ts'

const id = 'c'.repeat(16)
const moment = { id, reading: 100 }
const readings = (of: Readonly<Record<string, readonly [voidBefore: number, expiredBefore: number]>>): TagReadings => ({
  id,
  clock: 1_000,
  of: new Map<string, TagReading>(
    Object.entries(of).map(([tag, [voidBefore, expiredBefore]]) => [tag, { voidBefore, expiredBefore }]),
  ),
})

describe('an entry with a moment of the tag clock', () => {
  it.each([
    ['as it was loaded, or before', { a: [100, 0], b: [99, 100] }, 'valid'],
    ['expired since', { a: [0, 101], b: [0, 0] }, 'expired'],
    ['void since', { a: [0, 0], b: [101, 0] }, 'void'],
    ['void since, and another expired', { a: [0, 101], b: [101, 0] }, 'void'],
    ['not asked for', { a: [0, 0] }, 'void'],
  ] as const)('is by its tags: %s', (_what, of, judged) => {
    expect(judgeByTags(moment, ['a', 'b'], readings(of))).toBe(judged)
  })

  it('is void by another clock, whatever that says', () => {
    expect(judgeByTags({ ...moment, id: 'd'.repeat(16) }, ['a'], readings({ a: [0, 0] }))).toBe('void')
    expect(judgeByTags(moment, ['a'], { ...readings({ a: [0, 0] }), id: undefined })).toBe('void')
    expect(judgeByTags(moment, ['a'], undefined)).toBe('void')
  })

  it('is valid where it has no tags, whatever the clock says', () => {
    expect(judgeByTags(moment, [], undefined)).toBe('valid')
    expect(judgeByTags(undefined, [], readings({}))).toBe('valid')
  })
})

it('an entry without a moment is void for who goes by a tag', () => {
  expect(judgeByTags(undefined, ['a'], readings({ a: [0, 0] }))).toBe('void')
})

it('a generation settles that begins with !', () => {
  expect(['!', `!${'g'.repeat(15)}`, 'g'.repeat(16), ''].map(isSettling)).toEqual([true, true, false, false])
})
