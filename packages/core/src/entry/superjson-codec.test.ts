import { superjsonCodec } from '@cache-aside/core/superjson'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectSame, richValues, through } from '../../test/rich-values.ts'

/** https://github.com/nodejs/node/issues/63785: some V8s confuse names that are escaped with a backslash that is one. */
const safe = (name: string) => !name.includes('\\')
const held = richValues({
  names: (name) => safe(name) && !['__proto__', 'constructor', 'prototype'].includes(name),
  bytes: false,
  invalidDates: false,
  gaps: false,
})

const withGap: number[] = []
withGap[2] = 3

describe('superjsonCodec', () => {
  it('brings every value that it holds back as it was', () => {
    fc.assert(
      fc.property(held, (given) => {
        expectSame(through(superjsonCodec, given), given)
      }),
      { numRuns: 2_000 },
    )
  })

  it('refuses every other value, or brings it back as it was', () => {
    fc.assert(
      fc.property(richValues({ names: safe }), (given) => {
        expectSame(unlessRefused(given), given)
      }),
      { numRuns: 2_000 },
    )
  })

  it('writes what a person can read', () => {
    expect(superjsonCodec.encode({ id: 1n, name: 'Zoë', at: new Date(0) }).toString()).toBe(
      '{"json":{"id":"1","name":"Zoë","at":"1970-01-01T00:00:00.000Z"},"meta":{"values":{"id":["bigint"],"at":["Date"]},"v":1}}',
    )
    expect(superjsonCodec.encode({ id: 1 }).toString()).toBe('{"json":{"id":1}}')
  })

  it('finds what it noted under names that look like its paths', () => {
    const given = { 'a.b': 1n, 'a\\': { '.b': new Date(0) }, '': { '': undefined }, '0': new Map([['a\\.b', -0]]) }

    expectSame(through(superjsonCodec, given), given)
  })

  it('brings one object in two places back as two, in a Set as well', () => {
    const [one, two] = [{ id: 1 }, { id: 2 }]

    const payload = superjsonCodec.encode({ one, two, all: new Set([one, two]) })

    expect(payload.toString()).toBe(
      '{"json":{"one":{"id":1},"two":{"id":2},"all":[{"id":1},{"id":2}]},"meta":{"values":{"all":["set"]},"v":1}}',
    )
    expectSame(superjsonCodec.decode(payload), { one, two, all: new Set([one, two]) })
  })

  it('makes nothing one that a payload says is one', () => {
    const payload = Buffer.from(
      '{"json":{"a":{"id":1},"b":{"id":2}},"meta":{"referentialEqualities":{"a":["b"]},"v":1}}',
    )

    expect(superjsonCodec.decode(payload)).toStrictEqual({ a: { id: 1 }, b: { id: 2 } })
  })

  it.each([
    ['undefined', undefined, 'undefined cannot be cached; return null for "does not exist"'],
    ['a method', { save: () => 1 }, 'property "save" is a function, which superjson cannot hold'],
    ['a symbol', [Symbol('s')], 'property "0" is a symbol, which superjson cannot hold'],
    [
      'a Date of another class',
      new (class Day extends Date {})(0),
      'the value is of class Day, which the codec superjson does not hold',
    ],
    ['an Error', new Error('no'), 'the value is of class Error, which the codec superjson does not hold'],
    [
      'an invalid Date',
      { at: new Date(NaN) },
      'property "at" is an invalid Date, which superjson would turn into null',
    ],
    ['an array with gaps', withGap, 'the value is an array with gaps or with properties, which superjson would lose'],
    ['a Buffer', { bytes: Buffer.from('hi') }, 'property "bytes" is binary, which superjson cannot bring back'],
    ['a typed array', new Float32Array([NaN]), 'the value is binary, which superjson cannot bring back'],
    [
      'an object of a class',
      {
        user: new (class User {
          readonly born = new Date(0)
        })(),
      },
      'property "user" is an object of a class, which superjson would treat as JSON does, its dates and maps as well',
    ],
    [
      'the name __proto__',
      JSON.parse('{"__proto__":1}'),
      'the name of property "__proto__" is one that superjson refuses',
    ],
    ['the name constructor', { constructor: 1 }, 'the name of property "constructor" is one that superjson refuses'],
    ['the name prototype', { prototype: 1 }, 'the name of property "prototype" is one that superjson refuses'],
  ])('refuses %s', (_what, given, message) => {
    expect(() => superjsonCodec.encode(given)).toThrow(new TypeError(message))
  })

  it('refuses a cycle', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = [cycle]

    expect(() => superjsonCodec.encode(cycle)).toThrow(
      new TypeError('property "0" is a cycle, which superjson cannot hold'),
    )
  })

  it.each([
    '',
    '{',
    'null',
    '1',
    '{}',
    '{"a":1}',
    '{"json":null,"meta":null}',
    '{"json":null,"meta":{"values":["undefined"],"v":1}}',
    '{"json":4000000000,"meta":{"values":[["typed-array","Uint8Array"]],"v":1}}',
    '{"json":{"a":4000000000},"meta":{"values":{"a":[["typed-array","Uint8Array"]]},"v":1}}',
    '{"json":[[1]],"meta":{"values":["set",{"0":[["typed-array","Uint8Array"]]}],"v":1}}',
    '{"json":"(a+)+b","meta":{"values":["regexp"],"v":1}}',
    '{"json":{},"meta":{"values":[["class","Object"]],"v":1}}',
    '{"json":"x","meta":{"values":["bigint"],"v":1}}',
    '{"json":1,"meta":{"values":["map"],"v":1}}',
    '{"json":{},"meta":{"values":{"__proto__.polluted":["undefined"]},"v":1}}',
    '{"json":{},"meta":{"values":{"constructor.prototype.polluted":["undefined"]},"v":1}}',
  ])('throws on the payload %j', (payload) => {
    expect(() => superjsonCodec.decode(Buffer.from(payload))).toThrow()
  })
})

function unlessRefused(given: unknown): unknown {
  try {
    return through(superjsonCodec, given)
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return given
  }
}
