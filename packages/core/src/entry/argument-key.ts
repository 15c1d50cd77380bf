import { types } from 'node:util'
import { InvalidKeyError } from '../errors.ts'
import { cacheKey } from './key.ts'

/**
 * The key of one argument: `product:p-001`, `page:%(category='books',page=2)`, or the name alone for `undefined`.
 *
 * Text, numbers and bigints are parts, as `cacheKey` takes them: `1` and `'1'` are one key. Everything else has a form of
 * its own in which nothing is lost: inside it `1`, `1n` and `'1'` differ, properties are sorted, and one that is
 * `undefined` is as absent. The form stands after a `%` with no digit and no capital behind it, which no part can hold.
 *
 * @throws {InvalidKeyError} for what has no such form, such as a function, NaN or an instance of a class.
 */
export function argumentKey(name: string, argument: unknown): string {
  if (argument === undefined) return cacheKey(name)
  const isPart = typeof argument === 'string' || typeof argument === 'bigint' || Number.isFinite(argument)
  if (isPart) return cacheKey(name, argument as string | number | bigint)
  return `${cacheKey(name)}:%${formOf(argument, { name, path: 'argument', above: [] })}`
}

/** Where a value stands in the argument. */
interface Place {
  readonly name: string
  readonly path: string
  /** The objects that hold it. */
  readonly above: readonly object[]
}

const deepest = 32

function formOf(value: unknown, place: Place): string {
  if (typeof value === 'string') return `'${escaped(value)}'`
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'object' && value !== null) return formOfObject(value, place)
  if (typeof value === 'function' || typeof value === 'symbol') return refuse(`a ${typeof value}`, place)
  return typeof value === 'number' && !Number.isFinite(value) ? refuse(String(value), place) : String(value)
}

function formOfObject(value: object, place: Place): string {
  if (place.above.includes(value)) return refuse('an object that holds itself', place)
  if (place.above.length === deepest) return refuse(`an object below ${deepest} others`, place)
  const inside = (step: string): Place => ({
    ...place,
    path: `${place.path}${step}`,
    above: [...place.above, value],
  })

  if (Array.isArray(value)) {
    if (Object.keys(value).length !== value.length) return refuse('an array with holes or properties', place)
    return `!(${value.map((item, index) => formOf(item, inside(`[${index}]`))).join()})`
  }
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === null || prototype === Object.prototype) {
    if (Object.getOwnPropertySymbols(value).length > 0)
      return refuse('an object with a property named by a symbol', place)
    const properties = Object.entries(value)
      .filter(([, property]) => property !== undefined)
      .toSorted(([one], [another]) => (one < another ? -1 : 1))
      .map(([property, held]) => `${escaped(property)}=${formOf(held, inside(`.${property}`))}`)
    return `(${properties.join()})`
  }
  const kind = kindOf(value)
  if (types.isDate(value) && kind === 'Date')
    return Number.isNaN(value.getTime()) ? refuse('an invalid date', place) : `@${escaped(value.toISOString())}`
  return refuse(`an instance of ${kind}`, place)
}

/** Of its constructor, and not of its prototype: fake timers in tests put a class before `Date`. */
function kindOf(value: object): string {
  const { constructor } = value as { readonly constructor?: unknown }
  return typeof constructor === 'function' ? constructor.name : 'a class without a name'
}

/** As a part of a key, and without what means something in a form. */
const escaped = (text: string): string =>
  cacheKey(text).replace(/['(),=]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

function refuse(found: string, { name, path }: Place): never {
  throw new InvalidKeyError(
    `key of "${name}": ${path} is ${found}, which has no place in a key: expected text, finite numbers, bigints, booleans, ` +
      'null, dates, and arrays and plain objects of them, or a definition with a `key` that makes parts of its argument',
  )
}
