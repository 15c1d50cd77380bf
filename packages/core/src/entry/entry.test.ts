import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Codec, jsonCodec } from './codec.ts'
import { type CompressionMark, compress } from './compression.ts'
import {
  digits,
  encodeEntry,
  type Format,
  fixedLength,
  headLength,
  headOf,
  isBarrier,
  isLease,
  isReadableValue,
  isTaggedValue,
  isValue,
  leaseHead,
  type NewEntry,
  readEntry,
  type Seen,
  valueHead,
} from './entry.ts'
import type { Origin } from './origin.ts'
import { newToken, tokenLength } from './token.ts'

const id = 'i'.repeat(tokenLength)
const format: Format = { codec: jsonCodec, name: 'json', maxValueSize: 10_000, freezes: false }
const bytesCodec: Codec = { id: 'bytes', encode: (value) => value as Buffer, decode: (payload) => payload }

const generation = 'g'.repeat(16)
const tagMoment = { id: 'c'.repeat(16), reading: 1_700_000_000_000_000 }
const origin: Origin = { generation, tagMoment }
const taggedStamp = `${generation}t${tagMoment.id}1700000000000000`
const plain: NewEntry = {
  id,
  format: 'json',
  negative: false,
  packing: '-',
  freshFor: 60_000,
  cost: 25,
  etag: undefined,
  origin,
  tags: [],
  payload: Buffer.from('{"a":1}'),
}
const encoded = (changed: Partial<NewEntry> = {}) => encodeEntry({ ...plain, ...changed })
const zeros = '0'.repeat(26)

/** A value's header up to its format, in the words of the table, of text. */
const header = ({
  version = '3',
  mark = '-',
  times = zeros,
  life = '000006000000000025',
  kind = 'v',
  packing = '-',
  stamp = `${generation}-`,
} = {}) => `V${id}${version}${mark}${times}${life}${kind}${packing}${stamp}`
const seen = (text: string, as = format) => readEntry(Buffer.from(text, 'latin1'), as)

