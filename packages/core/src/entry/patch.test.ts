import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonCodec } from './codec.ts'
import { encodeEntry, type NewEntry, readEntry, type SeenValue } from './entry.ts'
import { expired, renewed, withFreshUntil, withMark } from './patch.ts'
import { newToken } from './token.ts'

const until = 1_700_000_000_000
const [id, anotherId] = ['i'.repeat(22), 'j'.repeat(22)]
const plain: NewEntry = {
  id,
  format: 'json',
  negative: false,
  packing: '-',
  freshFor: 60_000,
  cost: 25,
  etag: 'abc',
  payload: Buffer.from('{"a":1}'),
}
const raw = encodeEntry(plain)
const zero = '0'.repeat(13)
const tail = '000006000000000025v-json abc\n{"a":1}'

describe('a value', () => {
  it.each([
    ['with the end of its freshness', withFreshUntil(raw, until), `V${id}2-${zero}1700000000000${tail}`],
    ['with a mark of a refresh', withMark(raw, 'refreshing', until), `V${id}2r1700000000000${zero}${tail}`],
    ['with a mark of a failed refresh', withMark(raw, 'failed', until), `V${id}2f1700000000000${zero}${tail}`],
    [
      'that is renewed',
      renewed(withMark(raw, 'failed', until), anotherId, until, 5),
      `V${anotherId}2-${zero}17000000000000000000005${tail.slice(10)}`,
    ],
    [
      'that is expired',
      expired(withFreshUntil(withMark(raw, 'refreshing', until), until), anotherId),
      `V${anotherId}2-${zero}${zero}${tail}`,
    ],
  ])('%s', (_what, patched, text) => {
    expect(patched.toString()).toBe(text)
  })

  const format = { codec: jsonCodec, name: 'json', maxValueSize: 10_000 }
  const seen = (bytes: Buffer): SeenValue => {
    const entry = readEntry(bytes, format)
    if (entry.kind !== 'value') throw new Error(`expected a value, got: ${entry.kind}`)
    return entry
  }
  const entries = fc.record({
    id: fc.constant(null).map(newToken),
    format: fc.constant('json'),
    negative: fc.boolean(),
    packing: fc.constant('-' as const),
    freshFor: fc.nat(),
    cost: fc.nat({ max: 99_999_999 }),
    etag: fc.option(fc.string(), { nil: undefined }),
    payload: fc.json().map((json) => Buffer.from(json)),
  })
  const times = fc.nat({ max: 9_999_999_999_999 })

  it('keeps all that a patch is not about, and the bytes that were patched stay as they were', () => {
    fc.assert(
      fc.property(entries, times, times, fc.nat(), (entry, one, other, freshFor) => {
        const before = withMark(withFreshUntil(encodeEntry(entry), one), 'refreshing', other)
        const copy = Buffer.from(before)
        const was = seen(before)
        const head = Buffer.from(`V${anotherId}`)

        expect(seen(withFreshUntil(before, other))).toEqual({
          ...was,
          lifetime: { ...was.lifetime, freshUntil: other },
        })
        expect(seen(withMark(before, 'failed', one))).toEqual({ ...was, mark: { kind: 'failed', until: one } })
        expect(seen(renewed(before, anotherId, other, freshFor))).toEqual({
          ...was,
          head,
          mark: undefined,
          lifetime: { ...was.lifetime, freshUntil: other, freshFor },
        })
        expect(seen(expired(before, anotherId))).toEqual({
          ...was,
          head,
          mark: undefined,
          lifetime: { ...was.lifetime, freshUntil: 0 },
        })
        expect(before).toEqual(copy)
      }),
    )
  })

  it('is the same however its patches are ordered, where they are about different parts', () => {
    fc.assert(
      fc.property(entries, times, times, (entry, one, other) => {
        const bytes = encodeEntry(entry)

        expect(withMark(withFreshUntil(bytes, one), 'failed', other)).toEqual(
          withFreshUntil(withMark(bytes, 'failed', other), one),
        )
      }),
    )
  })
})
