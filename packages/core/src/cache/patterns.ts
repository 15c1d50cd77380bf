import { InvalidOptionsError, type OptionProblem, StoreError } from '../errors.ts'
import type { CacheEvent } from '../events.ts'
import { guarded } from '../protocol/guarded.ts'
import { refuseNonObject, refuseUnknown, shown } from './settings.ts'

export interface PatternOptions {
  /** Ends the call between two steps: it rejects with the signal's reason, and what is void by then stays so. */
  readonly signal?: AbortSignal
  /** Told after each step that has voided keys. */
  readonly onProgress?: (progress: PatternProgress) => void
}

export interface PatternProgress {
  /** Keys so far, leases and barriers among them. One that the store has found twice counts twice. */
  readonly invalidated: number
}

/** How many keys there were. */
export type PatternResult = PatternProgress

export interface PatternSurroundings {
  /** Of every key in the store. */
  readonly prefix: string
  /** As `Store.find`. */
  readonly find: (prefix: string, pattern: string) => AsyncIterable<readonly string[]>
  /** Voids keys, as they stand in the store. */
  readonly invalidate: (storeKeys: readonly string[]) => Promise<unknown>
  /** Of what this process holds of a key. */
  readonly forget: (storeKey: string) => void
  readonly report: (event: CacheEvent) => void
}

/** Keys in one command: few enough not to hold the server up, which frees their values at once. One command at a time. */
const batch = 100

/**
 * Voids every key that matches, a step at a time. A load that began before holds a lease, a refresh the value that it is
 * to replace, a writer a barrier, each under the key itself from then until it ends: so what it would store is refused,
 * once the key has been found.
 *
 * @throws {StoreError} {@link InvalidOptionsError} the reason of the signal
 */
export async function invalidatePattern(
  pattern: string,
  options: PatternOptions | undefined,
  { prefix, find, invalidate, forget, report }: PatternSurroundings,
): Promise<PatternResult> {
  const { signal, onProgress } = resolvePattern(pattern, options)
  const tell = guarded(onProgress ?? (() => {}))
  let invalidated = 0
  try {
    for (const form of formsInStore(pattern)) {
      for await (const found of find(prefix, form)) {
        for (let start = 0; start < found.length; start += batch) {
          signal?.throwIfAborted()
          const keys = found.slice(start, start + batch)
          for (const key of keys) forget(key) // Who comes later does not wait for what cannot be had.
          await invalidate(keys)
          report({ type: 'invalidate', keys: keys.map((key) => key.slice(prefix.length)) })
          invalidated += keys.length
          tell({ invalidated })
        }
        signal?.throwIfAborted()
      }
    }
  } catch (error) {
    signal?.throwIfAborted()
    const soFar = `${invalidated} keys are void, others may not be: repeat it`
    const failure = new StoreError('invalidatePattern', [pattern], error, soFar)
    report({ type: 'invalidate-error', operation: 'invalidatePattern', keys: [], tags: [], error: failure })
    throw failure
  }
  return { invalidated }
}

/** What a key above 256 bytes keeps of its beginning, at least; and what stands for its end. Bytes. */
const readable = 199
const digest = `%#${'?'.repeat(64)}`

/** Characters that mean themselves, one byte each. */
const plainStart = new RegExp(`^[^*?[\\\\\\P{ASCII}]{0,${readable}}`, 'u')

/**
 * A pattern as it is, and for keys that are stored under a digest. Those are known by what they begin with: where a
 * pattern says more than that, all that begin alike are meant, rather too many.
 */
export function formsInStore(pattern: string): readonly string[] {
  const start = pattern.replace(/\*+$/, '')
  const knowsByStart = !start.includes('*') && Buffer.byteLength(start) <= readable
  return knowsByStart ? [pattern] : [pattern, `${plainStart.exec(pattern)?.[0] ?? ''}*${digest}`]
}

/** What stands in the store is shorter. Characters. */
const longestPattern = 1_024

const patternOptions: ReadonlySet<string> = new Set<keyof PatternOptions>(['signal', 'onProgress'])

function resolvePattern(pattern: string, options: PatternOptions = {}): PatternOptions {
  const problems: OptionProblem[] = []
  refuseNonObject(options)
  refuseUnknown(options, patternOptions, problems)
  const got = wrongPattern(pattern)
  if (got !== undefined) {
    const expected = `1 to ${longestPattern} characters, none of them a control character, such as 'user:123:*'`
    problems.push({ option: 'pattern', expected, got })
  }
  const { signal, onProgress } = options
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function')
    problems.push({
      option: 'signal',
      expected: 'an AbortSignal, such as AbortSignal.timeout(60_000)',
      got: shown(signal),
    })
  if (onProgress !== undefined && typeof onProgress !== 'function')
    problems.push({ option: 'onProgress', expected: 'a function', got: shown(onProgress) })
  if (problems.length > 0) throw new InvalidOptionsError(problems)
  return options
}

function wrongPattern(pattern: unknown): string | undefined {
  if (typeof pattern !== 'string') return shown(pattern)
  if (pattern.length > longestPattern) return `${pattern.length} characters`
  if (pattern === '' || /\p{Cc}/u.test(pattern)) return JSON.stringify(pattern.slice(0, 80))
  return /\p{Surrogate}/u.test(pattern) ? 'half a surrogate pair' : undefined
}
