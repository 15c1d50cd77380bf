import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UncacheableValueError } from '../errors.ts'
import { type Codec, encodeValue, jsonCodec } from './codec.ts'

const throughJson = (value: unknown) => jsonCodec.decode(jsonCodec.encode(value))

describe('jsonCodec', () => {
  it('brings every JSON value back as it was', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\ud800', '\u2028', '\u0000', '__proto__'))
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom(null, true, false, '', 0, [], {}),
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
        text,
        fc.array(tie('value')),
        fc.dictionary(text, tie('value'), { noNullPrototype: true }),
      ),
    }))

    fc.assert(
      fc.property(value, (given) => {
        expect(throughJson(given)).toStrictEqual(given)
      }),
      { numRuns: 2_000 },
    )
  })

  it('writes what a person can read', () => {
    expect(jsonCodec.encode({ id: 1, name: 'Zoë' }).toString()).toBe('{"id":1,"name":"Zoë"}')
  })

  it.each([
    ['a Date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a Buffer', Buffer.from('hi'), { type: 'Buffer', data: [104, 105] }],
    ['NaN', NaN, null],
    ['Infinity', Infinity, null],
    ['minus zero', -0, 0],
    ['a property that is undefined', { a: 1, b: undefined }, { a: 1 }],
    ['an undefined in an array', [1, undefined], [1, null]],
    ['an object with toJSON', { toJSON: () => ({ a: 1 }) }, { a: 1 }],
  ])('makes of %s what JSON does', (_what, value, becomes) => {
    expect(throughJson(value)).toStrictEqual(becomes)
  })

  it.each([
    ['undefined', undefined, 'undefined cannot be cached; return null for "does not exist"'],
    ['a function', () => 1, 'the value is a function, which JSON cannot hold'],
    ['a symbol', Symbol('s'), 'the value is a symbol, which JSON cannot hold'],
    ['a bigint', 1n, 'the value is a bigint, which JSON cannot hold'],
    ['a Map', new Map([['a', 1]]), 'the value is a Map, which JSON would empty'],
    ['a Set', new Set([1]), 'the value is a Set, which JSON would empty'],
    ['a method', { save: () => 1 }, 'property "save" is a function, which JSON cannot hold'],
    ['a deep bigint', { user: { id: 1n } }, 'property "id" is a bigint, which JSON cannot hold'],
    ['a Map in an array', [new Map()], 'property "0" is a Map, which JSON would empty'],
    [
      'what toJSON gives, where JSON cannot hold it',
      { toJSON: () => 1n },
      'the value is a bigint, which JSON cannot hold',
    ],
  ])('refuses %s', (_what, value, message) => {
    expect(() => jsonCodec.encode(value)).toThrow(new TypeError(message))
  })

  it('refuses a toJSON that gives undefined, as it refuses undefined', () => {
    expect(() => jsonCodec.encode({ toJSON: () => undefined })).toThrow('undefined')
    expect(() => jsonCodec.encode({ toJSON: () => undefined })).not.toThrow('first argument')
  })

  it('refuses a cycle', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle

    expect(() => jsonCodec.encode(cycle)).toThrow(/circular/i)
  })

  it('reads a payload with __proto__ without touching any prototype', () => {
    const payload = Buffer.from('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}')

    const decoded = jsonCodec.decode(payload) as object

    expect(Object.hasOwn(decoded, '__proto__')).toBe(true)
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it.each(['', '{', 'undefined', '{"a":1}x', '\u0000'])('throws on the payload %j', (payload) => {
    expect(() => jsonCodec.decode(Buffer.from(payload))).toThrow(SyntaxError)
  })
})

describe('encodeValue', () => {
  it('gives what the codec makes', () => {
    expect(encodeValue(jsonCodec, 'user:1', { id: 1 })).toEqual(Buffer.from('{"id":1}'))
  })

  it('names the key and the reason when the codec refuses, and keeps the codec’s own error', () => {
    const refused = new RangeError('too deep')

    expect(() => encodeValue(refusing(refused), 'user:1', {})).toThrow(
      expect.objectContaining({
        name: 'UncacheableValueError',
        code: 'UNCACHEABLE',
        key: 'user:1',
        message: 'store "user:1": too deep',
        cause: refused,
      }),
    )
  })

  it('takes it for a refusal when a codec throws what is no error', () => {
    expect(() => encodeValue(refusing('no'), 'user:1', {})).toThrow(new UncacheableValueError('user:1', 'no'))
  })
})

function refusing(thrown: unknown): Codec {
  return {
    id: 'refusing',
    encode: () => {
      throw thrown
    },
    decode: () => undefined,
  }
}
