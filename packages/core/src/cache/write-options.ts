import { InvalidOptionsError, type OptionProblem } from '../errors.ts'
import { type Duration, durationExpected } from '../time/duration.ts'
import { refuseNonObject, refuseUnknown, shown, toWindow } from './settings.ts'

/** What a write leaves behind. */
export interface MutateOptions {
  /** How long nothing is cached afterwards, above the cache's own `settle`: longer than the replicas lag that loaders read. */
  readonly settle?: Duration
}

export interface InvalidateOptions extends MutateOptions {
  /**
   * How many replicas must have acknowledged it too (`WAIT`): a failover to one of them then does not undo it. Rejects
   * when fewer do within `commandTimeout`. Not on a cluster. Default 0.
   */
  readonly waitReplicas?: number
}

const invalidateOptions: ReadonlySet<string> = new Set<keyof InvalidateOptions>(['settle', 'waitReplicas'])
const mutateOptions: ReadonlySet<string> = new Set<keyof MutateOptions>(['settle'])

/** @throws {InvalidOptionsError} */
export function resolveInvalidation(
  options: InvalidateOptions | undefined,
  settle: number,
): { readonly settle: number; readonly replicas: number } {
  if (options === undefined) return { settle, replicas: 0 }
  const problems: OptionProblem[] = []
  const resolved = readSettle(options, settle, invalidateOptions, problems)
  const { waitReplicas: replicas = 0 } = options
  if (!(Number.isInteger(replicas) && replicas >= 0)) {
    problems.push({ option: 'waitReplicas', expected: 'a whole number of replicas, such as 1', got: shown(replicas) })
  }
  if (problems.length > 0) throw new InvalidOptionsError(problems)
  return { settle: resolved, replicas }
}

/** How long a write settles, in milliseconds. @throws {InvalidOptionsError} */
export function resolveSettle(options: MutateOptions | undefined, settle: number): number {
  if (options === undefined) return settle
  const problems: OptionProblem[] = []
  const resolved = readSettle(options, settle, mutateOptions, problems)
  if (problems.length > 0) throw new InvalidOptionsError(problems)
  return resolved
}

function readSettle(
  options: MutateOptions,
  settle: number,
  names: ReadonlySet<string>,
  problems: OptionProblem[],
): number {
  refuseNonObject(options)
  refuseUnknown(options, names, problems)
  if (options.settle === undefined) return settle
  const resolved = toWindow(options.settle)
  if (resolved === undefined)
    problems.push({ option: 'settle', expected: durationExpected, got: shown(options.settle) })
  return resolved ?? settle
}
