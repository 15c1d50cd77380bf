import { createHash } from 'node:crypto'
import { shown } from '../cache/settings.ts'
import { cacheKey, storeTag } from '../entry/key.ts'
import { InvalidKeyError, InvalidOptionsError, type OptionProblem } from '../errors.ts'

/** What an answer depends on besides its question, in the order of the names. */
export type Metadata = readonly (readonly [name: string, value: string])[]

/** A question as it stands in the cache. */
export interface Question {
  readonly text: string
  /** Digest of the metadata: only what has the same is compared. */
  readonly scope: string
  readonly id: string
  readonly metadata: Metadata
}

/** @throws {InvalidOptionsError} for what is no text. */
export function readQuestion(question: string, metadata: Metadata): Question {
  const text = typeof question === 'string' ? question.trim() : ''
  if (text === '')
    refuse({ option: 'question', expected: 'a text, such as "How do I return a lamp?"', got: shown(question) })
  const scope = digest(JSON.stringify(metadata))
  return { text, scope, id: `${scope}-${digest(text)}`, metadata }
}

/** The metadata of a question, which has to have each of the names; or of some questions, which may leave some out. @throws {InvalidOptionsError} */
export function readMetadata(names: readonly string[], given: unknown, of: 'question' | 'filter'): Metadata {
  const values = given ?? {}
  const expected = `texts for ${names.length === 0 ? 'no name' : names.join(', ')}`
  if (typeof values !== 'object' || Array.isArray(values))
    refuse({ option: 'metadata', expected: `an object with ${expected}`, got: shown(values) })
  const problems: OptionProblem[] = Object.keys(values)
    .filter((name) => !names.includes(name))
    .map((name) => ({ option: `metadata.${name}`, expected, got: 'another name' }))
  const metadata: [string, string][] = []
  for (const name of names) {
    const value = (values as Record<string, unknown>)[name]
    if (value === undefined && of === 'filter') continue
    if (typeof value === 'string' && !loneSurrogate.test(value)) metadata.push([name, value])
    else problems.push({ option: `metadata.${name}`, expected: 'a well-formed text', got: shown(value) })
  }
  if (of === 'filter' && metadata.length === 0 && problems.length === 0)
    problems.push({ option: 'metadata', expected, got: 'none of them' })
  if (problems.length > 0) throw new InvalidOptionsError(problems)
  return metadata
}

/** An id that `ask` has returned. @throws {InvalidKeyError} */
export function checkedId(id: string): string {
  if (typeof id === 'string' && /^[0-9a-f]{32}-[0-9a-f]{32}$/.test(id)) return id
  throw new InvalidKeyError(`answer ${shown(id)}: expected the id of an answer, as ask() returns it`)
}

/** A caller's tag as an entry has it. @throws {InvalidKeyError} */
export const callersTag = (tag: string): string => `tag:${storeTag(tag)}`

/** The tag of all that has this metadata: `where:tenant:acme`. */
export const whereTag = (metadata: Metadata): string => cacheKey('where', ...metadata.flat())

/** A tag for every filter that a question passes: for each part of its metadata that is not empty. */
export function whereTags(metadata: Metadata): string[] {
  const parts = metadata.reduce<Metadata[]>((some, one) => [...some, ...some.map((part) => [...part, one])], [[]])
  return parts.filter((part) => part.length > 0).map(whereTag)
}

const loneSurrogate = /\p{Surrogate}/u

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)

function refuse(problem: OptionProblem): never {
  throw new InvalidOptionsError([problem])
}
