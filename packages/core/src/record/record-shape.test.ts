import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import { packCells, unpackCells } from './cells.ts'
import { type Fields, json, readFields } from './fields.ts'
import { RecordShape } from './record-shape.ts'

const declared = {
  name: 'string',
  stock: 'number',
  active: 'boolean',
  since: 'date',
  note: 'string?',
  until: 'date?',
  attributes: json(),
} as const satisfies Fields

function shapeOf(fields: Fields): RecordShape {
  const problems: OptionProblem[] = []
  const shape = new RecordShape(readFields(fields, problems))
  expect(problems).toEqual([])
  return shape
}

const shape = shapeOf(declared)
const lamp = {
  name: 'Lamp',
  stock: 5,
  active: true,
  since: new Date(0),
  note: null,
  until: null,
  attributes: { watt: [1, 2] },
}

const nullable = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: null })
const records = fc.record(
  {
    name: fc.string({ unit: 'grapheme' }),
    stock: fc.double({ noNaN: true, noDefaultInfinity: true }),
    active: fc.boolean(),
    since: fc.date({ noInvalidDate: true }),
    note: nullable(fc.string()),
    until: nullable(fc.date({ noInvalidDate: true })),
    attributes: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
  },
  { noNullPrototype: true },
)

describe('cells', () => {
  it('come back from one piece, those that are missing too', () => {
    fc.assert(
      fc.property(fc.array(nullable(fc.uint8Array())), (bytes) => {
        const cells = bytes.map((each) => each && Buffer.from(each))
        expect(unpackCells(packCells(cells), cells.length)).toEqual(cells)
      }),
    )
  })

  it('that are none are told from no record', () => {
    expect(packCells([null, null])).not.toHaveLength(0)
    expect(unpackCells(packCells([null, null]), 2)).toEqual([null, null])
  })
})

describe('a record', () => {
  it('comes back from its bytes, whatever is in it', () => {
    fc.assert(
      fc.property(records, (record) => {
        expect(shape.codec.decode(shape.codec.encode(record))).toStrictEqual(record)
      }),
      { numRuns: 2_000 },
    )
  })

  it('that does not exist comes back', () => {
    expect(shape.codec.decode(shape.codec.encode(null))).toBeNull()
  })

  it('whose fields are all null is no "does not exist"', () => {
    const { codec } = shapeOf({ note: 'string?' })

    expect(codec.decode(codec.encode({ note: null }))).toEqual({ note: null })
  })

  it('has the declared fields alone', () => {
    expect(shape.codec.decode(shape.codec.encode({ ...lamp, secret: 's' }))).toEqual(lamp)
  })

  it('is the caller’s own to change', () => {
    const payload = shape.codec.encode(lamp)
    const first = shape.codec.decode(payload) as typeof lamp
    first.since.setFullYear(1999)
    first.attributes.watt.push(3)

    expect(shape.codec.decode(payload)).toEqual(lamp)
  })

  it.each<[string, unknown, string]>([
    ['that lacks a field', { ...lamp, stock: undefined }, 'field "stock": expected a finite number, got undefined'],
    ['of another type in it', { ...lamp, name: 4 }, 'field "name": expected well-formed text, got number'],
    ['with null in it', { ...lamp, active: null }, 'field "active": expected true or false, got null'],
    ['with undefined for null', { ...lamp, note: undefined }, 'field "note": expected well-formed text, got undefined'],
    [
      'with what JSON loses',
      { ...lamp, attributes: 4n },
      'field "attributes": the value is a bigint, which JSON cannot hold',
    ],
    ['that is text', 'secret', 'a record or null is expected, not string'],
    ['that is undefined', undefined, 'a record or null is expected, not undefined'],
  ])('%s is refused', (_what, record, message) => {
    expect(() => shape.codec.encode(record)).toThrow(new TypeError(message))
  })

  it('that lacks a field is not read', () => {
    const cells = unpackCells(shape.codec.encode(lamp), 7)

    expect(() => shape.codec.decode(packCells(cells.with(5, null)))).toThrow('field "stock" is missing')
    expect(() => shape.codec.decode(packCells(cells.with(5, Buffer.from('five'))))).toThrow('expected a number')
    expect(() => shape.codec.decode(packCells(cells.with(2, Buffer.from([0xff]))))).toThrow(TypeError)
  })

  it('is the same in whatever order its fields are declared, and another with other types', () => {
    const id = (fields: Fields) => shapeOf(fields).codec.id
    const one = id({ a: 'string', b: 'number' })

    expect(id({ b: 'number', a: 'string' })).toBe(one)
    expect(one).toMatch(/^record\.[0-9a-f]{12}$/)
    const others: Fields[] = [
      { a: 'string', b: 'number?' },
      { a: 'number', b: 'string' },
      { a: 'string' },
      { a: 'string', b: 'number', c: 'number' },
      { a: 'string', b: json() },
    ]
    expect(new Set([one, ...others.map(id)])).toHaveProperty('size', 6)
  })
})

describe('a part of a record', () => {
  it('has what is asked for', () => {
    const part = shape.part(['note', 'name'])

    expect(part.codec.decode(shape.codec.encode(lamp))).toEqual({ name: 'Lamp', note: null })
    expect(part.codec.id).toBe(shape.codec.id)
  })

  it.each([[[]], [['colour']], [['name', 'colour']], [['@']], ['name'], [undefined]])('cannot be %j', (names) => {
    expect(() => shape.part(names as string[])).toThrow(InvalidOptionsError)
    expect(() => shape.part(names as string[])).toThrow(
      'option "names": expected some of the declared fields: active, attributes, name, note, since, stock, until',
    )
  })
})

describe('a change', () => {
  it('is made to a payload as a script makes it to a hash', () => {
    fc.assert(
      fc.property(records, records, fc.subarray(Object.keys(declared), { minLength: 1 }), (before, after, names) => {
        const fields = Object.fromEntries(Object.entries(after).filter(([name]) => names.includes(name)))

        const changed = shape.amended(shape.codec.encode(before), shape.changeOf(fields))

        expect(shape.codec.decode(changed)).toStrictEqual({ ...before, ...fields })
      }),
    )
  })

  it.each<[string, unknown, string]>([
    ['null', null, 'fields are expected, such as { stock: 4 }'],
    ['undefined', undefined, 'fields are expected, such as { stock: 4 }'],
    ['text', 'stock', 'fields are expected, such as { stock: 4 }'],
    ['a list', [], 'fields are expected, such as { stock: 4 }'],
    ['nothing', {}, 'a declared field is expected, such as { stock: 4 }'],
    ['a field that is not declared', { colour: 'red' }, 'a declared field is expected, such as { stock: 4 }'],
    ['the header', { '@': 'V' }, 'a declared field is expected, such as { stock: 4 }'],
    ['a wrong type', { stock: '4' }, 'field "stock": expected a finite number, got string'],
    ['undefined in it', { note: undefined }, 'field "note": expected well-formed text, got undefined'],
  ])('cannot be %s', (_what, fields, message) => {
    expect(() => shape.changeOf(fields as object)).toThrow(new TypeError(message))
  })

  it('can be of a class, whose fields are not its own', () => {
    class Sold {
      readonly #stock = 4
      get stock(): number {
        return this.#stock
      }
    }

    expect(shape.changeOf(new Sold())).toEqual(new Map([['stock', Buffer.from('4')]]))
  })
})
