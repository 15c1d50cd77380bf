import type { History, Step } from './history.ts'
import type { Action } from './log.ts'

/** All that happened to one key, and the faults of the whole run, in order of beginning. */
export interface KeyStory {
  readonly key: string
  readonly reads: readonly Step[]
  readonly loads: readonly Step[]
  readonly commits: readonly Step[]
  /** And what voids as they do. */
  readonly invalidations: readonly Step[]
  readonly sets: readonly Step[]
  readonly faults: readonly Step[]
  /** Once nothing disturbs any more: what the database holds, and the cache has been told of. */
  readonly settled: { readonly at: number; readonly version: number } | undefined
  /** When a step was over: its end, or the last sign of life of its process; infinity while it goes on. */
  readonly over: (step: Step) => number
  /** The last moment that is known. */
  readonly until: number
}

export interface Span {
  readonly from: number
  readonly to: number
}

export function keyStories({ steps, deaths, settled, until }: History): KeyStory[] {
  const ordered = steps.toSorted((a, b) => a.began - b.began)
  const faults = ordered.filter(({ action }) => action === 'fault')
  const over = (step: Step) => step.ended ?? deaths.get(step.process) ?? Number.POSITIVE_INFINITY

  const keys = new Map<string, Step[]>()
  for (const step of ordered) {
    if (step.action === 'fault') continue
    const known = keys.get(step.key)
    if (known) known.push(step)
    else keys.set(step.key, [step])
  }
  return [...keys].map(([key, all]) => {
    const of = (...actions: Action[]) => all.filter(({ action }) => actions.includes(action))
    return {
      key,
      reads: of('read'),
      loads: of('load'),
      commits: of('commit'),
      invalidations: of('invalidate', 'set'),
      sets: of('set'),
      faults,
      settled: settled.get(key),
      over,
      until,
    }
  })
}

/** Names a step in the telling of a violation: `load w1:12 (v3) +1.2340 s … +1.5670 s`. */
export function told({ faults, reads, until }: KeyStory, step: Step): string {
  const zero = Math.min(reads[0]?.began ?? until, faults[0]?.began ?? until)
  const moment = (at: number) => `+${((at - zero) / 1000).toFixed(4)} s`
  const version = step.version === undefined ? '' : ` (v${step.version})`
  const end = step.ended === undefined ? 'no end' : moment(step.ended)
  return `${step.action} ${step.process}:${step.id}${version} ${moment(step.began)} … ${end}`
}
