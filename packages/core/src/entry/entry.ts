import type { Codec } from './codec.ts'
import { type CompressionMark, decompress } from './compression.ts'
import { freeze } from './freeze.ts'
import { generationLength, type Origin, readingLength } from './origin.ts'
import { tokenLength } from './token.ts'

/**
 * What stands under a key, byte by byte.
 *
 *     lease    L<token>
 *     barrier  B<contended>(<token><until>)+
 *     value    V<id>3<mark><markUntil><freshUntil><freshFor><cost><kind><packing><generation>
 *              (-|t<clock><moment>)<format>[ <etag>][ #<tags>]\n<payload>
 *
 * The state and the 22 characters behind it are the head: most of what scripts look at. The rest of a value's header
 * is fixed in width up to the generation, so that scripts change a part without touching the payload.
 *
 * | at | width | field        |                                                                                   |
 * | -- | ----- | ------------ | --------------------------------------------------------------------------------- |
 * | 23 | 1     | version      | of this format                                                                    |
 * | 24 | 1     | mark         | `-`, or until markUntil: `r` a refresh is under way, `f` one has failed, `w` it   |
 * |    |       |              | is being changed in place                                                         |
 * | 25 | 13    | markUntil    | server time, milliseconds since 1970                                              |
 * | 38 | 13    | freshUntil   | the same; 0: expired by call                                                      |
 * | 51 | 10    | freshFor     | the soft TTL it was written with, in milliseconds                                 |
 * | 61 | 8     | cost         | of its load, in milliseconds                                                      |
 * | 69 | 1     | kind         | `v` a value, `n` a cached "does not exist"                                        |
 * | 70 | 1     | packing      | how the payload is compressed                                                     |
 * | 71 | 16    | generation   | of the namespace, before the load                                                 |
 * | 87 | 1     | tagged       | `-`, or `t` and then:                                                             |
 * | 88 | 16    | clock        | the id of the tag clock                                                           |
 * | 104| 16    | moment       | its reading before the load                                                       |
 * |    |       | format       | the codec's id, and `/` and the cache's version if it has one                     |
 * |    |       | etag         | behind a space, percent-encoded, if the loader gave one                           |
 * |    |       | tags         | behind a space and `#`, percent-encoded, with commas between                      |
 */
export type Seen =
  | { readonly kind: 'absent' }
  | { readonly kind: 'lease' }
  /** A writer is at work. */
  | { readonly kind: 'barrier' }
  | SeenValue
  /** A value that was voided together with others, by a tag or a clear. A lease may replace it. */
  | { readonly kind: 'void'; readonly head: Buffer }
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
  readonly origin: Origin
  readonly tags: readonly string[]
}

/** Since when and how long a value is fresh. Server time and milliseconds. */
export interface Lifetime {
  /** 0: expired by call. */
  readonly freshUntil: number
  readonly freshFor: number
  /** How long its load took. */
  readonly cost: number
  readonly negative: boolean
  /** A tag of it has expired since it was loaded. */
  readonly expiredByTag?: boolean
}

/**
 * Says of a value that there is no need to refresh it for a while: advice, nothing is safe by it. Or that it is being changed
 * in place (`writing`): until then it is served, and then no more, because its writer has died.
 */
export interface Mark {
  readonly kind: 'refreshing' | 'failed' | 'writing'
  readonly until: number
}

/** How the payloads of a cache are written and read. */
export interface Format {
  readonly codec: Codec
  /** Of codec and version: an entry with another name is a miss. */
  readonly name: string
  /** The longest payload that is read, in bytes, decompressed. */
  readonly maxValueSize: number
  /** Whether nobody may change a value that was decoded. */
  readonly freezes: boolean
}

/** A value as it is handed out. @throws what the codec throws. */
export function decodeValue({ codec, freezes }: Format, payload: Buffer): unknown {
  const value = codec.decode(payload)
  if (freezes) freeze(value)
  return value
}

