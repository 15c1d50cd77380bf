import { createHash } from 'node:crypto'
import { InvalidKeyError } from '../errors.ts'

/** A part of a key. `1` and `'1'` are the same part on purpose: a path parameter is always text. */
export type KeyPart = string | number | bigint

/** Longer keys are stored under a digest. In UTF-8 bytes. */
const longestVerbatim = 256
const longestAccepted = 16_384
const readableStart = 200

const needsEscape = /[%:*?[\]^\\{}\s\p{Cc}]/gu
const forbidden = /\p{Cc}/u
const loneSurrogate = /\p{Surrogate}/u
/** What most keys are: nothing in it to be looked at further. */
const plain = /^[ -~]{1,256}$/

/**
 * Joins parts into a key such as `product:p-001`. Two different lists of parts never make the same key: `:` and
 * `%` inside a part are escaped, and so is what means something to Redis patterns and cluster hash tags.
 *
 * @throws {InvalidKeyError} without a part, for a number that is not finite, or for text that is not well-formed.
 *
 * @example
 * cacheKey('product', 'a:b') // 'product:a%3Ab'
 */
export function cacheKey(...parts: readonly [KeyPart, ...KeyPart[]]): string {
  if (parts.length === 0)
    throw new InvalidKeyError('key without parts: expected at least one, such as cacheKey("product", id)')
  return parts.map(escapePart).join(':')
}

function escapePart(part: KeyPart): string {
  if (typeof part === 'number' && !Number.isFinite(part)) {
    throw new InvalidKeyError(`key part ${part}: expected a finite number, a bigint or a string`)
  }
  if (typeof part !== 'string' && typeof part !== 'number' && typeof part !== 'bigint') {
    throw new InvalidKeyError(
      `key part of type ${part === null ? 'null' : typeof part}: expected a string, a number or a bigint`,
    )
  }
  const text = String(part)
  if (loneSurrogate.test(text))
    throw new InvalidKeyError('key part with half a surrogate pair: expected well-formed text')
  return text.replace(needsEscape, (character) =>
    Buffer.from(character, 'utf8').reduce(
      (escaped, byte) => `${escaped}%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
      '',
    ),
  )
}

/**
 * The key in the store: `namespace:key`, as a person finds it in redis-cli.
 *
 * @throws {InvalidKeyError} for a key that is no text, empty, longer than 16384 characters, or has control characters.
 */
export function storeKey(namespace: string, key: string): string {
  return `${namespace}:${bounded('key', key)}`
}

/**
 * A tag as entries and the tag clock have it: bounded as a key is.
 *
 * @throws {InvalidKeyError} for a tag that could not be a key.
 */
export function storeTag(tag: string): string {
  return bounded('tag', tag)
}

/**
 * Text above 256 bytes keeps its readable start and ends in the SHA-256 of the whole; the result is longer than any text
 * that is stored as it is, so the two kinds cannot meet.
 */
function bounded(what: 'key' | 'tag', text: string): string {
  if (typeof text === 'string' && plain.test(text)) return text
  if (typeof text !== 'string')
    throw new InvalidKeyError(`${what} of type ${typeof text}: expected a string, such as "product:p-001"`)
  if (text === '') throw new InvalidKeyError(`empty ${what}: expected text, such as "product:p-001"`)
  if (text.length > longestAccepted) {
    throw new InvalidKeyError(`${what} of ${text.length} characters: expected at most ${longestAccepted}`)
  }
  if (forbidden.test(text)) {
    throw new InvalidKeyError(
      `${what} ${JSON.stringify(text.slice(0, 80))} with a control character: build it with cacheKey(), which escapes them`,
    )
  }
  if (loneSurrogate.test(text))
    throw new InvalidKeyError(`${what} with half a surrogate pair: expected well-formed text`)
  if (text.length * 3 <= longestVerbatim || Buffer.byteLength(text) <= longestVerbatim) return text

  const start = Array.from(text.slice(0, readableStart)).filter((character) => !loneSurrogate.test(character))
  return `${start.join('')}%#${createHash('sha256').update(text).digest('hex')}`
}
