import { findStale } from './freshness.ts'
import type { History } from './history.ts'
import { keyStories } from './key-story.ts'
import { findHanging } from './liveness.ts'
import { findSecondLoads } from './one-load.ts'
import type { Bounds, Violation } from './violation.ts'

export interface Verdict {
  /** In the order in which they could be seen. */
  readonly violations: readonly Violation[]
  readonly reads: number
  readonly writes: number
  readonly loads: number
  /** Loads that began beside another, whose lease a fault or an invalidation may have voided. */
  readonly excused: number
}

/** Everything that the history of a run shows to be wrong. */
export function checkHistory(history: History, bounds: Bounds): Verdict {
  const violations: Violation[] = []
  const count = { reads: 0, writes: 0, loads: 0, excused: 0 }

  for (const story of keyStories(history)) {
    const seconds = findSecondLoads(story, bounds)
    violations.push(...findStale(story), ...seconds.violations, ...findHanging(story, bounds))
    count.reads += story.reads.length
    count.writes += story.commits.length
    count.loads += story.loads.length
    count.excused += seconds.excused
  }
  for (const key of history.residues) {
    violations.push({ check: 'lease left behind', key, at: history.until, story: 'it stands after its own TTL' })
  }
  return { violations: violations.toSorted((a, b) => a.at - b.at), ...count }
}
