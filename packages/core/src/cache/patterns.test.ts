import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { storeKey } from '../entry/key.ts'
import { globMatcher } from '../protocol/glob.ts'
import { formsInStore } from './patterns.ts'

describe('formsInStore', () => {
  it.each(['*', 'user:1:*', 'user:1:**', 'user:?', 'user:[1-3]', 'user:\\*', 'x'.repeat(199)])(
    'is %j alone, which says no more of a key than what it begins with',
    (pattern) => {
      expect(formsInStore(pattern)).toEqual([pattern])
    },
  )

  it('has one form more for keys that are stored under a digest', () => {
    expect(formsInStore('user:*:orders')).toEqual(['user:*:orders', `user:*%#${'?'.repeat(64)}`])
  })

  it('finds every key that the pattern matches as it stands in the store', () => {
    /** A piece of a pattern, and a text it stands for. */
    const piece = fc.oneof(
      fc.constantFrom<[string, string]>(['a', 'a'], ['é', 'é'], ['𝄞', '𝄞'], ['\\*', '*'], ['[a-c]', 'b'], ['?', 'x']),
      fc.tuple(fc.constant('*'), fc.string({ unit: fc.constantFrom('a', 'é', '𝄞', '€'), maxLength: 120 })),
      fc.nat({ max: 260 }).map((length): [string, string] => ['a'.repeat(length), 'a'.repeat(length)]),
    )
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
        const [pattern, key] = [0, 1].map((side) => pieces.map((each) => each[side]).join('')) as [string, string]
        fc.pre(key !== '')
        expect(globMatcher(pattern)(key)).toBe(true)

        const stored = storeKey('n', key).slice('n:'.length)

        expect(formsInStore(pattern).some((form) => globMatcher(form)(stored))).toBe(true)
      }),
      { numRuns: 5_000 },
    )
  })
})
