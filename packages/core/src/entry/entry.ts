import type { Codec } from './codec.ts'
import { type CompressionMark, decompress } from './compression.ts'
import { tokenLength } from './token.ts'

/**
 * What stands under a key, byte by byte.
 *
 *     lease    L<token>
 *     barrier  B<contended>(<token><until>)+
 *     value    V<id>2<mark><markUntil><freshUntil><freshFor><cost><kind><packing><format>[ <etag>]\n<payload>
 *
 * The state and the 22 characters behind it are the head: most of what scripts look at. The rest of a value's header
 * is fixed in width up to the format, so that scripts change a part without touching the payload.
 *
 * | at | width | field        |                                                                                   |
 * | -- | ----- | ------------ | --------------------------------------------------------------------------------- |
 * | 23 | 1     | version      | of this format                                                                    |
 * | 24 | 1     | mark         | `-`, or until markUntil: `r` a refresh is under way, `f` one has failed           |
 * | 25 | 13    | markUntil    | server time, milliseconds since 1970                                              |
 * | 38 | 13    | freshUntil   | the same; 0: expired by call                                                      |
 * | 51 | 10    | freshFor     | the soft TTL it was written with, in milliseconds                                 |
 * | 61 | 8     | cost         | of its load, in milliseconds                                                      |
 * | 69 | 1     | kind         | `v` a value, `n` a cached "does not exist"                                        |
 * | 70 | 1     | packing      | how the payload is compressed                                                     |
 * | 71 |       | format       | the codec's id, and `/` and the cache's version if it has one                     |
 * |    |       | etag         | behind a space, percent-encoded, if the loader gave one                           |
 */
export type Seen =
  | { readonly kind: 'absent' }
  | { readonly kind: 'lease' }
  /** A writer is at work. */
  | { readonly kind: 'barrier' }
  | SeenValue
  /** Corrupted, or not ours. A lease may replace what has this `head`, and nothing else. */
  | { readonly kind: 'unreadable'; readonly reason: string; readonly head: Buffer; readonly outdated: boolean }

export interface SeenValue {
  readonly kind: 'value'
  readonly head: Buffer
  readonly value: unknown
  /** Of the codec, not compressed. */
  readonly payload: Buffer
  readonly lifetime: Lifetime
  readonly mark: Mark | undefined
  readonly etag: string | undefined
}

/** Since when and how long a value is fresh. Server time and milliseconds. */
export interface Lifetime {
  /** 0: expired by call. */
  readonly freshUntil: number
  readonly freshFor: number
  /** How long its load took. */
  readonly cost: number
  readonly negative: boolean
}

/** Says of a value that there is no need to refresh it for a while. Advice: nothing is safe by it. */
export interface Mark {
  readonly kind: 'refreshing' | 'failed'
  readonly until: number
}

/** How the payloads of a cache are written and read. */
export interface Format {
  readonly codec: Codec
  /** Of codec and version: an entry with another name is a miss. */
  readonly name: string
  /** The longest payload that is read, in bytes, decompressed. */
  readonly maxValueSize: number
}

export const headLength: number = 1 + tokenLength
export const fixedLength: number = 71
export const markOffset: number = 24
export const freshUntilOffset: number = 38

const [lease, barrier, value, version, newline, space] = Buffer.from('LBV2\n ')
const digit0 = '0'.charCodeAt(0)
const at = {
  version: 23,
  mark: markOffset,
  markUntil: 25,
  freshUntil: freshUntilOffset,
  freshFor: 51,
  cost: 61,
  kind: 69,
  packing: 70,
} as const
const marks = new Map<number | undefined, Mark['kind']>([
  ['r'.charCodeAt(0), 'refreshing'],
  ['f'.charCodeAt(0), 'failed'],
])
const kinds = { value: 'v'.charCodeAt(0), negative: 'n'.charCodeAt(0) }
/** Of one writer in a barrier: its token and until when it stands. */
const writerLength = tokenLength + 13

export const leaseHead = (token: string): Buffer => Buffer.from(`L${token}`, 'latin1')
export const valueHead = (id: string): Buffer => Buffer.from(`V${id}`, 'latin1')
export const headOf = (raw: Buffer): Buffer => raw.subarray(0, headLength)
export const isLease = (raw: Buffer): boolean => raw[0] === lease && raw.length === headLength
export const isValue = (raw: Buffer): boolean => raw[0] === value && raw.length > headLength
export const isBarrier = (raw: Buffer): boolean =>
  raw[0] === barrier && raw.length > 2 && (raw.length - 2) % writerLength === 0

