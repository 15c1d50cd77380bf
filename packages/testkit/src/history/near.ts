import type { History } from './history.ts'
import { forEach } from './key-story.ts'
import { countBefore } from './timeline.ts'

/**
 * How many reads were answered by near caches that a fault was done to, by the fault's reason: while it went on, and for
 * `soon` milliseconds after it. What was done to all of them counts them all.
 */
export function nearReadsUnderFaults({ steps }: History, soon: number): Record<string, number> {
  const near = steps.filter(({ near: moment }) => moment !== undefined)
  const momentsOf = forEach((process) =>
    near
      .filter((read) => process === '*' || read.process === process)
      .map(({ near: moment }) => Number(moment))
      .toSorted((a, b) => a - b),
  )
  const counts: Record<string, number> = {}
  for (const { action, key, reason, began, ended = began } of steps) {
    if ((action !== 'fault' && action !== 'deaf') || reason === undefined) continue
    const moments = momentsOf(key)
    const until = (moment: number) => countBefore(moments, (each) => each, moment)
    counts[reason] = (counts[reason] ?? 0) + until(ended + soon) - until(began)
  }
  return counts
}
