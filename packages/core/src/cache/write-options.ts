import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import { type Duration, durationExpected } from '../time/duration.ts'
import { refuseNonObject, refuseUnknown, shown, storeTags, toWindow } from './settings.ts'

/** What clearing a cache leaves behind. */
export interface ClearOptions {
  /** How long nothing is cached afterwards, above the cache's own `settle`: longer than the replicas lag that loaders read. */
  readonly settle?: Duration
  /**
   * `'everywhere'` resolves `nearLag` later: no near cache of any process serves what is void then. `'near'`, the default,
   * resolves at once: it is void in this process and in Redis, and in the near caches of others within `nearLag`, as it is
   * where a call has no `scope`. What is `'pending'` resolves at once too.
   */
  readonly scope?: 'near' | 'everywhere'
}

/** What a write leaves behind. */
export interface MutateOptions extends ClearOptions {
  /** Tags that the write voids, besides the keys: their barrier is up as long. At most 64. */
  readonly tags?: readonly string[]
}

export interface InvalidateOptions extends ClearOptions {
  /**
   * How many replicas must have acknowledged it too (`WAIT`): a failover to one of them then does not undo it. Rejects
   * when fewer do within `commandTimeout`. Not on a cluster. Default 0.
   */
  readonly waitReplicas?: number
}

const clearOptions: ReadonlySet<string> = new Set<keyof ClearOptions>(['settle', 'scope'])
const mutateOptions: ReadonlySet<string> = new Set<keyof MutateOptions>(['settle', 'scope', 'tags'])
const invalidateOptions: ReadonlySet<string> = new Set<keyof InvalidateOptions>(['settle', 'scope', 'waitReplicas'])

/** What a call leaves behind. */
export interface Aftermath {
  /** How long nothing is to be filled then, in milliseconds. */
  readonly settle: number
  /** Whether it is to be void in the near caches of other processes too. */
  readonly everywhere: boolean
}

/** What is only expired does not settle, and may be served here and there a moment longer. */
export const noAftermath: Aftermath = { settle: 0, everywhere: false }

/** @throws {InvalidOptionsError} */
export function resolveInvalidation(
  options: InvalidateOptions | undefined,
  settle: number,
): Aftermath & { readonly replicas: number } {
  const problems: OptionProblem[] = []
  const aftermath = readAftermath(options, settle, invalidateOptions, problems)
  const { waitReplicas: replicas = 0 } = options ?? {}
  if (!(Number.isInteger(replicas) && replicas >= 0)) {
    problems.push({ option: 'waitReplicas', expected: 'a whole number of replicas, such as 1', got: shown(replicas) })
  }
  if (problems.length > 0) throw new InvalidOptionsError(problems)
  return { ...aftermath, replicas }
}

/** And the tags that it voids. @throws {InvalidOptionsError} {@link InvalidKeyError} */
export function resolveMutation(
  options: MutateOptions | undefined,
  settle: number,
): Aftermath & { readonly tags: readonly string[]; readonly storeTags: readonly string[] } {
  const problems: OptionProblem[] = []
  const aftermath = readAftermath(options, settle, mutateOptions, problems)
  if (problems.length > 0) throw new InvalidOptionsError(problems)
  const { tags = [] } = options ?? {}
  return { ...aftermath, tags, storeTags: storeTags(tags) }
}

/** @throws {InvalidOptionsError} */
export function resolveClear(options: ClearOptions | undefined, settle: number): Aftermath {
  const problems: OptionProblem[] = []
  const aftermath = readAftermath(options, settle, clearOptions, problems)
  if (problems.length > 0) throw new InvalidOptionsError(problems)
  return aftermath
}

function readAftermath(
  options: ClearOptions | undefined,
  settle: number,
  names: ReadonlySet<string>,
  problems: OptionProblem[],
): Aftermath {
  if (options === undefined) return { settle, everywhere: false }
  refuseNonObject(options)
  refuseUnknown(options, names, problems)
  const { scope = 'near' } = options
  if (scope !== 'near' && scope !== 'everywhere')
    problems.push({ option: 'scope', expected: "'near' or 'everywhere'", got: shown(scope) })
  const resolved = options.settle === undefined ? settle : toWindow(options.settle)
  if (resolved === undefined)
    problems.push({ option: 'settle', expected: durationExpected, got: shown(options.settle) })
  return { settle: resolved ?? settle, everywhere: scope === 'everywhere' }
}
