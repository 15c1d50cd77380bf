import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { InvalidKeyError } from '../errors.ts'
import { argumentKey } from './argument-key.ts'
import { cacheKey, storeKey } from './key.ts'

class Money {
  readonly amount = 1
}
class ZonedDate extends Date {}

const cycle: { inside: { back?: unknown } } = { inside: {} }
cycle.inside.back = cycle
const deep = Array.from({ length: 40 }).reduce<object>((inside) => ({ inside }), {})

describe('the key of an argument', () => {
  it.each<[unknown, string]>([
    [undefined, 'page'],
    ['a:b', 'page:a%3Ab'],
    ['', 'page:'],
    [7, 'page:7'],
    [7n, 'page:7'],
    [true, 'page:%true'],
    [null, 'page:%null'],
    [{ category: 'books', page: 2 }, "page:%(category='books',page=2)"],
    [{ page: 2, category: 'books' }, "page:%(category='books',page=2)"],
    [{ category: 'books', page: undefined }, "page:%(category='books')"],
    [Object.assign(Object.create(null), { page: 2 }), 'page:%(page=2)'],
    [{}, 'page:%()'],
    [[], 'page:%!()'],
    [['a', 1, 1n, null, undefined, [true]], "page:%!('a',1,1n,null,undefined,!(true))"],
    [{ 'a=b': "it's (c), 100%" }, "page:%(a%3Db='it%27s%20%28c%29%2C%20100%25')"],
    [new Date(0), 'page:%@1970-01-01T00%3A00%3A00.000Z'],
    [{ from: new Date(0) }, 'page:%(from=@1970-01-01T00%3A00%3A00.000Z)'],
  ])('%o is %s', (argument, key) => {
    expect(argumentKey('page', argument)).toBe(key)
  })

  it('escapes the name as a part', () => {
    expect(argumentKey('a:b', { page: 1 })).toBe('a%3Ab:%(page=1)')
  })

  it('can be read back into the argument: two arguments never have one key', () => {
    fc.assert(
      fc.property(anyObject, (argument) => {
        expect(readBack(argumentKey('page', argument))).toStrictEqual(argument)
      }),
      { numRuns: 5_000 },
    )
  })

  it('is not the key of any text, whatever the text looks like', () => {
    const lookalike = fc.array(fc.constantFrom('%', '(', ')', '!', '@', "'", '=', ',', 'null', '%28', 'a'))

    fc.assert(
      fc.property(anyObject, lookalike, (argument, text) => {
        const key = argumentKey('page', argument)

        expect(key).not.toBe(cacheKey('page', text.join('')))
        expect(key).not.toBe(cacheKey('page', key.slice('page:'.length)))
        expect(key).toMatch(/^page:%[^0-9A-F]/)
      }),
      { numRuns: 2_000 },
    )
  })

  it('does not depend on the order of properties', () => {
    fc.assert(
      fc.property(fc.dictionary(anyText, fc.integer()), (argument) => {
        const reversed = Object.fromEntries(Object.entries(argument).toReversed())

        expect(argumentKey('page', reversed)).toBe(argumentKey('page', argument))
      }),
      { numRuns: 1_000 },
    )
  })

  it('is one that the store takes, and that means nothing to Redis patterns', () => {
    fc.assert(
      fc.property(anyObject, (argument) => {
        const key = argumentKey('page', argument)

        expect(storeKey('shop', key)).toContain('shop:page:%')
        expect(key).not.toMatch(/[*?[\]^\\{}\s\p{Cc}]/u)
      }),
      { numRuns: 1_000 },
    )
  })

  it.each<[string, unknown, string]>([
    ['NaN', Number.NaN, 'argument is NaN'],
    ['an infinity', { pages: [1, Number.POSITIVE_INFINITY] }, 'argument.pages[1] is Infinity'],
    ['a function', { where: { when: () => true } }, 'argument.where.when is a function'],
    ['a symbol', Symbol('s'), 'argument is a symbol'],
    ['an instance of a class', { price: new Money() }, 'argument.price is an instance of Money'],
    ['a map', new Map(), 'argument is an instance of Map'],
    ['bytes', { hash: Buffer.from('a') }, 'argument.hash is an instance of Buffer'],
    ['a date that is more than one', new ZonedDate(0), 'argument is an instance of ZonedDate'],
    ['an invalid date', new Date(Number.NaN), 'argument is an invalid date'],
    ['an object that inherits', Object.create({ page: 1 }), 'argument is an instance of Object'],
    ['a property named by a symbol', { [Symbol('s')]: 1 }, 'argument is an object with a property named by a symbol'],
    ['an array with a hole', Object.assign([], { length: 1 }), 'argument is an array with holes or properties'],
    ['an array with a property', Object.assign([1], { index: 0 }), 'argument is an array with holes or properties'],
    ['a cycle', cycle, 'argument.inside.back is an object that holds itself'],
    ['what is too deep', deep, 'is an object below 32 others'],
  ])('refuses %s, and says where it stands and what to do', (_name, argument, where) => {
    const refusal = () => argumentKey('page', argument)

    expect(refusal).toThrow(InvalidKeyError)
    expect(refusal).toThrow('key of "page": argument')
    expect(refusal).toThrow(where)
    expect(refusal).toThrow('a definition with a `key`')
  })

  it('refuses text that is not well-formed', () => {
    expect(() => argumentKey('page', '\ud800')).toThrow(InvalidKeyError)
    expect(() => argumentKey('page', { '\ud800': 1 })).toThrow(InvalidKeyError)
  })

  it('takes one object in two places', () => {
    const range = { from: 1 }

    expect(argumentKey('page', [range, range])).toBe('page:%!((from=1),(from=1))')
  })

  it('takes the dates of a test with a fake clock', () => {
    vi.useFakeTimers({ now: 0 })
    try {
      expect(argumentKey('page', new Date())).toBe('page:%@1970-01-01T00%3A00%3A00.000Z')
    } finally {
      vi.useRealTimers()
    }
  })
})

