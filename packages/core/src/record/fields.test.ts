import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type OptionProblem } from '../errors.ts'
import { type Field, type Fields, type FieldType, json, readFields } from './fields.ts'

function fieldOf(type: FieldType): Field {
  const problems: OptionProblem[] = []
  const [field] = readFields({ field: type }, problems)
  expect(problems).toEqual([])
  if (!field) throw new Error('no field')
  return field
}

const there = (type: FieldType, value: unknown) => fieldOf(type).write(value)
const back = (type: FieldType, text: string) => fieldOf(type).read(text)

describe('the text of a field', () => {
  it.each<[FieldType, unknown, string]>([
    ['string', '', ''],
    ['string', 'null', 'null'],
    ['string', 'Zoë 🦊\n\u0000', 'Zoë 🦊\n\u0000'],
    ['number', 0, '0'],
    ['number', -0, '-0'],
    ['number', 0.1, '0.1'],
    ['number', Number.MAX_VALUE, '1.7976931348623157e+308'],
    ['number', Number.MIN_VALUE, '5e-324'],
    ['number', Number.MIN_SAFE_INTEGER, '-9007199254740991'],
    ['boolean', true, 'true'],
    ['boolean', false, 'false'],
    ['date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['date', new Date(8.64e15), '+275760-09-13T00:00:00.000Z'],
    ['date', new Date(-62_198_755_200_000), '-000001-01-01T00:00:00.000Z'],
    ['string?', 'a', 'a'],
    ['number?', -0, '-0'],
    [json(), null, 'null'],
    [json(), { a: [1, { b: null }], c: 'é' }, '{"a":[1,{"b":null}],"c":"é"}'],
    [json(), 'text', '"text"'],
    [json(), '\ud800', '"\\ud800"'],
  ])('of %j, %o, is %s, and is read back', (type, value, text) => {
    expect(there(type, value)).toBe(text)
    expect(back(type, text)).toEqual(value)
    expect(Object.is(back(type, text), value) || typeof value === 'object').toBe(true)
  })

  it.each<[string, FieldType, fc.Arbitrary<unknown>]>([
    ['string', 'string', fc.string({ unit: 'grapheme', maxLength: 50 })],
    ['number', 'number', fc.double({ noNaN: true, noDefaultInfinity: true })],
    ['whole number', 'number', fc.integer()],
    ['boolean', 'boolean', fc.boolean()],
    ['date', 'date', fc.date({ noInvalidDate: true })],
    [
      'JSON',
      json(),
      fc.jsonValue({ noUnicodeString: false }).map((value) => JSON.parse(JSON.stringify(value)) as unknown),
    ],
  ])('brings back any %s', (_what, type, values) => {
    const { write, read } = fieldOf(type)

    fc.assert(
      fc.property(values, (value) => {
        expect(read(Buffer.from(write(value)).toString())).toStrictEqual(value)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each<[FieldType, unknown, string]>([
    ['string', 4, 'expected well-formed text, got number'],
    ['string', undefined, 'expected well-formed text, got undefined'],
    ['string', null, 'expected well-formed text, got null'],
    ['string', 'secret\ud800', 'expected well-formed text, got string'],
    ['string', '\udc00secret', 'expected well-formed text, got string'],
    ['number', 'secret', 'expected a finite number, got string'],
    ['number', Number.NaN, 'expected a finite number, got number'],
    ['number', Number.NEGATIVE_INFINITY, 'expected a finite number, got number'],
    ['number', 4n, 'expected a finite number, got bigint'],
    ['number', undefined, 'expected a finite number, got undefined'],
    ['boolean', 'true', 'expected true or false, got string'],
    ['boolean', 0, 'expected true or false, got number'],
    ['boolean', null, 'expected true or false, got null'],
    ['date', '2026-01-01', 'expected a valid date, got string'],
    ['date', new Date(Number.NaN), 'expected a valid date, got object'],
    ['date', 0, 'expected a valid date, got number'],
    [json(), undefined, 'undefined cannot be cached; return null for "does not exist"'],
    [json(), { a: new Map() }, 'property "a" is a Map, which JSON would empty'],
  ])('is refused of %j: %o', (type, value, message) => {
    expect(() => there(type, value)).toThrow(new TypeError(message))
  })

  it.each<[FieldType, string]>([
    ['number', ''],
    ['number', ' 4'],
    ['number', '4 '],
    ['number', '0x10'],
    ['number', '1_000'],
    ['number', 'NaN'],
    ['number', 'Infinity'],
    ['number', '1e999'],
    ['number', '4\n'],
    ['boolean', ''],
    ['boolean', 'TRUE'],
    ['boolean', '1'],
    ['date', ''],
    ['date', '4'],
    ['date', 'March 7'],
    ['date', '2026-01-01'],
    ['date', 'secret'],
    [json(), ''],
    [json(), '{"a":'],
    [json(), 'undefined'],
  ])('is not read as %j: %j', (type, text) => {
    expect(() => back(type, text)).toThrow(Error)
  })
})

describe('fields', () => {
  const problemsOf = (fields: unknown): OptionProblem[] => {
    const problems: OptionProblem[] = []
    readFields(fields as Fields, problems)
    return problems
  }

  it('are read in their order, with what may be null', () => {
    const declared = { b: 'string', a: 'number?', c: json() } as const

    expect(readFields(declared, []).map(({ name, type, isNullable }) => [name, type, isNullable])).toEqual([
      ['b', 'string', false],
      ['a', 'number?', true],
      ['c', 'json', false],
    ])
  })

  it.each([
    ['no object', 'name', `'name'`],
    ['null', null, 'null'],
    ['none', {}, '{}'],
  ])('have to be some: %s', (_what, fields, got) => {
    expect(problemsOf(fields)).toEqual([
      {
        option: 'fields',
        expected: "1 to 1000 fields with their types, such as { name: 'string' }",
        got: expect.anything(),
      },
    ])
    expect(got).toBeDefined()
  })

  it('are a thousand at most', () => {
    const fields = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, 'string']))

    expect(problemsOf(fields(1_000))).toEqual([])
    expect(problemsOf(fields(1_001))).toMatchObject([{ option: 'fields', got: '1001' }])
  })

  it.each(['a', 'A_b', '_id', 'a.b-c', 'constructor', 'toString', 'a'.repeat(64)])('may be called %j', (name) => {
    expect(problemsOf({ [name]: 'string' })).toEqual([])
  })

  it.each(['@', '', '1', 'a b', 'a:b', 'é', 'a'.repeat(65), 'a\n'])('cannot be called %j', (name) => {
    expect(problemsOf({ [name]: 'string' })).toMatchObject([
      { option: 'fields', expected: expect.stringContaining("'stock'") as string },
    ])
  })

  it('cannot be called __proto__', () => {
    expect(problemsOf(JSON.parse('{"__proto__":"string"}'))).toMatchObject([{ option: 'fields' }])
  })

  it.each([
    ['text', 'text'],
    ['String', 'String'],
    ['string??', 'string??'],
    ['?', '?'],
    ['', ''],
    ['json', 'json'],
    ['json?', 'json?'],
    ['constructor', 'constructor'],
    ['toString?', 'toString?'],
    ['a number', 4],
    ['null', null],
    ['undefined', undefined],
    ['a symbol', Symbol('string')],
    ['a function', String],
    ['an object', {}],
    ['a list', ['string']],
    ['a kind that is no text', { kind: 4 }],
    ['another kind', { kind: 'string' }],
    ['json that may be null', { kind: 'json?' }],
  ])('cannot be of the type %s', (_what, type) => {
    expect(problemsOf({ price: type, name: 'string' })).toEqual([
      {
        option: 'fields.price',
        expected: "'string', 'number', 'boolean', 'date', each with ? if it may be null, or json()",
        got: expect.any(String) as string,
      },
    ])
  })

  it('that are wrong are all listed', () => {
    expect(problemsOf({ 'a b': 'string', c: 'text', '@': 'date', d: 'number' }).map(({ option }) => option)).toEqual([
      'fields',
      'fields.c',
      'fields',
    ])
  })
})
