import { findPastBarriers } from './barriers.ts'
import { findBreaks } from './breaks.ts'
import { findStale } from './freshness.ts'
import type { History } from './history.ts'
import { findForgotten, isPending } from './journal.ts'
import { keyStories } from './key-story.ts'
import { findHanging } from './liveness.ts'
import { findSecondLoads } from './one-load.ts'
import { partsOf } from './parts.ts'
import { findMisshapen } from './shapes.ts'
import type { Bounds, Violation } from './violation.ts'

export interface Verdict {
  /** In the order in which they could be seen. */
  readonly violations: readonly Violation[]
  readonly reads: number
  readonly writes: number
  readonly loads: number
  /** Loads that began beside another, whose lease a fault or an invalidation may have voided. */
  readonly excused: number
  /** Reads that were served what is stale. */
  readonly stale: number
  /** Reads that a near cache has answered. */
  readonly near: number
  /** Those of them that showed what the store would not have shown any more. */
  readonly behind: number
  /** How long it would not have, at most, in milliseconds. */
  readonly furthest: number
  /** Loads that renewed what was there. */
  readonly renewals: number
  /** Changes of records and windows that were made in place. */
  readonly amended: number
  /** Reads of windows that miss an item that nobody has promised yet, and show a newer one. */
  readonly holes: number
  /** Commits behind a barrier whose writer died before it could say so. */
  readonly orphans: number
  /** Invalidations that were pending first. */
  readonly pending: number
  /** Caches that were closed and said that something pending was lost. */
  readonly losses: number
}

/** Everything that the history of a run shows to be wrong. */
export function checkHistory(history: History, bounds: Bounds): Verdict {
  const violations: Violation[] = []
  const count = {
    reads: 0,
    writes: 0,
    loads: 0,
    excused: 0,
    stale: 0,
    near: 0,
    renewals: 0,
    amended: 0,
    holes: 0,
    orphans: 0,
  }
  const behind: number[] = []

  for (const story of keyStories(history)) {
    const seconds = findSecondLoads(story, bounds)
    const barriers = findPastBarriers(story, bounds)
    const shapes = findMisshapen(story, bounds)
    const parts = partsOf(story, bounds.window)
    const freshness = [story, ...parts].map((part) => findStale(part, bounds.nearLag))
    const past = parts.map((part) => findPastBarriers(part, bounds))
    for (const { violations: found } of [seconds, barriers, shapes, ...freshness, ...past]) violations.push(...found)
    violations.push(...findBreaks(story), ...findForgotten(story), ...findHanging(story, bounds))
    behind.push(...new Map(freshness.flatMap((part) => [...part.behind])).values())
    count.reads += story.reads.length
    count.writes += story.commits.length
    count.loads += story.loads.length
    count.excused += seconds.excused
    count.stale += story.reads.filter(({ stale }) => stale !== undefined).length
    count.near += story.reads.filter(({ near }) => near !== undefined).length
    count.renewals += story.loads.filter(({ renews }) => renews !== undefined).length
    count.amended += story.voidings.filter(({ inPlace }) => inPlace).length
    count.holes += shapes.holes
    count.orphans += barriers.orphans
  }
  for (const { key, what } of history.residues) {
    const check = what === 'barrier' ? 'barrier left behind' : 'lease left behind'
    violations.push({ check, key, at: history.until, story: 'it stands after its own TTL' })
  }
  const pending = history.steps.filter(isPending).length
  const losses = history.steps.filter(({ lost = 0 }) => lost > 0).length
  const lags = { behind: behind.length, furthest: Math.round(Math.max(0, ...behind)) }
  return { violations: violations.toSorted((a, b) => a.at - b.at), ...count, ...lags, pending, losses }
}
