import type { Step } from './history.ts'
import { type KeyStory, type Span, told } from './key-story.ts'
import type { Bounds, Violation } from './violation.ts'

/** P5: a second load beside the first needs a reason, and one that can be named. */
export function findSecondLoads(
  story: KeyStory,
  bounds: Bounds,
): { readonly violations: Violation[]; readonly excused: number } {
  const violations: Violation[] = []
  const reads = new Map(story.reads.map((read) => [`${read.process}:${read.id}`, read]))
  const voids: Span[] = story.invalidations.map((step) => ({
    from: step.began,
    to: lastArrival(story, step, bounds.echo),
  }))
  const leasedBy = new Map<Step, Step>()
  let running: Step[] = []
  let excused = 0

  /** Whether something may have voided a lease after the two calls that took them began. */
  const excuseFor = (load: Step, other: Step): boolean => {
    const began = (step: Step) => reads.get(`${step.process}:${step.of}`)?.began ?? step.began
    const from = Math.min(began(load), began(other))
    const overlaps = (span: Span) => span.from <= load.began && span.to >= from
    const faulty = story.faults.some(
      (fault) =>
        ['*', load.process, other.process].includes(fault.key) &&
        overlaps({ from: fault.began, to: story.over(fault) }),
    )
    const waitedOut = [load, other].some((step) => step.began - began(step) > bounds.waitOut)
    return faulty || waitedOut || voids.some(overlaps)
  }

  for (const load of story.loads) {
    const read = reads.get(`${load.process}:${load.of}`)
    if (!read) continue // It began before `until` and was noticed after it.
    const before = leasedBy.get(read)
    if (before) {
      violations.push({
        check: 'loads twice for one read',
        key: story.key,
        at: load.began,
        story: `${told(story, read)} runs ${told(story, before)} and ${told(story, load)}`,
      })
    }
    leasedBy.set(read, load)

    running = running.filter((other) => story.over(other) > load.began)
    const beside = running.map((other) => ({ other, excuse: excuseFor(load, other) }))
    for (const { other } of beside.filter(({ excuse }) => !excuse)) {
      violations.push({
        check: 'two loads',
        key: story.key,
        at: load.began,
        story: `${told(story, load)} beside ${told(story, other)}`,
      })
    }
    if (beside.some(({ excuse }) => excuse)) excused += 1
    running.push(load)
  }
  return { violations, excused }
}

/** When an invalidation has taken effect at the latest. One that was not acknowledged may be caught in a fault, and arrive after it. */
function lastArrival({ faults, over }: KeyStory, invalidation: Step, echo: number): number {
  let last = over(invalidation)
  if (invalidation.ended !== undefined && !invalidation.failed) return last
  for (const fault of faults) {
    const hitsIt = fault.key === '*' || fault.key === invalidation.process
    if (hitsIt && fault.began <= last && over(fault) > invalidation.began) last = Math.max(last, over(fault))
  }
  return last + echo
}
