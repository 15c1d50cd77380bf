import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import { type Duration, durationExpected } from '../time/duration.ts'
import { refuseNonObject, refuseUnknown, shown, storeTags, toWindow } from './settings.ts'

/** What clearing a cache leaves behind. */
export interface ClearOptions {
  /** How long nothing is cached afterwards, above the cache's own `settle`: longer than the replicas lag that loaders read. */
  readonly settle?: Duration
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

const clearOptions: ReadonlySet<string> = new Set<keyof ClearOptions>(['settle'])
const mutateOptions: ReadonlySet<string> = new Set<keyof MutateOptions>(['settle', 'tags'])
const invalidateOptions: ReadonlySet<string> = new Set<keyof InvalidateOptions>(['settle', 'waitReplicas'])

/** @throws {InvalidOptionsError} */
export function resolveInvalidation(
  options: InvalidateOptions | undefined,
  settle: number,
): { readonly settle: number; readonly replicas: number } {
  const problems: OptionProblem[] = []
  const resolved = readSettle(options, settle, invalidateOptions, problems)
  const { waitReplicas: replicas = 0 } = options ?? {}
  if (!(Number.isInteger(replicas) && replicas >= 0)) {
    problems.push({ option: 'waitReplicas', expected: 'a whole number of replicas, such as 1', got: shown(replicas) })
  }
  if (problems.length > 0) throw new InvalidOptionsError(problems)
  return { settle: resolved, replicas }
}

/** How long a write settles, in milliseconds, and the tags that it voids. @throws {InvalidOptionsError} {@link InvalidKeyError} */
export function resolveMutation(
  options: MutateOptions | undefined,
  settle: number,
): { readonly settle: number; readonly tags: readonly string[]; readonly storeTags: readonly string[] } {
  const problems: OptionProblem[] = []
  const resolved = readSettle(options, settle, mutateOptions, problems)
  if (problems.length > 0) throw new InvalidOptionsError(problems)
  const { tags = [] } = options ?? {}
  return { settle: resolved, tags, storeTags: storeTags(tags) }
}

/** How long a clear settles, in milliseconds. @throws {InvalidOptionsError} */
export function resolveSettle(options: ClearOptions | undefined, settle: number): number {
  const problems: OptionProblem[] = []
  const resolved = readSettle(options, settle, clearOptions, problems)
  if (problems.length > 0) throw new InvalidOptionsError(problems)
  return resolved
}

function readSettle(
  options: ClearOptions | undefined,
  settle: number,
  names: ReadonlySet<string>,
  problems: OptionProblem[],
): number {
  if (options === undefined) return settle
  refuseNonObject(options)
  refuseUnknown(options, names, problems)
  if (options.settle === undefined) return settle
  const resolved = toWindow(options.settle)
  if (resolved === undefined)
    problems.push({ option: 'settle', expected: durationExpected, got: shown(options.settle) })
  return resolved ?? settle
}