const signs = [..."%'(),=!@:*[]{}^\\ n0aA.-".split(''), '%27', 'null', 'true', '1n', '\u0000', 'é', '𝄞']
const anyText = fc.string({ unit: fc.constantFrom(...signs), maxLength: 6 })
const { node } = fc.letrec<{ node: unknown; list: unknown[]; record: Record<string, unknown> }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    anyText,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.integer(),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.date({ noInvalidDate: true }),
    tie('list'),
    tie('record'),
  ),
  list: fc.array(tie('node'), { maxLength: 4 }),
  record: fc.dictionary(anyText, tie('node'), { maxKeys: 4, noNullPrototype: true }),
}))
const anyObject = node.filter((value) => typeof value === 'object' || typeof value === 'boolean')

/** Reads a form as its grammar says, and knows nothing of how it was written. */
function readBack(key: string): unknown {
  let rest = key.slice('page:%'.length)
  const take = (pattern: RegExp): string | undefined => {
    const found = pattern.exec(rest)?.[0]
    if (found !== undefined) rest = rest.slice(found.length)
    return found
  }
  const listed = <Item>(item: () => Item): Item[] => {
    const items: Item[] = []
    while (take(/^\)/) === undefined) {
      items.push(item())
      take(/^,/)
    }
    return items
  }
  const read = (): unknown => {
    if (take(/^!\(/)) return listed(read)
    if (take(/^\(/)) {
      return Object.fromEntries(
        listed(() => {
          const property = decodeURIComponent((take(/^[^=]*=/) as string).slice(0, -1))
          return [property, read()]
        }),
      )
    }
    const text = take(/^'[^']*'/)
    if (text !== undefined) return decodeURIComponent(text.slice(1, -1))
    const date = take(/^@[^,)]*/)
    if (date !== undefined) return new Date(decodeURIComponent(date.slice(1)))
    const word = take(/^[^,)]+/) as string
    if (word in words) return words[word as keyof typeof words]
    return word.endsWith('n') ? BigInt(word.slice(0, -1)) : Number(word)
  }
  const value = read()
  expect(rest).toBe('')
  return value
}
const words = { true: true, false: false, null: null }
