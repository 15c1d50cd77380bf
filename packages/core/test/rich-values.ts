import fc from 'fast-check'
import { expect } from 'vitest'
import type { Codec } from '../src/entry/codec.ts'

/** What a codec is asked to hold: all of it, unless something is left out. */
export interface Holds {
  readonly texts?: (text: string) => boolean
  readonly names?: (name: string) => boolean
  readonly minusZero?: boolean
  readonly bytes?: boolean
  readonly invalidDates?: boolean
  readonly gaps?: boolean
}

const oddTexts = [
  '\ud800',
  'a\udc00b',
  `\ud800${'x'.repeat(80)}`,
  '\ufeffx',
  `\ufeff${'x'.repeat(80)}`,
  `\ufeff${'é'.repeat(40)}`,
  '',
  '.',
  '\\',
  'a.b',
  'a\\.b',
  '0',
  '-1',
  '\0',
  '\u2028',
  'é'.repeat(100),
  '€'.repeat(100),
  '😀'.repeat(40),
]
const oddNames = (
  '__proto__ __keys__ __defineGetter__ constructor prototype toJSON toString then length hasOwnProperty ' +
  'json meta values referentialEqualities 4294967294 4294967295 NaN'
).split(' ')
const odd64 = [2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n, 2n ** 127n, 2n ** 128n, 2n ** 1023n, 2n ** 4096n]
const views = [Uint8Array, Int8Array, Uint8ClampedArray, Uint16Array, Int16Array, Uint32Array, Int32Array].map(
  (View) => (bytes: Uint8Array) => View.from(bytes),
)

/** Plain data of every kind, deep, with what is hard to bring back. */
export function richValues(holds: Holds = {}): fc.Arbitrary<unknown> {
  const { texts = () => true, names = () => true } = holds
  const { minusZero = true, bytes = true, invalidDates = true, gaps = true } = holds
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 100 }), fc.constantFrom(...oddTexts)).filter(texts)
  const name = fc
    .oneof(text, fc.constantFrom('id', 'name', 'tags', ...oddNames))
    .filter((one) => names(one) && texts(one))
  const number = fc
    .oneof(fc.double(), fc.integer(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 2 ** 32, -(2 ** 31) - 1, 2 ** 53))
    .filter((one) => minusZero || !Object.is(one, -0))
  const bigint = fc.oneof(
    fc.bigInt(),
    fc
      .tuple(fc.constantFrom(...odd64), fc.constantFrom(-1n, 0n, 1n), fc.constantFrom(-1n, 1n))
      .map(([size, near, sign]) => (size + near) * sign),
  )
  const binary = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((some) => Buffer.from(some)),
    fc.tuple(fc.uint8Array(), fc.constantFrom(...views)).map(([some, view]) => view(some)),
    fc.float32Array(),
    fc.float64Array(),
    fc.bigInt64Array(),
    fc.bigUint64Array(),
  )
  const date = fc.oneof(
    fc.date({ noInvalidDate: true }),
    fc
      .constantFrom(-1, 0, 1, 2 ** 32 * 1000 - 1, 2 ** 32 * 1000, 2 ** 34 * 1000, -8.64e15, 8.64e15)
      .map((at) => new Date(at)),
  )
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(null, true, false, undefined),
      number,
      text,
      bigint,
      date,
      invalidDates ? fc.constant(new Date(NaN)) : fc.constant(null),
      bytes ? binary : fc.constant(null),
      fc.array(tie('value')),
      gaps ? fc.array(tie('value'), { minLength: 1 }).map(withGap) : fc.constant([]),
      fc.dictionary(name, tie('value'), { noNullPrototype: true }),
      rows(name, tie('value')),
      fc.array(fc.tuple(tie('value'), tie('value'))).map((entries) => new Map(entries)),
      fc.array(tie('value')).map((members) => new Set(members)),
    ),
  }))
  return value.filter((one) => one !== undefined)
}

/** Several objects with the same names, as from a database. */
const rows = (name: fc.Arbitrary<string>, value: fc.Arbitrary<unknown>) =>
  fc.uniqueArray(name, { maxLength: 4 }).chain((columns) =>
    fc.array(
      fc
        .tuple(...columns.map(() => value))
        .map((cells) => Object.fromEntries(columns.map((column, at) => [column, cells[at]]))),
      { maxLength: 6 },
    ),
  )

function withGap(array: unknown[]): unknown[] {
  const gap: unknown[] = []
  array.forEach((item, at) => {
    gap[at + 1] = item
  })
  return gap
}

export const through = (codec: Codec, value: unknown): unknown => codec.decode(codec.encode(value))

/** Equal to the last: classes, order in maps and sets, gaps, minus zero, whatever properties are called. */
export function expectSame(given: unknown, expected: unknown): void {
  expect(inWords(given)).toBe(inWords(expected))
}

function inWords(value: unknown): string {
  if (Object.is(value, -0)) return '-0'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return String(value)
  const list = (items: Iterable<unknown>) => Array.from(items, inWords).join()
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Date.prototype) return `Date ${(value as Date).getTime()}`
  if (prototype === Map.prototype) return `Map(${list(value as Map<unknown, unknown>)})`
  if (prototype === Set.prototype) return `Set(${list(value as Set<unknown>)})`
  if (prototype === Array.prototype) return `[${(value as unknown[]).length}: ${list(Object.entries(value).flat())}]`
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${list(value as Uint8Array)})`
  return `${prototype === Object.prototype ? '' : 'of another class '}{${list(Object.entries(value).flat())}}`
}