describe('an entry', () => {
  it('has a head of 23 bytes and a header of 88 to the format or the moment of its tags, the lengths that are written in the scripts', () => {
    expect(headLength).toBe(23)
    expect(fixedLength).toBe(88)
    expect(headOf(encoded())).toEqual(valueHead(id))
    expect(leaseHead(newToken())).toHaveLength(headLength)
    expect(encoded().toString('latin1', fixedLength)).toBe('json\n{"a":1}')
  })

  it.each<readonly [string, Partial<NewEntry>, string]>([
    ['a value', {}, `${header()}json\n{"a":1}`],
    ['a cached "does not exist"', { negative: true }, `${header({ kind: 'n' })}json\n{"a":1}`],
    ['a format with a version', { format: 'json/2' }, `${header()}json/2\n{"a":1}`],
    ['a payload that is compressed', { packing: 'g' }, `${header({ packing: 'g' })}json\n{"a":1}`],
    ['an etag', { etag: 'W/"a b%\n"' }, `${header()}json W%2F%22a%20b%25%0A%22\n{"a":1}`],
    ['an empty etag', { etag: '' }, `${header()}json \n{"a":1}`],
    ['tags', { tags: ['a', 'category:9'] }, `${header({ stamp: taggedStamp })}json #a,category:9\n{"a":1}`],
    ['an etag and tags', { etag: '#a b', tags: ['a'] }, `${header({ stamp: taggedStamp })}json %23a%20b #a\n{"a":1}`],
    ['an empty etag and tags', { etag: '', tags: ['a'] }, `${header({ stamp: taggedStamp })}json  #a\n{"a":1}`],
    [
      'tags with odd characters',
      { tags: ['a b,c#d\n%', 'é😀', 'a::b'] },
      `${header({ stamp: taggedStamp })}json #a%20b%2Cc%23d%0A%25,%C3%A9%F0%9F%98%80,a::b\n{"a":1}`,
    ],
    [
      'an early moment of its tags',
      { tags: ['a'], origin: { generation, tagMoment: { id: tagMoment.id, reading: 7 } } },
      `${header({ stamp: `${generation}t${tagMoment.id}0000000000000007` })}json #a\n{"a":1}`,
    ],
    ['no moment, where it has no tags', { origin: { generation, tagMoment: undefined } }, `${header()}json\n{"a":1}`],
    [
      'amounts that are not whole',
      { freshFor: 1.5, cost: 0.4 },
      `${header({ life: '000000000200000000' })}json\n{"a":1}`,
    ],
    ['amounts that are too large', { freshFor: 1e12, cost: 1e12 }, `${header({ life: '9'.repeat(18) })}json\n{"a":1}`],
  ])('is readable as text: %s', (_what, changed, text) => {
    expect(encoded(changed).toString('latin1')).toBe(text)
  })

  it('comes back with all that was written', async () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }).filter(isWellFormed),
      fc.string({ unit: fc.constantFrom(' ', '#', ',', '%', ':', '\n', '/', '-', 'a', 'é', '😀') }),
    )
    const stamps = fc.stringMatching(/^[!-~]{16}$/)
    const plainObjects = { noNullPrototype: true }
    const moments = fc.record({ id: stamps, reading: fc.maxSafeNat() }, plainObjects)
    const written = fc.record({
      name: fc.stringMatching(/^[a-z0-9.-]{1,32}(\/[a-z0-9.-]{1,32})?$/),
      etag: fc.option(texts, { nil: undefined }),
      json: fc.json(),
      negative: fc.boolean(),
      freshFor: fc.nat({ max: 2 ** 31 - 1 }),
      cost: fc.nat({ max: 99_999_999 }),
      algorithm: fc.option(fc.constantFrom('gzip', 'brotli')),
      before: fc.record({ generation: stamps, tagMoment: moments }, plainObjects),
      tags: fc.array(texts, { maxLength: 5 }),
    })

    await fc.assert(
      fc.asyncProperty(written, async ({ name, etag, json, negative, freshFor, cost, algorithm, before, tags }) => {
        const payload = Buffer.from(json)
        const { mark, payload: kept } = algorithm
          ? await compress(payload, { algorithm, threshold: 0 })
          : { mark: '-' as CompressionMark, payload }
        const token = newToken()

        const raw = encodeEntry({
          id: token,
          format: name,
          negative,
          packing: mark,
          freshFor,
          cost,
          etag,
          origin: before,
          tags,
          payload: kept,
        })

        expect(isReadableValue(raw)).toBe(true)
        expect(isTaggedValue(raw)).toBe(tags.length > 0)
        expect(readEntry(raw, { ...format, name })).toStrictEqual({
          kind: 'value',
          head: valueHead(token),
          value: JSON.parse(json),
          payload,
          lifetime: { freshUntil: 0, freshFor, cost, negative },
          mark: undefined,
          etag,
          origin: tags.length > 0 ? before : { ...before, tagMoment: undefined },
          tags,
        })
      }),
      { numRuns: 300 },
    )
  })

  it('comes back byte for byte through a codec of bytes', () => {
    const bytes = { ...format, codec: bytesCodec, name: 'bytes' }

    fc.assert(
      fc.property(fc.uint8Array(), (some) => {
        const payload = Buffer.from(some)

        expect(readEntry(encoded({ format: 'bytes', payload }), bytes)).toMatchObject({ kind: 'value', value: payload })
      }),
    )
  })
})

