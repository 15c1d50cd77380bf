import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonCodec } from './codec.ts'
import { encodeEntry, type NewEntry, readEntry, type SeenValue } from './entry.ts'
import type { Origin } from './origin.ts'
import { expired, renewed, withFreshUntil, withMark } from './patch.ts'
import { newToken } from './token.ts'

const until = 1_700_000_000_000
const [id, anotherId] = ['i'.repeat(22), 'j'.repeat(22)]
const [generation, anotherGeneration] = ['g'.repeat(16), 'h'.repeat(16)]
const origin: Origin = { generation, tagMoment: undefined }
const later: Origin = { generation: anotherGeneration, tagMoment: { id: 'd'.repeat(16), reading: 17 } }
const plain: NewEntry = {
  id,
  format: 'json',
  negative: false,
  packing: '-',
  freshFor: 60_000,
  cost: 25,
  etag: 'abc',
  origin,
  tags: [],
  payload: Buffer.from('{"a":1}'),
}
const raw = encodeEntry(plain)
const zero = '0'.repeat(13)
const life = '000006000000000025v-'
const rest = '-json abc\n{"a":1}'
const tail = `${life}${generation}${rest}`
const tagMoment = { id: 'c'.repeat(16), reading: 16 }
const tagged = encodeEntry({ ...plain, origin: { generation, tagMoment }, tags: ['a'] })
const moment = `${tagMoment.id}0000000000000016`
const taggedRest = 'json abc #a\n{"a":1}'

describe('a value', () => {
  it.each([
    ['with the end of its freshness', withFreshUntil(raw, until), `V${id}3-${zero}1700000000000${tail}`],
    ['with a mark of a refresh', withMark(raw, 'refreshing', until), `V${id}3r1700000000000${zero}${tail}`],
    ['with a mark of a failed refresh', withMark(raw, 'failed', until), `V${id}3f1700000000000${zero}${tail}`],
    [
      'that is renewed',
      renewed(withMark(raw, 'failed', until), anotherId, until, 5, later),
      `V${anotherId}3-${zero}17000000000000000000005${life.slice(10)}${anotherGeneration}${rest}`,
    ],
    [
      'with tags, that is renewed',
      renewed(tagged, anotherId, until, 5, later),
      `V${anotherId}3-${zero}17000000000000000000005${life.slice(10)}${anotherGeneration}t${'d'.repeat(16)}${'17'.padStart(16, '0')}${taggedRest}`,
    ],
    [
      'with tags, that is renewed without a moment of the tag clock',
      renewed(tagged, anotherId, until, 5, { ...later, tagMoment: undefined }),
      `V${anotherId}3-${zero}17000000000000000000005${life.slice(10)}${anotherGeneration}t${moment}${taggedRest}`,
    ],
    [
      'that is expired',
      expired(withFreshUntil(withMark(raw, 'refreshing', until), until), anotherId),
      `V${anotherId}3-${zero}${zero}${tail}`,
    ],
  ])('%s', (_what, patched, text) => {
    expect(patched.toString()).toBe(text)
  })

  const format = { codec: jsonCodec, name: 'json', maxValueSize: 10_000, freezes: false }
  const seen = (bytes: Buffer): SeenValue => {
    const entry = readEntry(bytes, format)
    if (entry.kind !== 'value') throw new Error(`expected a value, got: ${entry.kind}`)
    return entry
  }
  const stamp = fc.stringMatching(/^[!-~]{16}$/)
  const origins = fc.record({ generation: stamp, tagMoment: fc.record({ id: stamp, reading: fc.maxSafeNat() }) })
  const entries = fc.record({
    id: fc.constant(null).map(newToken),
    format: fc.constant('json'),
    negative: fc.boolean(),
    packing: fc.constant('-' as const),
    freshFor: fc.nat(),
    cost: fc.nat({ max: 99_999_999 }),
    etag: fc.option(fc.string(), { nil: undefined }),
    origin: origins,
    tags: fc.array(fc.string(), { maxLength: 4 }),
    payload: fc.json().map((json) => Buffer.from(json)),
  })
  const times = fc.nat({ max: 9_999_999_999_999 })

  it('keeps all that a patch is not about, and the bytes that were patched stay as they were', () => {
    fc.assert(
      fc.property(entries, times, times, fc.nat(), origins, (entry, one, other, freshFor, given) => {
        const before = withMark(withFreshUntil(encodeEntry(entry), one), 'refreshing', other)
        const copy = Buffer.from(before)
        const was = seen(before)
        const head = Buffer.from(`V${anotherId}`)

        expect(seen(withFreshUntil(before, other))).toEqual({
          ...was,
          lifetime: { ...was.lifetime, freshUntil: other },
        })
        expect(seen(withMark(before, 'failed', one))).toEqual({ ...was, mark: { kind: 'failed', until: one } })
        expect(seen(renewed(before, anotherId, other, freshFor, given))).toEqual({
          ...was,
          head,
          mark: undefined,
          lifetime: { ...was.lifetime, freshUntil: other, freshFor },
          origin: was.tags.length > 0 ? given : { ...given, tagMoment: undefined },
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
