import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Codec, jsonCodec } from '../../src/entry/codec.ts'
import { type CompressionMark, compress, decompress } from '../../src/entry/compression.ts'
import { encodeEntry, type Format, type Lifetime, type Mark, readEntry, type Seen } from '../../src/entry/entry.ts'
import type { Origin } from '../../src/entry/origin.ts'
import { withFreshUntil, withMark } from '../../src/entry/patch.ts'
import { newToken } from '../../src/entry/token.ts'
import { almost } from './mutations.ts'

/** Inputs. `FUZZ_RUNS=1000000 FUZZ_SEED=1 vitest run …` for a long run, and to repeat one. */
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 60_000)
const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** Milliseconds. */
const timeout = 20_000 + numRuns

const maxValueSize = 2_000
const bytesCodec: Codec = { id: 'bytes', encode: (value) => value as Buffer, decode: (payload) => payload }
const formats: readonly Format[] = [
  { codec: jsonCodec, name: 'json', maxValueSize, freezes: false },
  { codec: jsonCodec, name: 'json/2', maxValueSize, freezes: false },
  { codec: bytesCodec, name: 'bytes', maxValueSize, freezes: false },
]

const payloads = [
  'null',
  '1',
  '"text"',
  '{"a":[1,"é"]}',
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":1}}}',
  `[${'"compressible",'.repeat(20)}1]`,
  `"${'longer than may be'.repeat(200)}"`,
].map((json) => Buffer.from(json))

const now = 1_700_000_000_000
const origin = { generation: 'g'.repeat(16), tagMoment: { id: 'c'.repeat(16), reading: 1_000 * now } }
const corpus: Buffer[] = []
for (const [index, payload] of payloads.entries()) {
  const packed = [
    { mark: '-' as CompressionMark, payload },
    await compress(payload, { algorithm: 'gzip', threshold: 0 }),
    await compress(payload, { algorithm: 'brotli', threshold: 0 }),
  ]
  for (const { name } of formats) {
    for (const [which, { mark, payload: kept }] of packed.entries()) {
      const entry = encodeEntry({
        id: newToken(),
        format: name,
        negative: index === 0,
        packing: mark,
        freshFor: 60_000,
        cost: 25,
        etag: [undefined, '', 'W/"a b-é%"'][which],
        origin,
        tags: [[], ['category:9'], ['a, b', '#é%\n', '']][(which + index) % 3] ?? [],
        payload: kept,
      })
      corpus.push(entry, withMark(withFreshUntil(entry, now), which === 0 ? 'refreshing' : 'failed', now + 5))
    }
  }
}
const values = [...corpus]
const others = [`L${newToken()}`, `B-${newToken()}${now}`, `Bx${newToken()}${now}${newToken()}${now}`].map((text) =>
  Buffer.from(text),
)
corpus.push(
  Buffer.from(`V${newToken()}1vjson\n{"a":1}`),
  Buffer.from(`V${newToken()}2-${'0'.repeat(26)}000006000000000025v-json\n{"a":1}`),
)

const texts =
  'V L B 3 2 1 - r f v n g b z x t # , / % json json/2 bytes NaN __proto__ "__proto__": %E0%A4 %zz %00 %0A %F0%9F%98%80'
const amounts =
  '0000000000000 9999999999999 -000000000001 0x00000000ff 1e10000000000 0000000000 9999999999 00000000 99999999 ' +
  '0000000000000000 9999999999999999 -000000000000001 1e10000000000000'
const words = [...texts.split(' '), ...amounts.split(' '), ' ', ' #', ' #a,b\n', '\n', '\0', `V${newToken()}3-`].map(
  (word) => Buffer.from(word),
)

/** The fields of a value's header: where they are, and how wide. */
const fields = [
  { at: 0, width: 1 },
  { at: 1, width: 22 },
  { at: 23, width: 1 },
  { at: 24, width: 1 },
  { at: 25, width: 13 },
  { at: 38, width: 13 },
  { at: 51, width: 10 },
  { at: 61, width: 8 },
  { at: 69, width: 1 },
  { at: 70, width: 1 },
  { at: 71, width: 16 },
  { at: 87, width: 1 },
  { at: 88, width: 16 },
  { at: 104, width: 16 },
]
const content = (width: number) =>
  fc.oneof(
    fc.uint8Array({ minLength: width, maxLength: width }).map((bytes) => Buffer.from(bytes)),
    fc.maxSafeNat().map((amount) => Buffer.from(String(amount).slice(-width).padStart(width, '0'))),
    fc.constantFrom(...words.filter(({ length }) => length === width), Buffer.alloc(width, '9')),
  )
const change = fc
  .constantFrom(...fields)
  .chain(({ at, width }) => fc.record({ at: fc.constant(at), put: content(width) }))
/** A value with some of its fields written over. */
const overwritten = fc
  .tuple(fc.constantFrom(...values), fc.array(change, { minLength: 1, maxLength: 3 }))
  .map(([value, changes]) => {
    const raw = Buffer.from(value)
    for (const { at, put } of changes) put.copy(raw, at)
    return raw
  })
/** The header of one value before the payload of another. */
const spliced = fc
  .tuple(fc.constantFrom(...values), fc.constantFrom(...values), fc.nat({ max: 130 }))
  .map(([one, another, at]) => Buffer.concat([one.subarray(0, at), another.subarray(at)]))
const inputs = fc.oneof(
  { weight: 5, arbitrary: almost(corpus, words) },
  { weight: 3, arbitrary: overwritten },
  { weight: 1, arbitrary: spliced },
  { weight: 1, arbitrary: almost(others, words) },
)