describe('readEntry', () => {
  it('takes null for absent', () => {
    expect(readEntry(null, format)).toEqual({ kind: 'absent' })
  })

  it('takes the head of a lease, and nothing behind it, for a lease', () => {
    expect(seen(`L${id}`)).toEqual({ kind: 'lease' })
    expect(seen(`L${id}x`)).toMatchObject({ kind: 'unreadable' })
  })

  it.each([
    ['of one writer', `B-${id}1700000000000`],
    ['of several writers, contended', `Bx${id}1700000000000${id}1700000000000`],
  ])('takes a barrier for one: %s', (_what, text) => {
    expect(seen(text)).toEqual({ kind: 'barrier' })
  })

  it('tells when it ends, which the server has written, and how long it was to be fresh', () => {
    const raw = seen(`${header({ times: '00000000000001700000000000', life: '000006000000000025' })}json\n1`)

    expect(raw).toMatchObject({
      lifetime: { freshUntil: 1_700_000_000_000, freshFor: 60_000, cost: 25, negative: false },
    })
  })

  it.each([
    ['-', undefined],
    ['r', { kind: 'refreshing', until: 1_700_000_000_000 }],
    ['f', { kind: 'failed', until: 1_700_000_000_000 }],
    // Advice only: what cannot be understood is as good as none.
    ['?', undefined],
  ])('tells the mark %s', (mark, told) => {
    expect(seen(`${header({ mark, times: '17000000000000000000000000' })}json\n1`)).toMatchObject({
      kind: 'value',
      mark: told,
    })
  })

  it('takes a mark until no time at all for one that is over', () => {
    expect(seen(`${header({ mark: 'r', times: `soon.........${'0'.repeat(13)}` })}json\n1`)).toMatchObject({
      mark: { kind: 'refreshing', until: 0 },
    })
  })

  it.each([
    ['nothing at all', ''],
    ['a number', '42'],
    ['somebody’s JSON', '{"id":1,"name":"somebody else wrote this"}'],
    ['a lease that is cut', `L${id}`.slice(0, -1)],
    ['a value that is cut in its head', `V${id}`.slice(0, -1)],
    ['a value without anything behind its head', `V${id}`],
    ['a value that is cut in its header', header().slice(0, -1)],
    ['a value that is cut in its generation', header().slice(0, -2)],
    ['a value that is cut in the moment of its tags', header({ stamp: taggedStamp }).slice(0, -1)],
    ['a value that is cut in its format', `${header()}jso`],
    ['a value that is cut before its payload', `${header()}json`],
    ['the beginning of a barrier', 'B-'],
    ['a barrier that is cut', `B-${id}170000000000`],
    ['a barrier with something behind it', `B-${id}1700000000000x`],
    ['a value that is cut in its tags', `${header({ stamp: taggedStamp })}json #a,b`],
    ['a state of a later version', `W${id}3`],
  ])('cannot read %s: no entry of a cache', (_what, text) => {
    expect(seen(text)).toEqual({
      kind: 'unreadable',
      reason: 'not an entry of a cache',
      head: Buffer.from(text.slice(0, 23)),
      outdated: false,
    })
  })

  it.each<readonly [string, string, string?]>([
    ['the end of its freshness', header({ times: `${'0'.repeat(25)}x` })],
    ['the end of its freshness, signed', header({ times: `${'0'.repeat(13)}-170000000000` })],
    ['its soft TTL', header({ life: '0000 6000000000025' })],
    ['its cost', header({ life: '00000600000000002.' })],
    ['its kind', header({ kind: 'w' })],
    ['its kind, in another case', header({ kind: 'V' })],
    ['whether it has tags', header({ stamp: `${generation}T` })],
    ['the moment of its tags', header({ stamp: `${generation}t${tagMoment.id}170000000000000x` }), ' #a'],
    ['tags without a moment', header(), ' #a'],
    ['a moment without tags', header({ stamp: taggedStamp })],
    ['a moment without tags, beside an etag', header({ stamp: taggedStamp }), ' abc'],
  ])('cannot read a value that no cache has written, by %s', (_what, text, notes = '') => {
    expect(seen(`${text}json${notes}\n1`)).toMatchObject({
      kind: 'unreadable',
      reason: 'not an entry of a cache',
      outdated: false,
    })
  })

  it.each([
    ['1', true],
    ['2', true],
    ['4', true],
    ['x', false],
  ])('cannot read the format version %s', (version, outdated) => {
    expect(seen(`${header({ version })}json\n1`)).toMatchObject({
      kind: 'unreadable',
      reason: 'written in another format version',
      outdated,
    })
  })

  it('cannot read what the versions before have written, however short: it is outdated', () => {
    for (const text of [`V${id}1vjson\n1`, `V${id}2-${zeros}000006000000000025v-json\n1`])
      expect(seen(text)).toMatchObject({ reason: 'written in another format version', outdated: true })
  })

  it.each(['jso', 'json2', 'json/1', 'yaml', 'JSON', '', 'js\non', ' json'])(
    'cannot read an entry of the format %j: it is outdated',
    (name) => {
      expect(seen(`${header()}${name}\n1`)).toMatchObject({
        kind: 'unreadable',
        reason: 'not written as "json"',
        outdated: true,
      })
    },
  )

  it('cannot read what the codec cannot, and shows nothing of the payload', () => {
    expect(seen(`${header()}json\nsecret`)).toEqual({
      kind: 'unreadable',
      reason: 'codec "json" cannot read it: SyntaxError',
      head: valueHead(id),
      outdated: false,
    })
  })

  it.each([
    ['a compression that nobody knows', `${header({ packing: '?' })}json\n1`],
    ['a payload that is not compressed as it says', `${header({ packing: 'g' })}json\n1`],
    ['an etag that nobody has written', `${header()}json %E0%A4\n1`],
    ['a tag that nobody has written', `${header({ stamp: taggedStamp })}json #a,%E0%A4\n1`],
    ['more than it may be', `${header()}json\n"${'x'.repeat(format.maxValueSize)}"`],
  ])('cannot read %s', (_what, text) => {
    expect(seen(text)).toMatchObject({ kind: 'unreadable', outdated: false })
  })

  it('cannot read what is more than it may be once decompressed', async () => {
    const payload = Buffer.from(`"${'x'.repeat(format.maxValueSize)}"`)
    const compressed = await compress(payload, { algorithm: 'gzip', threshold: 0 })

    const raw = encoded({ packing: compressed.mark, payload: compressed.payload })

    expect(raw.length).toBeLessThan(format.maxValueSize)
    expect(readEntry(raw, format)).toMatchObject({ kind: 'unreadable' })
    expect(readEntry(raw, { ...format, maxValueSize: payload.length })).toMatchObject({ kind: 'value' })
  })

  it('cannot read what a codec refuses without an error', () => {
    const nothing: unknown = null
    const codec: Codec = {
      ...jsonCodec,
      decode: () => {
        throw nothing
      },
    }

    expect(readEntry(encoded(), { ...format, codec })).toMatchObject({
      reason: 'codec "json" cannot read it: unknown error',
    })
  })

  it('gives no value of a header that is cut', () => {
    for (const tags of [[], ['a', 'b']]) {
      const raw = encoded({ etag: 'abc', tags, payload: Buffer.from('1') })
      const kinds = Array.from({ length: raw.length }, (_, length) => readEntry(raw.subarray(0, length), format).kind)

      expect(new Set<Seen['kind']>(kinds)).toEqual(new Set(['unreadable']))
    }
  })
})

