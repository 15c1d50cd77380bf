import { types } from 'node:util'

/**
 * What a codec would lose of a value, each as the end of a sentence that begins with where it is: `an invalid Date,
 * which superjson would turn into null`. What is left out comes back equal.
 */
export interface Losses {
  /** For what no codec holds: functions, symbols, and objects that are more than their properties. */
  readonly codec: string
  readonly text?: (text: string) => string | undefined
  /** The name of a property. */
  readonly key?: (name: string) => string | undefined
  readonly cycle?: string
  /** An array with gaps, or with properties besides its elements. */
  readonly oddArray?: string
  readonly invalidDate?: string
  /** A Buffer or a typed array. */
  readonly bytes?: string
  /** An ordinary object of a class. */
  readonly instance?: string
}

/** Refuses what would come back as something else. @throws {TypeError} which says what it is, and where. */
export function refuseLosses(value: unknown, losses: Losses): void {
  if (value === undefined) throw new TypeError('undefined cannot be cached; return null for "does not exist"')
  visit(value, itself, '', losses, new Set())
}

/** What a codec made of a payload. @throws {TypeError} for undefined, which none has ever written. */
export function neverUndefined(value: unknown): unknown {
  if (value === undefined) throw new TypeError('holds undefined')
  return value
}

type Where = (name: string | number) => string

const itself: Where = () => 'the value'
const property: Where = (name) => `property "${name}"`
const mapKey: Where = () => 'a key of a Map'
const mapValue: Where = () => 'a value of a Map'
const member: Where = () => 'a member of a Set'

function visit(value: unknown, where: Where, name: string | number, losses: Losses, above: Set<object>): void {
  const loss = lossOf(value, losses)
  if (loss !== undefined) throw new TypeError(`${where(name)} is ${loss}`)
  if (typeof value !== 'object' || value === null) return

  if (above.has(value)) {
    if (losses.cycle === undefined) return
    throw new TypeError(`${where(name)} is ${losses.cycle}`)
  }
  above.add(value)
  visitInside(value, losses, above)
  // Where cycles are no loss, what was seen once need not be seen again.
  if (losses.cycle !== undefined) above.delete(value)
}

function visitInside(value: object, losses: Losses, above: Set<object>): void {
  if (value instanceof Map) {
    for (const [key, entry] of value) {
      visit(key, mapKey, '', losses, above)
      visit(entry, mapValue, '', losses, above)
    }
  } else if (value instanceof Set) {
    for (const one of value) visit(one, member, '', losses, above)
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => visit(item, property, index, losses, above))
  } else if (!isLeaf(value)) {
    for (const name of Object.keys(value)) {
      const loss = losses.key?.(name)
      if (loss !== undefined) throw new TypeError(`the name of property "${name}" is ${loss}`)
      visit((value as Record<string, unknown>)[name], property, name, losses, above)
    }
  }
}

const isLeaf = (value: object): boolean => types.isDate(value) || isBytes(value)

function lossOf(value: unknown, losses: Losses): string | undefined {
  const kind = typeof value
  if (kind === 'function' || kind === 'symbol') return `a ${kind}, which ${losses.codec} cannot hold`
  if (typeof value === 'string') return losses.text?.(value)
  return typeof value === 'object' && value !== null ? lossOfObject(value, losses) : undefined
}

function lossOfObject(value: object, losses: Losses): string | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === Object.prototype || prototype === null) return undefined
  if (Array.isArray(value)) return losses.oddArray !== undefined && isOdd(value) ? losses.oddArray : undefined
  if (prototype === Map.prototype || prototype === Set.prototype) return undefined
  if (types.isDate(value) && isBuiltIn(prototype)) return Number.isNaN(value.getTime()) ? losses.invalidDate : undefined
  if (isBytes(value)) return losses.bytes
  if (isOrdinary(value)) return losses.instance
  return `of class ${classOf(value)}, which the codec ${losses.codec} does not hold`
}

/** Of no class that extends it: behind its prototype there is only that of all objects. */
const isBuiltIn = (prototype: object): boolean => Object.getPrototypeOf(Object.getPrototypeOf(prototype)) === null

const isOdd = (array: unknown[]): boolean => Object.keys(array).length !== array.length

const bytesOf: ReadonlySet<unknown> = new Set(
  [
    Buffer,
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map((kind) => kind.prototype),
)

const isBytes = (value: object): boolean => types.isTypedArray(value) && bytesOf.has(Object.getPrototypeOf(value))

/** What has a `toJSON`, or is a kind of its own, says that its properties are not what it stands for. */
const isOrdinary = (value: object): boolean =>
  Object.prototype.toString.call(value) === '[object Object]' &&
  typeof (value as { toJSON?: unknown }).toJSON !== 'function'

function classOf(value: object): string {
  const { constructor } = Object.getPrototypeOf(value) as { constructor?: unknown }
  return typeof constructor === 'function' ? constructor.name : 'unknown'
}