/** The same, with another codec. */
export const withCodec = (format: Format, codec: Codec): Format => ({
  ...format,
  codec,
  name: `${codec.id}${format.name.slice(format.codec.id.length)}`,
})

export const headLength: number = 1 + tokenLength
export const fixedLength: number = 88
export const markOffset: number = 24
export const freshUntilOffset: number = 38
export const generationOffset: number = 71

/** Tags of one entry. */
export const mostTags: number = 64

const [lease, barrier, value, version, newline, space, tagged, untagged] = Buffer.from('LBV3\n t-')
const tagMomentLength = generationLength + readingLength
const noTags: readonly string[] = []
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
  generation: generationOffset,
  tagged: 87,
  tagMoment: fixedLength,
} as const
const marks = new Map<number | undefined, Mark['kind']>([
  ['r'.charCodeAt(0), 'refreshing'],
  ['f'.charCodeAt(0), 'failed'],
  ['w'.charCodeAt(0), 'writing'],
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
export const isTaggedValue = (raw: Buffer): boolean => raw[at.tagged] === tagged

/** Of a readable value. */
export const isExpiredByCall = (raw: Buffer): boolean => endOf(raw) === 0

/** Of a readable value: whether it is a cached "does not exist". */
export const isNegative = (raw: Buffer): boolean => raw[at.kind] === kinds.negative

/** The two parts of a readable value, without the newline between them. */
export function splitEntry(raw: Buffer): { readonly header: Buffer; readonly payload: Buffer } {
  const end = raw.indexOf(newline as number, fixedLength)
  return { header: raw.subarray(0, end), payload: raw.subarray(end + 1) }
}

/** A readable value under another id, with another mark. @param until Server time in milliseconds, of a mark `w`. */
export function remarked(raw: Buffer, id: string, until?: number): Buffer {
  const copy = Buffer.from(raw)
  valueHead(id).copy(copy)
  copy.write(until === undefined ? '-'.padEnd(14, '0') : `w${digits(until, 13)}`, at.mark, 'latin1')
  return copy
}

/** Whether a readable value was written in this format. */
export function isNamed(raw: Buffer, format: string): boolean {
  const start = isTaggedValue(raw) ? at.tagMoment + tagMomentLength : at.tagMoment
  const behind = raw[start + format.length]
  return (behind === newline || behind === space) && standsAt(raw, start, format)
}

/** Until when a readable value is fresh, in server time and milliseconds. 0: expired by call. */
export const endOf = (raw: Buffer): number => number(raw, at.freshUntil, 13) ?? 0

/** How long a readable value is fresh from when it is stored, in milliseconds. */
export const freshForOf = (raw: Buffer): number => number(raw, at.freshFor, 10) ?? 0

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
  readonly origin: Origin
  /** None without a moment of the tag clock in its origin. */
  readonly tags: readonly string[]
  readonly payload: Buffer
}

export function encodeEntry({ id, format, packing, freshFor, cost, etag, payload, ...entry }: NewEntry): Buffer {
  const { origin, tags } = entry
  const until = '0'.repeat(13)
  const life = `${digits(freshFor, 10)}${digits(cost, 8)}`
  const kind = `${entry.negative ? 'n' : 'v'}${packing}`
  const tagMoment = tags.length > 0 ? encodeTagMoment(origin) : ''
  const stamp = `${origin.generation}${tagMoment === '' ? '-' : 't'}${tagMoment}`
  const etagged = etag === undefined ? '' : ` ${encodeURIComponent(etag)}`
  const listed = tags.length === 0 ? '' : ` #${tags.map(encodeTag).join(',')}`
  const header = `V${id}3-${until}${until}${life}${kind}${stamp}${format}${etagged}${listed}\n`
  return Buffer.concat([Buffer.from(header, 'latin1'), payload])
}

/** As it stands in the header of a tagged value; empty without a moment. */
export function encodeTagMoment({ tagMoment }: Origin): string {
  return tagMoment === undefined ? '' : `${tagMoment.id}${digits(tagMoment.reading, readingLength)}`
}

/** A colon stays as it is, for those who read it in redis-cli. */
const encodeTag = (tag: string): string => encodeURIComponent(tag).replaceAll('%3A', ':')

/** Reads what a key holds. Never throws: what cannot be understood is `unreadable`. */
export function readEntry(raw: Buffer | null, format: Format): Seen {
  if (raw === null) return { kind: 'absent' }
  if (isLease(raw)) return { kind: 'lease' }
  if (isBarrier(raw)) return { kind: 'barrier' }
  if (!isValue(raw)) return unreadable(raw, 'not an entry of a cache')
  if (raw[at.version] !== version) return unreadable(raw, 'written in another format version', isDigit(raw[at.version]))

  const isTagged = raw[at.tagged] === tagged
  const nameStart = isTagged ? at.tagMoment + tagMomentLength : at.tagMoment
  const nameEnd = nameStart + format.name.length
  const behind = raw[nameEnd]
  if (!isNamed(raw, format.name)) {
    if (raw.indexOf(newline as number, nameStart) === -1) return unreadable(raw, 'not an entry of a cache')
    return unreadable(raw, `not written as "${format.name}"`, true)
  }
  const end = behind === newline ? nameEnd : raw.indexOf(newline as number, nameEnd)
  const lifetime = readLifetime(raw)
  const origin = readOrigin(raw)
  if (end === -1 || !lifetime || !origin) return unreadable(raw, 'not an entry of a cache')

  try {
    const packing = String.fromCharCode(raw[at.packing] as number)
    const payload = decompress(packing, raw.subarray(end + 1), format.maxValueSize)
    const { etag, tags } = end === nameEnd ? nothingNoted : readNotes(raw.toString('latin1', nameEnd + 1, end))
    if (isTagged !== tags.length > 0) return unreadable(raw, 'not an entry of a cache')
    const decoded = { value: decodeValue(format, payload), payload }
    return { kind: 'value', head: headOf(raw), ...decoded, lifetime, mark: readMark(raw), etag, origin, tags }
  } catch (error) {
    const what = error instanceof Error ? error.name : 'unknown error'
    return unreadable(raw, `codec "${format.codec.id}" cannot read it: ${what}`)
  }
}

/** What a loader gave besides its value. */
interface Notes {
  readonly etag: string | undefined
  readonly tags: readonly string[]
}

const nothingNoted: Notes = { etag: undefined, tags: noTags }

function readNotes(text: string): Notes {
  const [first = '', second] = text.split(' ')
  const listed = first.startsWith('#') ? first : second
  return {
    etag: first.startsWith('#') ? undefined : decodeURIComponent(first),
    tags: listed?.startsWith('#') ? listed.slice(1).split(',').map(decodeURIComponent) : noTags,
  }
}

function readOrigin(raw: Buffer): Origin | undefined {
  const generation = raw.toString('latin1', at.generation, at.tagged)
  if (raw[at.tagged] === untagged) return { generation, tagMoment: undefined }
  const reading = raw[at.tagged] === tagged ? number(raw, at.tagMoment + generationLength, readingLength) : undefined
  if (reading === undefined) return undefined
  const id = raw.toString('latin1', at.tagMoment, at.tagMoment + generationLength)
  return { generation, tagMoment: { id, reading } }
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

function standsAt(raw: Buffer, from: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) if (raw[from + index] !== text.charCodeAt(index)) return false
  return true
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= digit0 && byte <= digit0 + 9

/** A reading of the tag clock; undefined if it is none. */
export const readingOf = (raw: Buffer, from: number): number | undefined => number(raw, from, readingLength)

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

/** A whole number from 0, in so many digits. */
export function digits(amount: number, width: number): string {
  return String(Math.min(Math.round(amount), 10 ** width - 1)).padStart(width, '0')
}

const unreadable = (raw: Buffer, reason: string, outdated = false): Seen => ({
  kind: 'unreadable',
  reason,
  head: headOf(raw),
  outdated,
})
