import type { History, Step } from './history.ts'
import type { Action, Settled, Shown } from './log.ts'
import { countBefore, type Span, Timeline } from './timeline.ts'

/** All that happened to one key, and what its processes went through in the whole run, in order of beginning. */
export interface KeyStory {
  readonly key: string
  readonly reads: readonly Step[]
  readonly loads: readonly Step[]
  readonly commits: readonly Step[]
  /** Writes behind a barrier: of this key, or of a tag that a value of it has had. */
  readonly mutations: readonly Step[]
  /** Invalidations, and what voids as they do: this key, or such a tag, or every key. */
  readonly voidings: readonly Step[]
  /** Entries that could not be read. */
  readonly corruptions: readonly Step[]
  readonly faults: readonly Step[]
  /** When a process was disturbed: by itself, or with all others. */
  readonly disturbed: (process: string) => Timeline
  readonly disturbedAlone: (process: string) => Timeline
  /** When a process was held up. */
  readonly stalled: (process: string) => Timeline
  /** When the cache of a process did without Redis. */
  readonly degraded: (process: string) => Timeline
  /** Once nothing disturbs any more: what the database holds, and the cache has been told of. */
  readonly settled: (Settled & { readonly at: number }) | undefined
  /** When a step was over: its end, or the last sign of life of its process; infinity while it goes on. */
  readonly over: (step: Step) => number
  /** The last sign of life of a process that is gone. */
  readonly died: (process: string) => number | undefined
  /** When it was seen to be gone: it may have been quiet before. */
  readonly exited: (process: string) => number | undefined
  /** When all that a process had pending at a moment was acknowledged; infinity: not so far. */
  readonly replayed: (process: string, pendingAt: number) => number
  /** The last moment that is known. */
  readonly until: number
}

const ofProcesses: ReadonlySet<Action> = new Set<Action>(['fault', 'deaf', 'degraded', 'replay', 'close'])

export function keyStories({ steps, deaths, exits, settled, until }: History): KeyStory[] {
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
  /** What voids more than its own key. */
  const broad: Step[] = []
  for (const step of ordered) {
    if (ofProcesses.has(step.action)) continue
    if (step.action !== 'read' && (step.key === '*' || step.tags)) broad.push(step)
    if (step.key === '*') continue
    const known = keys.get(step.key)
    if (known) known.push(step)
    else keys.set(step.key, [step])
  }
  return [...keys].map(([key, own]) => {
    const tags = new Set(own.flatMap(tagsOfValue))
    const isMet = (step: Step) => step.key !== key && (step.tags?.some((tag) => tags.has(tag)) ?? true)
    const all = [...own, ...broad.filter(isMet)].toSorted((a, b) => a.began - b.began)
    const those = (...actions: Action[]) => all.filter(({ action }) => actions.includes(action))
    return {
      key,
      reads: those('read'),
      loads: those('load'),
      commits: those('commit').filter(({ failed }) => !failed),
      mutations: those('mutate'),
      voidings: those('invalidate', 'expire', 'clear', 'set', 'lower'),
      corruptions: those('corrupt'),
      ...lives,
      settled: settled.get(key),
      over,
      died: (process) => deaths.get(process),
      exited: (process) => exits.get(process),
      replayed,
      until,
    }
  })
}

/** The tags that a step of a key shows its value to have. */
const tagsOfValue = ({ action, tags = [], carries = [] }: Step) => (action === 'read' ? tags : carries)

/** Makes one for each name that is asked for, once. */
export function forEach<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>()
  return (name) => {
    const known = made.get(name)
    if (known !== undefined) return known
    const one = make(name)
    made.set(name, one)
    return one
  }
}

/** Tells the highest of some commits that had ended before a moment. */
export function highestOf(commits: readonly Step[]): (moment: number) => Step | undefined {
  const ended = commits.filter((step) => step.ended !== undefined)
  const ordered = ended.toSorted((a, b) => Number(a.ended) - Number(b.ended))
  const highest: Step[] = []
  for (const commit of ordered) {
    const before = highest.at(-1)
    highest.push(before && Number(before.version) > Number(commit.version) ? before : commit)
  }
  return (moment) => highest[countBefore(ordered, (step) => Number(step.ended), moment) - 1]
}

/** Names a step in the telling of a violation: `load w1:12 (v3) +1.2340 s … +1.5670 s`. */
export function told({ faults, reads, until }: KeyStory, step: Step): string {
  const zero = Math.min(reads[0]?.began ?? until, faults[0]?.began ?? until)
  const moment = (at: number) => `+${((at - zero) / 1000).toFixed(4)} s`
  const notes = [
    step.version !== undefined && `v${step.version}`,
    step.tags && `of ${step.tags.join(' and ')}`,
    step.carries && `with ${step.carries.join(' and ')}`,
    step.fields && `shows ${shownAs(Object.entries(step.fields))}`,
    step.items && `shows ${step.items.map(({ version }) => version).join(', ')}`,
    step.absent && 'absent',
    step.changes && `changes ${step.changes.join(', ')}`,
    step.inPlace && 'in place',
    step.stale !== undefined && `stale: ${step.stale}`,
    step.near !== undefined && `near, after ${moment(step.near)}`,
    step.everywhere && 'everywhere',
    step.pending && 'pending',
  ].filter(Boolean)
  const end = step.ended === undefined ? 'no end' : moment(step.ended)
  const note = notes.length > 0 ? ` (${notes.join(', ')})` : ''
  return `${step.action} ${step.process}:${step.id}${note} ${moment(step.began)} … ${end}`
}

export const nameOf = ({ process, id }: Step): string => `${process}:${id}`

const shownAs = (fields: readonly (readonly [string, Shown])[]): string =>
  fields.map(([field, { version, load }]) => `${field} v${version} by ${load}`).join(', ')