describe('a state', () => {
  it.each<readonly [string, Buffer, readonly boolean[]]>([
    ['a lease', leaseHead(id), [true, false, false, false]],
    ['a barrier', Buffer.from(`B-${id}1700000000000`), [false, true, false, false]],
    ['a value', encoded(), [false, false, true, true]],
    ['a value without a payload', encoded({ payload: Buffer.alloc(0) }), [false, false, true, true]],
    ['a value that is cut in its header', encoded().subarray(0, fixedLength), [false, false, true, false]],
    ['a value of another version', Buffer.from(`V${id}1vjson\n${'x'.repeat(80)}`), [false, false, true, false]],
    ['nothing', Buffer.alloc(0), [false, false, false, false]],
    ['the head of a value alone', valueHead(id), [false, false, false, false]],
    ['the beginning of a barrier', Buffer.from('B-'), [false, false, false, false]],
  ])('is told by its first bytes and its length: %s', (_what, raw, expected) => {
    expect([isLease, isBarrier, isValue, isReadableValue].map((is) => is(raw))).toEqual(expected)
  })
})

describe('digits', () => {
  it.each([
    [0, 4, '0000'],
    [7, 4, '0007'],
    [6.5, 4, '0007'],
    [9_999, 4, '9999'],
    [10_000, 4, '9999'],
    [Infinity, 4, '9999'],
  ])('of %d in %i places are %s', (amount, width, text) => {
    expect(digits(amount, width)).toBe(text)
  })
})

describe('a token', () => {
  it('has 22 characters that need no escaping anywhere, and is never the same again', () => {
    const tokens = Array.from({ length: 1_000 }, newToken)

    for (const token of tokens) expect(token).toMatch(/^[\w-]{22}$/)
    expect(new Set(tokens).size).toBe(1_000)
  })
})

/** Without half a surrogate pair. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}
