import v8 from 'node:v8'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectSame, richValues, through } from '../../test/rich-values.ts'
import { v8Codec } from './v8-codec.ts'

class Money {
  readonly amount: number
  readonly at = new Date(0)
  constructor(amount: number) {
    this.amount = amount
  }
  get double() {
    return this.amount * 2
  }
}

describe('v8Codec', () => {
  it('brings every value back as it was', () => {
    fc.assert(
      fc.property(richValues(), (given) => {
        expectSame(through(v8Codec, given), given)
      }),
      { numRuns: 2_000 },
    )
  })

  it('brings back a cycle, and one object in two places as one', () => {
    const shared = { id: 1 }
    const given: Record<string, unknown> = { a: shared, b: new Set([shared]) }
    given['self'] = given

    const back = through(v8Codec, given) as { a: unknown; b: Set<unknown>; self: unknown }

    expect(back.self).toBe(back)
    expect(back.b.has(back.a)).toBe(true)
    expect(back.a).not.toBe(shared)
  })

  it.each([
    ['an object of a class', new Money(2), { amount: 2, at: new Date(0) }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ['a property named by a symbol', { a: 1, [Symbol('b')]: 2 }, { a: 1 }],
  ])('makes of %s what JSON does, and keeps its dates', (_what, given, becomes) => {
    expectSame(through(v8Codec, given), becomes)
  })

  it('gives typed arrays memory of their own', () => {
    const payload = v8Codec.encode({
      bytes: Buffer.from('bytes'),
      numbers: new Float64Array([1, 2]),
      odd: new Uint8Array(3),
    })
    const read = () => v8Codec.decode(payload) as { bytes: Buffer; numbers: Float64Array; odd: Uint8Array }
    const first = read()

    first.bytes.fill(0)
    first.numbers.fill(0)

    expect(read()).toStrictEqual({
      bytes: Buffer.from('bytes'),
      numbers: new Float64Array([1, 2]),
      odd: new Uint8Array(3),
    })
    for (const own of Object.values(first)) expect(own.buffer.byteLength).toBe(own.byteLength)
  })

  it.each([
    ['undefined', undefined, 'undefined cannot be cached; return null for "does not exist"'],
    ['a function', () => 1, 'the value is a function, which v8 cannot hold'],
    ['a symbol', Symbol('s'), 'the value is a symbol, which v8 cannot hold'],
    ['a method', { save: () => 1 }, 'property "save" is a function, which v8 cannot hold'],
    ['a function as a key of a Map', new Map([[() => 1, 1]]), 'a key of a Map is a function, which v8 cannot hold'],
    ['a symbol in a Map', new Map([[1, Symbol('s')]]), 'a value of a Map is a symbol, which v8 cannot hold'],
    ['a symbol in a Set', [new Set([Symbol('s')])], 'a member of a Set is a symbol, which v8 cannot hold'],
    [
      'a Date of another class',
      new (class Day extends Date {})(0),
      'the value is of class Day, which the codec v8 does not hold',
    ],
    [
      'an Error',
      { cause: new TypeError('no') },
      'property "cause" is of class TypeError, which the codec v8 does not hold',
    ],
    ['a RegExp', [/a/g], 'property "0" is of class RegExp, which the codec v8 does not hold'],
    ['a URL', new URL('http://localhost'), 'the value is of class URL, which the codec v8 does not hold'],
    [
      'a Promise',
      { user: Promise.resolve(1) },
      'property "user" is of class Promise, which the codec v8 does not hold',
    ],
    [
      'a Map of another class',
      new (class LruMap extends Map {})(),
      'the value is of class LruMap, which the codec v8 does not hold',
    ],
    ['a boxed number', new Number(1), 'the value is of class Number, which the codec v8 does not hold'],
    [
      'an object with a toJSON of its class',
      {
        price: new (class Decimal {
          readonly digits = [1, 2]
          toJSON() {
            return '12'
          }
        })(),
      },
      'property "price" is of class Decimal, which the codec v8 does not hold',
    ],
  ])('refuses %s', (_what, given, message) => {
    expect(() => v8Codec.encode(given)).toThrow(new TypeError(message))
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['JSON', Buffer.from('{"a":1}')],
    ['a later format', Buffer.from([0xff, 0x7f, 0x30])],
    ['half of an entry', v8.serialize({ a: 'text', b: [1, 2] }).subarray(0, -3)],
    ['more bytes than there are', Buffer.from([0xff, 0x0f, 0x5c, 0x01, 0xff, 0xff, 0x03])],
    ['a typed array of no kind', Buffer.from([0xff, 0x0f, 0x5c, 0x7f, 0x01, 0x00])],
    ['undefined', v8.serialize(undefined)],
  ])('throws on a payload that holds %s', (_what, payload) => {
    expect(() => v8Codec.decode(payload)).toThrow()
  })
})
