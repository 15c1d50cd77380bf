import type { History, Step } from './history.ts'
import type { Action } from './log.ts'
import { type Span, Timeline } from './timeline.ts'

/** All that happened to one key, and what its processes went through in the whole run, in order of beginning. */
export interface KeyStory {
  readonly key: string
  readonly reads: readonly Step[]
  readonly loads: readonly Step[]
  readonly commits: readonly Step[]
  /** Writes behind a barrier. */
  readonly mutations: readonly Step[]
  /** Invalidations, and what voids as they do. */
  readonly voidings: readonly Step[]
  readonly faults: readonly Step[]
  /** When a process was disturbed: by itself, or with all others. */
  readonly disturbed: (process: string) => Timeline
  readonly disturbedAlone: (process: string) => Timeline
  /** When a process was held up. */
  readonly stalled: (process: string) => Timeline
  /** When the cache of a process did without Redis. */
  readonly degraded: (process: string) => Timeline
  /** Once nothing disturbs any more: what the database holds, and the cache has been told of. */
  readonly settled: { readonly at: number; readonly version: number } | undefined
  /** When a step was over: its end, or the last sign of life of its process; infinity while it goes on. */
  readonly over: (step: Step) => number
  /** The last sign of life of a process that is gone. */
  readonly died: (process: string) => number | undefined
  /** When all that a process had pending at a moment was acknowledged; infinity: not so far. */
  readonly replayed: (process: string, pendingAt: number) => number
  /** The last moment that is known. */
  readonly until: number
}

const ofProcesses: ReadonlySet<Action> = new Set<Action>(['fault', 'degraded', 'replay', 'close'])

export function keyStories({ steps, deaths, settled, until }: History): KeyStory[] {
  const ordered = steps.toSorted((a, b) => a.began - b.began)
  const over = (step: Step) => step.ended ?? deaths.get(step.process) ?? Number.POSITIVE_INFINITY
  const acknowledgements = ordered.filter(
    ({ action, ended, lost = 0 }) => ended !== undefined && (action === 'replay' || (action === 'close' && lost === 0)),
  )
  const replayed = (process: string, pendingAt: number) =>
    acknowledgements.find((step) => step.process === process && Number(step.ended) > pendingAt)?.ended ??
    Number.POSITIVE_INFINITY

  const spanOf = (step: Step): Span => ({ from: step.began, to: over(step) })
  /** When steps that are logged for a process, or for all of them, were going on. */
  const when = (isOne: (step: Step) => boolean, forAll = true) => {
    const ones = ordered.filter(isOne)
    const concern = (process: string) => ones.filter(({ key }) => key === process || (forAll && key === '*'))
    return forEach((process) => new Timeline(concern(process).map(spanOf)))
  }
  const isFault = ({ action }: Step) => action === 'fault'
  const lives = {
    faults: ordered.filter(isFault),
    disturbed: when(isFault),
    disturbedAlone: when(isFault, false),
    stalled: when((step) => isFault(step) && step.stalls === true),
    degraded: when(({ action }) => action === 'degraded'),
  }

  const keys = new Map<string, Step[]>()
  for (const step of ordered) {
    if (ofProcesses.has(step.action)) continue
    const known = keys.get(step.key)
    if (known) known.push(step)
    else keys.set(step.key, [step])
  }
  return [...keys].map(([key, all]) => {
    const those = (...actions: Action[]) => all.filter(({ action }) => actions.includes(action))
    return {
      key,
      reads: those('read'),
      loads: those('load'),
      commits: those('commit'),
      mutations: those('mutate'),
      voidings: those('invalidate', 'expire', 'set', 'lower'),
      ...lives,
      settled: settled.get(key),
      over,
      died: (process) => deaths.get(process),
      replayed,
      until,
    }
  })
}

/** Makes one for each process that is asked for, once. */
export function forEach<T>(make: (process: string) => T): (process: string) => T {
  const made = new Map<string, T>()
  return (process) => {
    const known = made.get(process)
    if (known !== undefined) return known
    const one = make(process)
    made.set(process, one)
    return one
  }
}

/** Names a step in the telling of a violation: `load w1:12 (v3) +1.2340 s … +1.5670 s`. */
export function told({ faults, reads, until }: KeyStory, step: Step): string {
  const zero = Math.min(reads[0]?.began ?? until, faults[0]?.began ?? until)
  const moment = (at: number) => `+${((at - zero) / 1000).toFixed(4)} s`
  const notes = [
    step.version !== undefined && `v${step.version}`,
    step.stale !== undefined && `stale: ${step.stale}`,
    step.pending && 'pending',
  ].filter(Boolean)
  const end = step.ended === undefined ? 'no end' : moment(step.ended)
  const note = notes.length > 0 ? ` (${notes.join(', ')})` : ''
  return `${step.action} ${step.process}:${step.id}${note} ${moment(step.began)} … ${end}`
}

export const nameOf = ({ process, id }: Step): string => `${process}:${id}`
