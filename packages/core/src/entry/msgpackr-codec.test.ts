import { msgpackrCodec } from '@cache-aside/core/msgpackr'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { expectSame, richValues, through } from '../../test/rich-values.ts'

const wellFormed = (text: string) => !/\p{Surrogate}/u.test(text) && !text.startsWith('\ufeff')
const held = richValues({
  texts: wellFormed,
  names: (name) => name !== '__proto__' && name !== '__keys__',
  minusZero: false,
  gaps: false,
})

const withGap: number[] = []
withGap[2] = 3

class Money {
  readonly amount: number
  readonly at = new Date(0)
  constructor(amount: number) {
    this.amount = amount
  }
}

describe('msgpackrCodec', () => {
  it('brings every value that it holds back as it was', () => {
    fc.assert(
      fc.property(held, (given) => {
        expectSame(through(msgpackrCodec, given), given)
      }),
      { numRuns: 2_000 },
    )
  })

  it('refuses every other value, or brings it back as it was', () => {
    fc.assert(
      fc.property(richValues({ minusZero: false }), (given) => {
        expectSame(unlessRefused(given), given)
      }),
      { numRuns: 2_000 },
    )
  })

  it('reads an entry without having read or written another', () => {
    const shapes = Array.from({ length: 300 }, (_, at) => ({
      [`shape${at % 150}`]: at,
      inner: { [`inner${at % 130}`]: [at] },
    }))
    const payload = msgpackrCodec.encode(shapes)

    expect(msgpackrCodec.encode(shapes)).toEqual(payload)
    expect(new Packr({ moreTypes: true }).unpack(payload)).toStrictEqual(shapes)
  })

  it('reads nothing out of another entry', () => {
    const defines = Buffer.from([0xd5, 0x72, 0x40, 1, 0x91, 0xa6, ...Buffer.from('secret'), 1])
    const refers = Buffer.from([0x92, 0xd5, 0x72, 0x40, 0, 0x91, 0xa1, 0x61, 1, 0x40, 1, 2])

    expect(msgpackrCodec.decode(defines)).toEqual({ secret: 1 })

    expect(() => msgpackrCodec.decode(refers)).toThrow()
  })

  it('holds more names in one object than 16 bits count', () => {
    const wide = Object.fromEntries(Array.from({ length: 70_000 }, (_, at) => [`name${at}`, at]))

    expect(through(msgpackrCodec, wide)).toStrictEqual(wide)
  })

  it.each([
    ['an object of a class', new Money(2), { amount: 2, at: new Date(0) }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ['a property named by a symbol', { a: 1, [Symbol('b')]: 2 }, { a: 1 }],
    ['minus zero', [-0], [0]],
  ])('makes of %s what JSON does, and keeps its dates', (_what, given, becomes) => {
    expectSame(through(msgpackrCodec, given), becomes)
  })

  it('brings one object in two places back as two', () => {
    const shared = { id: 1 }

    const [one, two] = through(msgpackrCodec, [shared, shared]) as object[]

    expect([one, two]).toStrictEqual([shared, shared])
    expect(one).not.toBe(two)
  })

  it('gives typed arrays memory of their own, and leaves the payload as it was', () => {
    const payload = msgpackrCodec.encode({ bytes: Buffer.from('bytes'), numbers: new Float64Array([1, 2]) })
    const before = Buffer.from(payload)
    const first = msgpackrCodec.decode(payload) as { bytes: Buffer; numbers: Float64Array }

    first.bytes.fill(0)
    first.numbers.fill(0)

    expect(payload).toStrictEqual(before)
    expect(first.bytes.buffer.byteLength).toBe(first.bytes.byteLength)
  })

  it.each([
    ['undefined', undefined, 'undefined cannot be cached; return null for "does not exist"'],
    ['a method', { save: () => 1 }, 'property "save" is a function, which msgpackr cannot hold'],
    ['a symbol', [Symbol('s')], 'property "0" is a symbol, which msgpackr cannot hold'],
    [
      'a Date of another class',
      new (class Day extends Date {})(0),
      'the value is of class Day, which the codec msgpackr does not hold',
    ],
    ['an Error', new Error('no'), 'the value is of class Error, which the codec msgpackr does not hold'],
    [
      'a Set of another class',
      new (class Tags extends Set {})(),
      'the value is of class Tags, which the codec msgpackr does not hold',
    ],
    [
      'an array with gaps',
      { list: withGap },
      'property "list" is an array with gaps or with properties, which msgpackr would lose',
    ],
    [
      'an array with properties',
      'a1'.match(/\d/),
      'the value is an array with gaps or with properties, which msgpackr would lose',
    ],
    [
      'half a surrogate pair',
      { name: 'a\ud800' },
      'property "name" is text with half a surrogate pair, which msgpackr would replace',
    ],
    [
      'a byte order mark',
      `\ufeff${'a'.repeat(99)}`,
      'the value is text that begins with a byte order mark, which msgpackr would drop',
    ],
    [
      'half a surrogate pair in a name',
      { '\ud800': 1 },
      'the name of property "\ud800" is text with half a surrogate pair, which msgpackr would replace',
    ],
    [
      'the name __proto__',
      JSON.parse('{"__proto__":1}'),
      'the name of property "__proto__" is one that msgpackr keeps for itself',
    ],
    ['the name __keys__', { __keys__: 1 }, 'the name of property "__keys__" is one that msgpackr keeps for itself'],
  ])('refuses %s', (_what, given, message) => {
    expect(() => msgpackrCodec.encode(given)).toThrow(new TypeError(message))
  })

  it('refuses a cycle, through a Map and a Set too', () => {
    const map = new Map<string, unknown>()
    map.set('all', new Set([{ map }]))

    expect(() => msgpackrCodec.encode(map)).toThrow(
      new TypeError('property "map" is a cycle, which msgpackr cannot hold'),
    )
  })

  it.each([
    ['nothing', []],
    ['JSON', [...Buffer.from('{"a":1}')]],
    ['half of an entry', [...msgpackrCodec.encode({ a: 'text', b: [1, 2] }).subarray(0, -1)]],
    ['more than an entry', [...msgpackrCodec.encode({ a: 1 }), 0]],
    ['an array of more than there is', [0xdd, 0x01, 0xff, 0xff, 0xff, 0x01]],
    ['a Map of more than there is', [0xdf, 0x01, 0xff, 0xff, 0xff, 0x01]],
    ['text of more than there is', [0xdb, 0xff, 0xff, 0xff, 0xff, 0x61]],
    ['an object that is another one', [0x92, 0xd6, 0x69, 0, 0, 0, 1, 0x90, 0xd6, 0x70, 0, 0, 0, 1]],
    ['undefined', [0xd4, 0, 0]],
  ])('throws on a payload that holds %s', (_what, bytes) => {
    expect(() => msgpackrCodec.decode(Buffer.from(bytes))).toThrow()
  })
})

function unlessRefused(given: unknown): unknown {
  try {
    return through(msgpackrCodec, given)
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return given
  }
}
