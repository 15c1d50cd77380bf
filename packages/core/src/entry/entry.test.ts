import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Codec, jsonCodec } from './codec.ts'
import { encodeEntry, headLength, headOf, isValue, leaseHead, readEntry, type Seen } from './entry.ts'
import { newToken, tokenLength } from './token.ts'

const id = 'i'.repeat(tokenLength)
const entryOf = (value: unknown, negative = false) => encodeEntry(id, jsonCodec, jsonCodec.encode(value), negative)

/** State, id, version, kind, `json` and the newline. */
const headerLength = entryOf(1).length - 1

describe('an entry', () => {
  it('has a head of 23 bytes, the length that is written in the scripts', () => {
    expect(headLength).toBe(23)
    expect(headOf(entryOf({ a: 1 }))).toEqual(Buffer.from(`V${id}`))
    expect(Buffer.from(leaseHead(newToken()))).toHaveLength(headLength)
  })

  it('is readable as text', () => {
    expect(entryOf({ a: 1 }).toString()).toBe(`V${id}1vjson\n{"a":1}`)
  })

  it('says of a cached "does not exist" that it is one', () => {
    expect(entryOf(null, true).toString()).toBe(`V${id}1njson\nnull`)
  })

  it('comes back with its value and its payload', () => {
    fc.assert(
      fc.property(fc.json(), fc.boolean(), (json, negative) => {
        const payload = Buffer.from(json)
        const entry = encodeEntry(newToken(), jsonCodec, payload, negative)

        expect(isValue(entry)).toBe(true)
        expect(readEntry(entry, jsonCodec)).toStrictEqual({ kind: 'value', value: JSON.parse(json), payload })
      }),
    )
  })

  it('comes back byte for byte through a codec of bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const payload = Buffer.from(bytes)

        expect(readEntry(encodeEntry(newToken(), bytesCodec, payload, false), bytesCodec)).toMatchObject({
          kind: 'value',
          value: payload,
        })
      }),
    )
  })
})

describe('readEntry', () => {
  it('takes null for absent', () => {
    expect(readEntry(null, jsonCodec)).toEqual({ kind: 'absent' })
  })

  it('takes the head of a lease, and nothing behind it, for a lease', () => {
    expect(readEntry(Buffer.from(leaseHead(newToken())), jsonCodec)).toEqual({ kind: 'lease' })
    expect(readEntry(Buffer.from(`${leaseHead(newToken())}x`), jsonCodec)).toMatchObject({ kind: 'unreadable' })
  })

  it.each([
    ['nothing at all', ''],
    ['a number', '42'],
    ['somebody’s JSON', '{"id":1,"name":"somebody else wrote this"}'],
    ['a lease that is cut', leaseHead(id).slice(0, -1)],
    ['a value that is cut in its head', `V${id}`.slice(0, -1)],
    ['a value without anything behind its head', `V${id}`],
    ['a state of a later version', `B${id}1vjson\n1`],
  ])('cannot read %s: no entry of a cache', (_what, text) => {
    const raw = Buffer.from(text)

    expect(readEntry(raw, jsonCodec)).toEqual({
      kind: 'unreadable',
      reason: 'not an entry of a cache',
      head: raw.subarray(0, 23),
    })
  })

  it('cannot read another format version', () => {
    expect(reasonOf(`V${id}2vjson\n1`)).toBe('written in another format version')
  })

  it.each(['jso', 'json2', 'yaml', 'JSON', '', 'js\non'])('cannot read an entry of the codec %j', (codec) => {
    expect(reasonOf(`V${id}1v${codec}\n1`)).toBe('not written by codec "json"')
  })

  it('cannot read what the codec cannot, and shows nothing of the payload', () => {
    expect(reasonOf(`V${id}1vjson\nsecret`)).toBe('codec "json" cannot read it: SyntaxError')
  })

  it('cannot read what a codec refuses without an error', () => {
    const nothing: unknown = null
    const codec: Codec = {
      ...jsonCodec,
      decode: () => {
        throw nothing
      },
    }

    expect(readEntry(entryOf(1), codec)).toMatchObject({ reason: 'codec "json" cannot read it: unknown error' })
  })
})

