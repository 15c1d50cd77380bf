/**
 * Text as a part of a pattern that matches only itself.
 *
 * @example
 * await cache.invalidatePattern(`search:${escapePattern(query)}:*`)
 */
export const escapePattern = (text: string): string => text.replace(/[*?[\]^\\]/g, '\\$&')

/** Whether one byte is meant. */
type Part = (byte: number) => boolean

/**
 * Tells whether text matches a glob, as Redis does: `*` any bytes, `?` one byte, `[abc]` `[^abc]` `[a-z]` one byte of a
 * class, which ends with the pattern if nothing closes it, and `\` before what is to be taken as it is. Takes at most
 * the product of both lengths in time, whatever the pattern.
 *
 * @see https://github.com/redis/redis/blob/7.0.15/src/util.c stringmatchlen
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const parts = parse(Buffer.from(pattern))
  return (text) => {
    const bytes = Buffer.from(text)
    let at = 0
    let part = 0
    /** The last `*`, and where what it stands for ends: one byte later after each failure. An earlier one need not give way. */
    let star = -1
    let covered = 0
    while (at < bytes.length) {
      const next = parts[part]
      if (next === 'any') {
        star = part++
        covered = at
      } else if (next?.(bytes[at] as number)) {
        part++
        at++
      } else if (star >= 0) {
        part = star + 1
        at = ++covered
      } else return false
    }
    while (parts[part] === 'any') part++
    return part === parts.length
  }
}

function parse(pattern: Buffer): (Part | 'any')[] {
  const parts: (Part | 'any')[] = []
  for (let at = 0; at < pattern.length; at++) {
    const byte = pattern[at] as number
    if (byte === code('*')) parts.push('any')
    else if (byte === code('?')) parts.push(() => true)
    else if (byte === code('[')) {
      const { part, end } = parseClass(pattern, at + 1)
      parts.push(part)
      at = end
    } else {
      const literal = byte === code('\\') && at + 1 < pattern.length ? (pattern[++at] as number) : byte
      parts.push((given) => given === literal)
    }
  }
  return parts
}

/** @returns `end`, where it is closed, or the end of the pattern. */
function parseClass(pattern: Buffer, start: number): { readonly part: Part; readonly end: number } {
  const negated = pattern[start] === code('^')
  const meant = new Set<number>()
  let at = negated ? start + 1 : start
  for (; at < pattern.length && pattern[at] !== code(']'); at++) {
    const first = pattern[at] as number
    if (first === code('\\') && at + 1 < pattern.length) meant.add(pattern[++at] as number)
    else if (pattern[at + 1] === code('-') && at + 2 < pattern.length) {
      // What follows is the other end, a bracket or a backslash too.
      const last = pattern[(at += 2)] as number
      for (let byte = Math.min(first, last); byte <= Math.max(first, last); byte++) meant.add(byte)
    } else meant.add(first)
  }
  return { part: (byte) => meant.has(byte) !== negated, end: at }
}

const code = (character: string) => character.charCodeAt(0)
