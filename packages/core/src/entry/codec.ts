import { UncacheableValueError } from '../errors.ts'

/**
 * Value ↔ bytes. A value must come back equal to itself, or be refused: an entry is read by other processes and later versions.
 */
export interface Codec {
  /** Written into every entry: an entry of another codec is a miss. Change it when the format changes. `[a-z0-9.-]`, 1 to 32 characters. */
  readonly id: string
  /** Throws on a value it cannot bring back; the message says what is wrong with it. */
  encode(value: unknown): Buffer
  /**
   * Throws on bytes it cannot read; the entry is then a miss. What it returns is the caller's to change: it shares no
   * memory with `payload`, which others may be given too. Never `undefined`. What
   * it gives frozen all the way down, the near cache shares.
   */
  decode(payload: Buffer): unknown
}

/**
 * JSON, readable in redis-cli.
 *
 * What JSON does to a value holds on a miss as on a hit, because every caller gets the decoded copy: a `Date` becomes
 * its ISO text, a `Buffer` becomes `{ type: 'Buffer', data: [...] }`, `NaN` and infinities become `null`, and a property
 * that is `undefined` is left out. Refused, because JSON would lose them in silence: `undefined` itself, functions,
 * symbols, `Map`, `Set`; and what it cannot write: bigints and cycles.
 */
export const jsonCodec: Codec = {
  id: 'json',
  encode: (value) => {
    const json: string | undefined = JSON.stringify(value, refuseWhatJsonLoses)
    if (json === undefined) throw new TypeError('undefined cannot be cached; return null for "does not exist"')
    return Buffer.from(json)
  },
  decode: (payload) => JSON.parse(payload.toString()) as unknown,
}

/** Whether what it decodes is JSON's: arrays and plain objects. */
export const isJson = (codec: Codec): boolean => codec.decode === jsonCodec.decode

/** Levels of nesting that are copied: more would need more stack than there may be. */
const deepest = 1_000

/** Whether what JSON.parse has made can be copied. */
export function isShallow(value: unknown, within: number = deepest): boolean {
  if (value === null || typeof value !== 'object') return true
  return within > 0 && Object.values(value).every((inner) => isShallow(inner, within - 1))
}

/** A copy of what JSON.parse has made and {@link isShallow}, for an eighth of what that costs. */
export function copyJson(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(copyJson)
  const copy = { ...value } as Record<string, unknown>
  for (const name in copy) {
    const inner = copy[name]
    if (inner !== null && typeof inner === 'object') copy[name] = copyJson(inner)
  }
  return copy
}

function refuseWhatJsonLoses(property: string, value: unknown): unknown {
  const kind = typeof value
  if (kind === 'function' || kind === 'symbol' || kind === 'bigint')
    throw new TypeError(`${where(property)} is a ${kind}, which JSON cannot hold`)
  if (value instanceof Map || value instanceof Set)
    throw new TypeError(`${where(property)} is a ${value.constructor.name}, which JSON would empty`)
  return value
}

const where = (property: string) => (property === '' ? 'the value' : `property "${property}"`)

/** @throws {UncacheableValueError} which names the key, for what the codec refuses. */
export function encodeValue(codec: Codec, key: string, value: unknown): Buffer {
  try {
    return codec.encode(value)
  } catch (error) {
    throw new UncacheableValueError(key, error instanceof Error ? error.message : String(error), { cause: error })
  }
}
