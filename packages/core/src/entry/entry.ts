import type { Codec } from './codec.ts'
import { tokenLength } from './token.ts'

/**
 * What stands under a key, byte by byte.
 *
 *     lease   L<token>
 *     value   V<id>1<kind><codec>\n<payload>
 *
 * The state and the 22 characters behind it are the head: all that scripts look at. Then, for a value, the version of
 * this format, `v` for a value or `n` for a cached "does not exist", and the codec's id.
 */
export type Seen =
  | { readonly kind: 'absent' }
  | { readonly kind: 'lease' }
  | { readonly kind: 'value'; readonly value: unknown; readonly payload: Buffer }
  /** Corrupted, or not ours. A lease may replace what has this `head`, and nothing else. */
  | { readonly kind: 'unreadable'; readonly reason: string; readonly head: Buffer }

export const headLength: number = 1 + tokenLength

const valueState = 'V'.charCodeAt(0)
const leaseState = 'L'.charCodeAt(0)
const version = '1'.charCodeAt(0)
const newline = '\n'.charCodeAt(0)

export const leaseHead = (token: string): string => `L${token}`

export const headOf = (raw: Buffer): Buffer => raw.subarray(0, headLength)

export const isValue = (raw: Buffer): boolean => raw[0] === valueState

export function encodeEntry(id: string, codec: Codec, payload: Buffer, negative: boolean): Buffer {
  return Buffer.concat([Buffer.from(`V${id}1${negative ? 'n' : 'v'}${codec.id}\n`, 'latin1'), payload])
}

/** Reads what a key holds. Never throws: what cannot be understood is `unreadable`. */
export function readEntry(raw: Buffer | null, codec: Codec): Seen {
  if (raw === null) return { kind: 'absent' }
  if (raw[0] === leaseState && raw.length === headLength) return { kind: 'lease' }
  if (!isValue(raw) || raw.length < headLength + 3) return unreadable(raw, 'not an entry of a cache')
  if (raw[headLength] !== version) return unreadable(raw, 'written in another format version')

  const codecStart = headLength + 2
  const payloadStart = codecStart + codec.id.length + 1
  if (raw[payloadStart - 1] !== newline || raw.toString('latin1', codecStart, payloadStart - 1) !== codec.id) {
    return unreadable(raw, `not written by codec "${codec.id}"`)
  }
  const payload = raw.subarray(payloadStart)
  try {
    return { kind: 'value', value: codec.decode(payload), payload }
  } catch (error) {
    return unreadable(
      raw,
      `codec "${codec.id}" cannot read it: ${error instanceof Error ? error.name : 'unknown error'}`,
    )
  }
}

const unreadable = (raw: Buffer, reason: string): Seen => ({ kind: 'unreadable', reason, head: headOf(raw) })