const fixed =
  /^V[^]{22}3(?<mark>[^])(?<until>[^]{13})(?<life>\d{31})(?<kind>[vn])(?<packing>[^])(?<generation>[^]{16})(?:-|t(?<clock>[^]{16})(?<reading>\d{16}))(?<rest>[^]*)$/
const rest = /^(?<format>[^ \n]*)(?<notes>(?: [^\n]*)?)\n(?<payload>[^]*)$/
/** An etag, then tags; what is behind them says nothing. */
const noted = /^(?: (?<etag>(?!#)[^ ]*))?(?: #(?<tags>[^ ]*))?(?: .*)?$/s
const marks = new Map([
  ['r', 'refreshing'],
  ['f', 'failed'],
  ['w', 'writing'],
] as const) as ReadonlyMap<string | undefined, Mark['kind']>

/** What the bytes hold, said once more and in other words: that which `encodeEntry` and the scripts would have written. */
function expected(raw: Buffer, { codec, name }: Format): Seen['kind'] | Held {
  const text = raw.toString('latin1')
  if (/^L[^]{22}$/.test(text)) return 'lease'
  if (/^B[^](?:[^]{35})+$/.test(text)) return 'barrier'

  const header = fixed.exec(text)?.groups
  const { format, notes = '', payload } = rest.exec(header?.['rest'] ?? '')?.groups ?? {}
  if (!header || payload === undefined || format !== name) return 'unreadable'
  const { mark, until = '', life = '', kind, packing = '', generation = '', clock, reading } = header
  const { etag, tags } = noted.exec(notes)?.groups ?? {}
  if ((clock === undefined) !== (tags === undefined)) return 'unreadable'
  const marked = marks.get(mark)
  try {
    const unpacked = decompress(packing, Buffer.from(payload, 'latin1'), maxValueSize)
    return {
      value: codec.decode(unpacked),
      payload: unpacked,
      etag: etag === undefined ? undefined : decodeURIComponent(etag),
      origin: { generation, tagMoment: clock === undefined ? undefined : { id: clock, reading: Number(reading) } },
      tags: tags?.split(',').map((tag) => decodeURIComponent(tag)) ?? [],
      mark: marked && { kind: marked, until: /^\d{13}$/.test(until) ? Number(until) : 0 },
      lifetime: {
        freshUntil: Number(life.slice(0, 13)),
        freshFor: Number(life.slice(13, 23)),
        cost: Number(life.slice(23)),
        negative: kind === 'n',
      },
    }
  } catch {
    return 'unreadable'
  }
}

interface Held {
  readonly value: unknown
  readonly payload: Buffer
  readonly etag: string | undefined
  readonly origin: Origin
  readonly tags: readonly string[]
  readonly mark: Mark | undefined
  readonly lifetime: Lifetime
}

const globals = [Object.prototype, Array.prototype, String.prototype, Buffer.prototype, Function.prototype]
const namesOf = () => globals.map((prototype) => Reflect.ownKeys(prototype))

describe(`readEntry, fuzzed with seed ${seed},`, () => {
  it(
    'never throws, changes nothing, and takes for a value only what is written as one',
    () => {
      const names = namesOf()
      const kinds = new Map<string, number>()

      fc.assert(
        fc.property(inputs, fc.constantFrom(...formats), (raw, format) => {
          const copy = Buffer.from(raw)

          const seen = readEntry(raw, format)

          const { kind, ...held } = shown(seen)
          const wanted = expected(raw, format)
          if (typeof wanted === 'string') same({ kind }, { kind: wanted })
          else same({ kind, ...held }, { kind: 'value', ...wanted, head: raw.subarray(0, 23) })
          if (!raw.equals(copy)) throw new Error('the bytes were changed')
          const told = held.tags?.length ? 'value with tags' : kind
          kinds.set(told, (kinds.get(told) ?? 0) + 1)
        }),
        { numRuns, seed },
      )

      // Neither side of the oracle was left out.
      for (const kind of ['value', 'value with tags', 'unreadable', 'lease', 'barrier'])
        expect(kinds.get(kind), kind).toBeGreaterThan(numRuns / 1_000)
      expect(namesOf()).toEqual(names)
    },
    timeout,
  )

  it(
    'says of what it cannot read no more than why, and by which head a lease may replace it',
    () => {
      const entries = ['secret', '{"secret":1', '"secret'].map((payload) =>
        encodeEntry({
          id: newToken(),
          format: 'json',
          negative: false,
          packing: '-',
          freshFor: 1,
          cost: 1,
          etag: 'secret',
          origin,
          tags: ['secret'],
          payload: Buffer.from(payload),
        }),
      )

      fc.assert(
        fc.property(almost(entries, words), fc.constantFrom(...formats), (raw, format) => {
          const seen = readEntry(raw, format)

          if (seen.kind !== 'unreadable') return
          if (seen.reason.includes('secret')) throw new Error(`shown: ${seen.reason}`)
          if (!seen.head.equals(raw.subarray(0, 23))) throw new Error(`another head: ${seen.head.toString('latin1')}`)
        }),
        { numRuns: Math.ceil(numRuns / 10), seed },
      )
    },
    timeout,
  )
})

/** What is seen of a value; of everything else, its kind. */
function shown(seen: Seen): { readonly kind: string } & Partial<Held> {
  return seen.kind === 'value' ? seen : { kind: seen.kind }
}

/** `toEqual`, fast enough for a million comparisons. */
function same(one: object, another: object): void {
  if (JSON.stringify(one, sorted) !== JSON.stringify(another, sorted)) expect(one).toEqual(another)
}

/** Objects that were made in another order of their properties are the same text. */
function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.entries(value).toSorted(([one], [another]) => (one < another ? -1 : 1))
}