/** Pieces that are right more often than not, so that what is put together is nearly an entry. */
const nearly = (right: string, minLength: number, maxLength: number) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(Buffer.from(right)) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength, maxLength }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.constantFrom('V', 'L', 'B', '1', 'v', '\n', '').map((text) => Buffer.from(text)) },
  )

describe('readEntry, of bytes that are not what was written,', () => {
  /** What an entry is, said once more and in other words. */
  const wellFormed = /^V[^]{22}1[^]json\n(?<payload>[^]*)$/

  const almostEntry = fc
    .tuple(
      nearly('V', 0, 2),
      nearly(id, 20, 24),
      nearly('1', 0, 2),
      nearly('v', 0, 2),
      nearly('json', 3, 5),
      nearly('\n', 0, 2),
      nearly('{"a":[1,"é"]}', 0, 8),
    )
    .map((pieces) => Buffer.concat(pieces))

  it('never throws, and takes for a value only what is well-formed', () => {
    let values = 0
    let unreadable = 0

    fc.assert(
      fc.property(
        fc.oneof(
          { weight: 4, arbitrary: almostEntry },
          { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)) },
        ),
        (raw) => {
          const seen = readEntry(raw, jsonCodec)

          const payload = wellFormed.exec(raw.toString('latin1'))?.groups?.['payload']
          const expected = payload === undefined ? undefined : parsed(Buffer.from(payload, 'latin1').toString())
          if (seen.kind === 'value') same(seen.value, expected?.value)
          else same(expected, undefined)
          if (seen.kind === 'value') values++
          if (seen.kind === 'unreadable') unreadable++
        },
      ),
      { numRuns: 60_000 },
    )

    // Neither side of the oracle was left out.
    expect(values).toBeGreaterThan(1_000)
    expect(unreadable).toBeGreaterThan(1_000)
  })

  it('gives the value that was written, or none, when a byte of the header is changed, lost or added', () => {
    const value = { a: [1, 'é'] }
    const entry = entryOf(value)
    const mutation = fc.record({
      at: fc.nat(headerLength - 1),
      lost: fc.nat(2),
      added: fc.uint8Array({ maxLength: 2 }),
    })

    fc.assert(
      fc.property(mutation, ({ at, lost, added }) => {
        const end = Math.min(at + lost, headerLength)
        const mutated = Buffer.concat([entry.subarray(0, at), added, entry.subarray(end)])

        const seen = readEntry(mutated, jsonCodec)

        if (seen.kind === 'value') same(seen.value, value)
        else same(seen.kind, 'unreadable')
      }),
      { numRuns: 40_000 },
    )
  })

  it('gives no value of a header that is cut', () => {
    const entry = entryOf({ a: 1 })
    const kinds = Array.from(
      { length: headerLength + 1 },
      (_, length) => readEntry(entry.subarray(0, length), jsonCodec).kind,
    )

    expect(new Set<Seen['kind']>(kinds)).toEqual(new Set(['unreadable']))
  })
})

describe('a token', () => {
  it('has 22 characters that need no escaping anywhere, and is never the same again', () => {
    const tokens = Array.from({ length: 1_000 }, newToken)

    for (const token of tokens) expect(token).toMatch(/^[\w-]{22}$/)
    expect(new Set(tokens).size).toBe(1_000)
  })
})

const bytesCodec: Codec = { id: 'bytes', encode: (value) => value as Buffer, decode: (payload) => payload }

function reasonOf(text: string): string {
  const seen = readEntry(Buffer.from(text), jsonCodec)
  return seen.kind === 'unreadable' ? seen.reason : seen.kind
}

function parsed(json: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(json) }
  } catch {
    return undefined
  }
}

/** `toStrictEqual`, fast enough for a hundred thousand comparisons. */
function same(one: unknown, another: unknown): void {
  if (!Object.is(one, another) && JSON.stringify(one) !== JSON.stringify(another)) expect(one).toStrictEqual(another)
}
