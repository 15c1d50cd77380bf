import { shown } from '../cache/settings.ts'
import { jsonCodec } from '../entry/codec.ts'
import type { OptionProblem } from '../errors.ts'

/** Of a field that holds any JSON, of the type `T`: made by {@link json}. */
export interface JsonField<T> {
  readonly kind: 'json'
  /** Nothing at runtime. */
  readonly of?: T
}

/** A field that holds any JSON, objects, arrays and `null` among it. @example attributes: json<{ readonly watt: number }>() */
export const json = <T>(): JsonField<T> => ({ kind: 'json' })

interface Scalars {
  readonly string: string
  readonly number: number
  readonly boolean: boolean
  readonly date: Date
}

/** The type of a field, declared once. With `?` it may be `null`: then the hash does not have it. */
export type FieldType = keyof Scalars | `${keyof Scalars}?` | JsonField<unknown>

/** The fields of a record, by their names. */
export type Fields = Readonly<Record<string, FieldType>>

type ValueOf<Type extends FieldType> =
  Type extends JsonField<infer T>
    ? T
    : Type extends `${infer Scalar extends keyof Scalars}?`
      ? Scalars[Scalar] | null
      : Type extends keyof Scalars
        ? Scalars[Type]
        : never

/** A record, as its fields are declared. */
export type RecordIn<Declared extends Fields> = { -readonly [Name in keyof Declared]: ValueOf<Declared[Name]> }

/** One field: how its text is written and read. Both throw a TypeError, without the value in it. */
export interface Field {
  readonly name: string
  /** As it is declared. */
  readonly type: string
  readonly isNullable: boolean
  readonly write: (value: unknown) => string
  readonly read: (text: string) => unknown
}

type Texts = Pick<Field, 'write' | 'read'>

const refuse = (expected: string, got: unknown): never => {
  throw new TypeError(`expected ${expected}, got ${got === null ? 'null' : typeof got}`)
}

const numeral = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/

const texts: Readonly<Record<keyof Scalars | 'json', Texts>> = {
  string: {
    write: (value) =>
      typeof value === 'string' && !/\p{Surrogate}/u.test(value) ? value : refuse('well-formed text', value),
    read: (text) => text,
  },
  number: {
    write: (value) => {
      if (typeof value !== 'number' || !Number.isFinite(value)) return refuse('a finite number', value)
      return Object.is(value, -0) ? '-0' : String(value)
    },
    read: (text) => (numeral.test(text) && Number.isFinite(Number(text)) ? Number(text) : refuse('a number', text)),
  },
  boolean: {
    write: (value) => (typeof value === 'boolean' ? String(value) : refuse('true or false', value)),
    read: (text) => (text === 'true' || text === 'false' ? text === 'true' : refuse('true or false', text)),
  },
  date: {
    write: (value) =>
      value instanceof Date && !Number.isNaN(value.valueOf()) ? value.toISOString() : refuse('a valid date', value),
    read: (text) => {
      const date = new Date(text)
      return !Number.isNaN(date.valueOf()) && date.toISOString() === text ? date : refuse('a date in ISO 8601', text)
    },
  },
  json: {
    write: (value) => jsonCodec.encode(value).toString(),
    read: (text) => JSON.parse(text) as unknown,
  },
}

/** More would be no record; and what a script is given has a limit. */
const mostFields = 1_000

const typeExpected = "'string', 'number', 'boolean', 'date', each with ? if it may be null, or json()"

export function readFields(declared: Fields, problems: OptionProblem[]): readonly Field[] {
  const names = typeof declared === 'object' && declared !== null ? Object.keys(declared) : []
  if (names.length === 0 || names.length > mostFields) {
    const expected = `1 to ${mostFields} fields with their types, such as { name: 'string' }`
    problems.push({ option: 'fields', expected, got: names.length > 0 ? String(names.length) : shown(declared) })
  }
  return names.flatMap((name) => {
    const type = declared[name]
    const isObject = typeof type === 'object' && type !== null
    const named = String(isObject ? type.kind : type)
    const kind = named.endsWith('?') ? named.slice(0, -1) : named
    if (!/^[A-Za-z_][\w.-]{0,63}$/.test(name) || name === '__proto__')
      problems.push({ option: 'fields', expected: "names such as 'stock', of A-Z a-z 0-9 _ . -", got: shown(name) })
    if (!Object.hasOwn(texts, kind) || (kind === 'json') !== isObject || named === 'json?') {
      problems.push({ option: `fields.${name}`, expected: typeExpected, got: shown(type) })
      return []
    }
    return [{ name, type: named, isNullable: named.endsWith('?'), ...texts[kind as keyof typeof texts] }]
  })
}
