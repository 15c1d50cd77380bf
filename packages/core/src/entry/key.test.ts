import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidKeyError } from '../errors.ts'
import { cacheKey, type KeyPart, storeKey } from './key.ts'

type Parts = [KeyPart, ...KeyPart[]]

/** What has a meaning somewhere on the way: to us, to Redis patterns, to cluster hash tags, to UTF-16. */
const nasty = [
  ...':%*?[]^\\{}#/ .-_a1'.split(''),
  '%3A',
  '%25',
  '%#',
  'é',
  '\u0301',
  '\u00a0',
  '\ufeff',
  '\u2028',
  '日',
  '𝄞',
  '👩‍👩‍👧',
  '\u0000',
  '\t',
  '\r\n',
  '\u001b',
  '\u007f',
  '\u0085',
]
const nastyText = fc.string({ unit: fc.constantFrom(...nasty), maxLength: 12 })
const anyPart: fc.Arbitrary<KeyPart> = fc.oneof(
  nastyText,
  fc.string({ unit: 'binary' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.bigInt(),
)
const anyParts = partsOf(anyPart)

function partsOf<Part extends KeyPart>(part: fc.Arbitrary<Part>): fc.Arbitrary<[Part, ...Part[]]> {
  return fc.tuple(part, fc.array(part, { maxLength: 3 })).map(([first, rest]) => [first, ...rest])
}

const byteLength = (text: string) => Buffer.byteLength(text)
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('cacheKey', () => {
  it.each<[Parts, string]>([
    [['product', 'p-001'], 'product:p-001'],
    [['product', 1], 'product:1'],
    [['product', 'a:b'], 'product:a%3Ab'],
    [['100%'], '100%25'],
    [['a', '', 'b'], 'a::b'],
    [['{tag}', '*?[x]^\\'], '%7Btag%7D:%2A%3F%5Bx%5D%5E%5C'],
    [['a b\n\u0000\u0085'], 'a%20b%0A%00%C2%85'],
    [['é', '日', '𝄞'], 'é:日:𝄞'],
  ])('of %j is %j', (parts, key) => {
    expect(cacheKey(...parts)).toBe(key)
  })

  it('is one key for one list of parts only: the parts can be read back from it', () => {
    fc.assert(
      fc.property(anyParts, (parts) => {
        const readBack = cacheKey(...parts)
          .split(':')
          .map(decodeURIComponent)

        expect(readBack).toEqual(parts.map(String))
      }),
      { numRuns: 5_000 },
    )
  })

  it('differs for lists of parts that differ in nothing but where a separator or an escape stands', () => {
    const confusing = partsOf(fc.string({ unit: fc.constantFrom(':', '%', '3', 'A', '2', '5'), maxLength: 4 }))

    fc.assert(
      fc.property(confusing, confusing, (one, another) => {
        expect(cacheKey(...one) === cacheKey(...another)).toBe(JSON.stringify(one) === JSON.stringify(another))
      }),
      { numRuns: 10_000 },
    )
  })

  it.each<[KeyPart, KeyPart]>([
    [1, '1'],
    [1n, '1'],
    [-0, '0'],
    [1.5, '1.5'],
    [1e21, '1e+21'],
  ])('takes %o and %j for the same part', (part, text) => {
    expect(cacheKey('product', part)).toBe(cacheKey('product', text))
  })

  it('keeps nothing in a part that means something to Redis patterns, cluster hash tags or a terminal', () => {
    fc.assert(
      fc.property(anyParts, (parts) => {
        expect(cacheKey(...parts)).not.toMatch(/[*?[\]^\\{}\s\p{Cc}]/u)
      }),
      { numRuns: 2_000 },
    )
  })

  it('makes keys that storeKey takes', () => {
    fc.assert(
      fc.property(anyParts, (parts) => {
        const key = cacheKey(...parts)
        fc.pre(key !== '')

        expect(storeKey('shop', key)).toContain('shop:')
      }),
      { numRuns: 2_000 },
    )
  })

  it('refuses to make a key of nothing', () => {
    const none = [] as unknown as Parts

    expect(() => cacheKey(...none)).toThrow(
      new InvalidKeyError('key without parts: expected at least one, such as cacheKey("product", id)'),
    )
  })

  it.each([
    [NaN, 'key part NaN: expected a finite number, a bigint or a string'],
    [Infinity, 'key part Infinity: expected a finite number, a bigint or a string'],
    [-Infinity, 'key part -Infinity: expected a finite number, a bigint or a string'],
    [null, 'key part of type null: expected a string, a number or a bigint'],
    [undefined, 'key part of type undefined: expected a string, a number or a bigint'],
    [true, 'key part of type boolean: expected a string, a number or a bigint'],
    [{ id: 1 }, 'key part of type object: expected a string, a number or a bigint'],
    [['p-001'], 'key part of type object: expected a string, a number or a bigint'],
    [Symbol('p'), 'key part of type symbol: expected a string, a number or a bigint'],
    ['\ud800', 'key part with half a surrogate pair: expected well-formed text'],
    ['a\udc00b', 'key part with half a surrogate pair: expected well-formed text'],
    ['\udc00\ud800', 'key part with half a surrogate pair: expected well-formed text'],
  ])('refuses %o', (part, message) => {
    expect(() => cacheKey('product', part as KeyPart)).toThrow(new InvalidKeyError(message))
  })

  it('throws an InvalidKeyError or nothing, whatever is given', () => {
    const text = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) })

    fc.assert(
      fc.property(fc.array(fc.oneof(text, fc.anything({ withBigInt: true, withNullPrototype: true }))), (given) => {
        throwsOnlyInvalidKeyError(() => cacheKey(...(given as Parts)))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('storeKey', () => {
  it('is the namespace and the key', () => {
    expect(storeKey('shop', 'product:p-001')).toBe('shop:product:p-001')
  })

  it.each([
    ['a', 256],
    ['é', 128],
    ['日', 85],
    ['𝄞', 64],
  ])('stores %j as it is up to 256 bytes, which are %i of it', (character, count) => {
    const longest = character.repeat(count)
    const tooLong = `${longest}${character}`

    expect(storeKey('shop', longest)).toBe(`shop:${longest}`)
    expect(storeKey('shop', tooLong)).toMatch(new RegExp(`%#${sha256(tooLong)}$`))
  })

  it('keeps the first 200 characters of a longer key, and ends in the digest of the whole', () => {
    const key = `product:${'x'.repeat(300)}`

    expect(storeKey('shop', key)).toBe(`shop:product:${'x'.repeat(192)}%#${sha256(key)}`)
  })

  it('keeps no half of a surrogate pair when it cuts a key', () => {
    const key = `${'x'.repeat(199)}${'𝄞'.repeat(50)}`

    expect(storeKey('shop', key)).toBe(`shop:${'x'.repeat(199)}%#${sha256(key)}`)
  })

  it('tells long keys apart that begin alike', () => {
    const start = 'x'.repeat(1_000)

    expect(storeKey('shop', `${start}1`)).not.toBe(storeKey('shop', `${start}2`))
  })

  it('is longer for a key above 256 bytes than for any key that is stored as it is', () => {
    const longText = fc.string({ unit: fc.constantFrom('a', 'é', '日', '𝄞', '%', '#', ':'), minLength: 60 })

    fc.assert(
      fc.property(longText, fc.nat(400), (text, padding) => {
        const key = `${text}${'x'.repeat(padding)}`
        const stored = storeKey('shop', key)

        expect(byteLength(stored) > byteLength('shop:') + 256).toBe(byteLength(key) > 256)
        expect(Buffer.from(stored).toString()).toBe(stored)
      }),
      { numRuns: 2_000 },
    )
  })

  it('does not take a key that looks like the digest form of another for that other', () => {
    const long = 'x'.repeat(1_000)
    const lookalike = storeKey('shop', long).slice('shop:'.length)

    expect(storeKey('shop', lookalike)).not.toBe(storeKey('shop', long))
  })

  it('takes 16384 characters', () => {
    expect(storeKey('shop', 'x'.repeat(16_384))).toContain('%#')
  })

  it.each([
    ['', 'empty key: expected text, such as "product:p-001"'],
    ['x'.repeat(16_385), 'key of 16385 characters: expected at most 16384'],
    ['\ud800', 'key with half a surrogate pair: expected well-formed text'],
    [`${'x'.repeat(300)}\udc00`, 'key with half a surrogate pair: expected well-formed text'],
    [undefined, 'key of type undefined: expected a string, such as "product:p-001"'],
    [null, 'key of type object: expected a string, such as "product:p-001"'],
    [1, 'key of type number: expected a string, such as "product:p-001"'],
    [['a'], 'key of type object: expected a string, such as "product:p-001"'],
  ])('refuses %j', (key, message) => {
    expect(() => storeKey('shop', key as string)).toThrow(new InvalidKeyError(message))
  })

  it.each(['\u0000', '\t', '\n', '\r', '\u001b', '\u007f', '\u0085'])(
    'refuses the control character %j, and says what escapes it',
    (character) => {
      expect(() => storeKey('shop', `a${character}b`)).toThrow(
        new InvalidKeyError(
          `key ${JSON.stringify(`a${character}b`)} with a control character: build it with cacheKey(), which escapes them`,
        ),
      )
    },
  )

  it('throws an InvalidKeyError or nothing, whatever is given', () => {
    const text = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) })

    fc.assert(
      fc.property(fc.oneof(text, fc.anything({ withBigInt: true, withNullPrototype: true })), (given) => {
        throwsOnlyInvalidKeyError(() => storeKey('shop', given as string))
      }),
      { numRuns: 2_000 },
    )
  })
})

function throwsOnlyInvalidKeyError(act: () => unknown): void {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidKeyError)
  }
}