/** A value in the form that this version writes; its header, at least. */
export const isReadableValue = (raw: Buffer): boolean =>
  isValue(raw) && raw[at.version] === version && raw.length > fixedLength

/** Of a readable value. */
export const isExpiredByCall = (raw: Buffer): boolean => number(raw, at.freshUntil, 13) === 0

/** The mark of a readable value. */
export function readMark(raw: Buffer): Mark | undefined {
  const kind = marks.get(raw[at.mark])
  return kind && { kind, until: number(raw, at.markUntil, 13) ?? 0 }
}

export interface NewEntry {
  readonly id: string
  /** The name of the {@link Format}. */
  readonly format: string
  readonly negative: boolean
  readonly packing: CompressionMark
  /** Milliseconds. From when it counts is for the server to say, when it stores the entry. */
  readonly freshFor: number
  readonly cost: number
  readonly etag: string | undefined
  readonly payload: Buffer
}

export function encodeEntry({ id, format, packing, freshFor, cost, etag, payload, ...entry }: NewEntry): Buffer {
  const until = '0'.repeat(13)
  const life = `${digits(freshFor, 10)}${digits(cost, 8)}`
  const kind = `${entry.negative ? 'n' : 'v'}${packing}`
  const suffix = etag === undefined ? '' : ` ${encodeURIComponent(etag)}`
  const header = `V${id}2-${until}${until}${life}${kind}${format}${suffix}\n`
  return Buffer.concat([Buffer.from(header, 'latin1'), payload])
}

/** Reads what a key holds. Never throws: what cannot be understood is `unreadable`. */
export function readEntry(raw: Buffer | null, format: Format): Seen {
  if (raw === null) return { kind: 'absent' }
  if (isLease(raw)) return { kind: 'lease' }
  if (isBarrier(raw)) return { kind: 'barrier' }
  if (!isValue(raw)) return unreadable(raw, 'not an entry of a cache')
  if (raw[at.version] !== version) return unreadable(raw, 'written in another format version', isDigit(raw[at.version]))

  const nameEnd = fixedLength + format.name.length
  const behind = raw[nameEnd]
  const isNamed = behind === newline || behind === space
  if (!isNamed || raw.toString('latin1', fixedLength, nameEnd) !== format.name) {
    if (raw.indexOf(newline as number, fixedLength) === -1) return unreadable(raw, 'not an entry of a cache')
    return unreadable(raw, `not written as "${format.name}"`, true)
  }
  const end = behind === newline ? nameEnd : raw.indexOf(newline as number, nameEnd)
  if (end === -1) return unreadable(raw, 'not an entry of a cache')

  const lifetime = readLifetime(raw)
  if (!lifetime) return unreadable(raw, 'not an entry of a cache')
  try {
    const payload = decompress(
      String.fromCharCode(raw[at.packing] as number),
      raw.subarray(end + 1),
      format.maxValueSize,
    )
    return {
      kind: 'value',
      head: headOf(raw),
      value: format.codec.decode(payload),
      payload,
      lifetime,
      mark: readMark(raw),
      etag: end === nameEnd ? undefined : decodeURIComponent(raw.toString('latin1', nameEnd + 1, end)),
    }
  } catch (error) {
    const what = error instanceof Error ? error.name : 'unknown error'
    return unreadable(raw, `codec "${format.codec.id}" cannot read it: ${what}`)
  }
}

function readLifetime(raw: Buffer): Lifetime | undefined {
  const freshUntil = number(raw, at.freshUntil, 13)
  const freshFor = number(raw, at.freshFor, 10)
  const cost = number(raw, at.cost, 8)
  const negative = raw[at.kind] === kinds.negative
  if (freshUntil === undefined || freshFor === undefined || cost === undefined) return undefined
  if (!negative && raw[at.kind] !== kinds.value) return undefined
  return { freshUntil, freshFor, cost, negative }
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= digit0 && byte <= digit0 + 9

/** A number of so many digits; undefined if one of them is none. */
function number(raw: Buffer, from: number, width: number): number | undefined {
  let result = 0
  for (let index = from; index < from + width; index++) {
    const digit = (raw[index] as number) - digit0
    if (!(digit >= 0 && digit <= 9)) return undefined
    result = result * 10 + digit
  }
  return result
}

export function digits(amount: number, width: number): string {
  return String(Math.min(Math.round(amount), 10 ** width - 1)).padStart(width, '0')
}

const unreadable = (raw: Buffer, reason: string, outdated = false): Seen => ({
  kind: 'unreadable',
  reason,
  head: headOf(raw),
  outdated,
})
