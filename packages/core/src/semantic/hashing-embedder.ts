import { refuseNonObject, refuseUnknown, shown } from '../cache/settings.ts'
import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import type { Embedder } from './embedder.ts'

export interface HashingEmbedderOptions {
  /** How many numbers a vector has. 64 to 4096. Default 512. */
  readonly dimensions?: number
}

/**
 * Small, local and always the same, for demos and tests: it compares words and the letters in them, and knows nothing of what
 * they mean. "How do I return a lamp?" is near "How can I return my lamp?" (0.98), and far from "Can I send a light back?" (0.02).
 * A threshold of about 0.9 goes with it. Words that English questions have in common hardly count.
 *
 * Source: the hashing trick of Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009.
 *
 * @throws {InvalidOptionsError}
 */
export function hashingEmbedder(options: HashingEmbedderOptions = {}): Embedder {
  refuseNonObject(options)
  const { dimensions = 512 } = options
  const problems: OptionProblem[] = []
  refuseUnknown(options, new Set(['dimensions']), problems)
  if (!(Number.isInteger(dimensions) && dimensions >= 64 && dimensions <= 4096))
    problems.push({
      option: 'dimensions',
      expected: 'a whole number from 64 to 4096, such as 512',
      got: shown(dimensions),
    })
  if (problems.length > 0) throw new InvalidOptionsError(problems)
  return { id: `hashing-1-${dimensions}`, dimensions, embed: (text) => hashed(text, dimensions) }
}

function hashed(text: string, dimensions: number): Float64Array {
  const vector = new Float64Array(dimensions)
  const add = (feature: string, weight: number) => {
    const hash = fnv1a(feature)
    const place = hash % dimensions
    // The sign lets features that meet in one place cancel out rather than add up.
    vector[place] = (vector[place] ?? 0) + (hash >>> 31 === 0 ? weight : -weight)
  }

  const words =
    text
      .normalize('NFKD')
      .toLowerCase()
      .replace(/\p{M}/gu, '')
      .match(/[\p{L}\p{N}]+/gu) ?? []
  for (const word of words) {
    const weight = common.has(word) ? 0.15 : 1
    add(word, weight)
    const letters = ` ${word} `
    const groups = Math.max(1, letters.length - 2)
    for (let at = 0; at < groups; at++) add(`…${letters.slice(at, at + 3)}`, weight / Math.sqrt(groups))
  }
  // What has no words, such as "???", is like nothing else.
  if (words.length === 0) add(`“${text}`, 1)
  return vector
}

/** Source: Fowler, Noll, Vo, "The FNV Non-Cryptographic Hash Algorithm", 32 bits; then mixed, for its low bits are weak. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

const common: ReadonlySet<string> = new Set(
  (
    'a an and are as at be by can could did do does for from has have how i if in is it its may me my of on or our ' +
    'please shall should so that the their them there this to us was we were what when where which who why will with ' +
    'would you your'
  ).split(' '),
)
