import { msgpackrCodec } from '@cache-aside/core/msgpackr'
import { superjsonCodec } from '@cache-aside/core/superjson'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Codec, jsonCodec } from '../../src/entry/codec.ts'
import { compress, decompress, supportedCompressions } from '../../src/entry/compression.ts'
import { v8Codec } from '../../src/entry/v8-codec.ts'
import { expectSame, through } from '../rich-values.ts'
import { almost } from './mutations.ts'

/** Inputs in all. `FUZZ_RUNS=1000000 FUZZ_SEED=1 vitest run …` for a long run, and to repeat one. */
const inputs = Number(process.env['FUZZ_RUNS'] ?? 50_000)
const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const numRuns = Math.ceil(inputs / (4 + supportedCompressions.length))

const rows = Array.from({ length: 6 }, (_, id) => ({ id, name: `Zoë ${id}`, tags: ['a', 'b'], price: id / 7 }))
const plain = [null, 0, -1, 1.5, 'text', '', 'é'.repeat(80), [], {}, [1, [2, [3]]], rows, { a: { b: { c: rows } } }]
const rich = [
  ...plain,
  { at: new Date(1.7e12), before: new Date(-1), big: [1n, -(2n ** 64n), 2n ** 300n], none: undefined },
  new Map<unknown, unknown>([
    [{ id: 1 }, new Set([1, 'two', 3n])],
    ['nested', new Map([[new Date(0), NaN]])],
  ]),
]
const binary = [...rich, { bytes: Buffer.from('bytes'), numbers: new Float64Array([1, 2]), small: new Int8Array(3) }]

const text = (...words: string[]) => words.map((word) => Buffer.from(word))
const bytes = (...words: number[][]) => words.map((word) => Buffer.from(word))
const jsonWords = text(
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '"__proto__":',
  '"constructor":',
  'null',
  '1e999',
  '-0',
  '\\ud800',
)
const codecs: { codec: Codec; corpus: unknown[]; words: Buffer[] }[] = [
  { codec: jsonCodec, corpus: plain, words: jsonWords },
  {
    codec: superjsonCodec,
    corpus: rich,
    words: [
      ...jsonWords,
      ...text('"json":', '"meta":', '"values":', '"v":1', '"v":0', '"referentialEqualities":', '["set"]', '["map"]'),
      ...text('["undefined"]', '["bigint"]', '["Date"]', '["number"]', '["Error"]', '["regexp"]', '["class","Object"]'),
      ...text('["typed-array","Uint8Array"]', '"constructor.prototype"', '"0.0"', '4294967295'),
    ],
  },
  {
    codec: msgpackrCodec,
    corpus: binary,
    words: [
      // Headers of arrays, maps, text, bytes and extensions with lengths that promise too much.
      ...[0xc6, 0xc9, 0xdb, 0xdd, 0xdf].flatMap((header) =>
        bytes([header, 0xff, 0xff, 0xff, 0xff], [header, 1, 0, 0, 0]),
      ),
      ...[0xc5, 0xc8, 0xda, 0xdc, 0xde].flatMap((header) => bytes([header, 0xff, 0xff], [header, 0, 4])),
      ...[0x00, 0x42, 0x62, 0x65, 0x69, 0x70, 0x72, 0x73, 0x74, 0x78, 0xff].flatMap((type) =>
        bytes([0xd4, type, 0], [0xd5, type, 0x40, 1], [0xd6, type, 0, 0, 0, 1], [0xc7, 4, type]),
      ),
      ...bytes([0x40], [0x41], [0xc1], [0xa9, ...Buffer.from('__proto__')]),
    ],
  },
  {
    codec: v8Codec,
    corpus: binary,
    words: [
      // Tags, alone and with a length; not the one of sparse arrays with a great length, which V8 makes as asked.
      ...[...Buffer.from('^oA{$B~V;:\'ESc"ZnyxszRr\\@')].flatMap((tag) => bytes([tag], [tag, 0xff, 0x7f])),
      ...bytes(
        [0xff, 0x0f],
        [0xff, 0x0d],
        [0xff, 0xff, 0xff, 0xff, 0x0f],
        [0x5c, 10, 8],
        [0x22, 9, ...Buffer.from('__proto__')],
      ),
    ],
  },
]

const depth = 100_000
const bottomless = [
  ...text('['.repeat(depth), `${'['.repeat(depth)}${']'.repeat(depth)}`, `{"json":${'{"a":'.repeat(depth)}`),
  ...text(`{"json":[],"meta":{"values":${'["set",{"0":'.repeat(depth)}["set"]${'}]'.repeat(depth)},"v":1}}`),
  ...text(`{"json":[],"meta":{"values":{"${'0.'.repeat(depth)}":["set"]},"v":1}}`),
  ...[[0x91], [0x81], [0x81, 0xa1, 0x61], [0xd4, 0x73, 0], [0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61]].map((open) =>
    Buffer.alloc(depth, Buffer.from(open)),
  ),
  ...[[0x41, 1], [0x6f, 0x22, 1, 0x61], [0x3b], [0x27]].map((open) =>
    Buffer.concat([Buffer.from([0xff, 0x0f]), Buffer.alloc(depth, Buffer.from(open))]),
  ),
]

const objectPrototype = Reflect.ownKeys(Object.prototype).length

/** Throws an error or returns, and leaves everything outside as it was. */
function survives(read: () => unknown): unknown {
  let result: unknown
  try {
    result = read()
  } catch (error) {
    if (!(error instanceof Error)) throw new Error('threw what is no error', { cause: error })
  }
  if (Reflect.ownKeys(Object.prototype).length !== objectPrototype) throw new Error('changed Object.prototype')
  return result
}

describe(`bytes that nobody wrote, seed ${seed}`, { timeout: 20_000 + inputs / 10 }, () => {
  it.each(codecs)('are refused or read by the codec $codec.id, which then reads on', ({ codec, corpus, words }) => {
    const payloads = corpus.map((value) => Buffer.from(codec.encode(value)))
    const sample = corpus.at(-1)

    fc.assert(
      fc.property(almost(payloads, words), (payload) => {
        survives(() => codec.decode(payload))

        expectSame(through(codec, sample), sample)
      }),
      { numRuns, seed },
    )
  })

  it.each(codecs)('are refused or read by the codec $codec.id however deep they go', ({ codec, corpus }) => {
    const sample = corpus.at(-1)

    for (const payload of bottomless) survives(() => codec.decode(payload))

    expectSame(through(codec, sample), sample)
  })

  it.each(supportedCompressions)('are refused by %s, or give no more than the limit', async (algorithm) => {
    const limit = 4_096
    const compressed = await Promise.all(
      rich.map(async (value) => compress(v8Codec.encode([value, 'x'.repeat(200)]), { algorithm, threshold: 0 })),
    )
    const mark = compressed[0]?.mark ?? '-'
    const payloads = compressed.map(({ payload }) => payload)
    const words = bytes(
      [0],
      [0xff],
      [0x1f, 0x8b, 8, 0],
      [0x28, 0xb5, 0x2f, 0xfd],
      [0xff, 0xff, 0, 0],
      [0, 0, 0xff, 0xff],
    )

    fc.assert(
      fc.property(almost(payloads, words), (payload) => {
        const read = survives(() => decompress(mark, payload, limit)) as Buffer | undefined

        expect(read?.length ?? 0).toBeLessThanOrEqual(limit)
      }),
      { numRuns, seed },
    )
  })
})
