import { barrierSpan } from './barriers.ts'
import type { Step } from './history.ts'
import { isPending } from './journal.ts'
import { type KeyStory, nameOf, told } from './key-story.ts'
import { Timeline } from './timeline.ts'
import type { Bounds, Violation } from './violation.ts'

/** P5: a second load beside the first needs a reason, and one that can be named. */
export function findSecondLoads(
  story: KeyStory,
  bounds: Bounds,
): { readonly violations: Violation[]; readonly excused: number } {
  const violations: Violation[] = []
  const reads = new Map(story.reads.map((read) => [nameOf(read), read]))
  const arrivals = (steps: readonly Step[]) =>
    steps.map((step) => ({ from: step.began, to: lastArrival(story, step, bounds.echo) }))
  const voids = new Timeline([
    // Who has it pending, by whatever it is voided, loads without a lease. A change in place voids nothing.
    ...arrivals(story.voidings.filter((step) => (step.key === story.key && !step.inPlace) || isPending(step))),
    ...story.mutations.map((step) => barrierSpan(story, step, bounds.barrier?.ttl ?? 0, bounds.echo)),
  ])
  // By a tag, or with everything else: that leaves leases alone, and takes away a value, with the right to refresh it.
  const broad = story.voidings.filter(({ key, action }) => key !== story.key && action !== 'expire')
  const voidsValue = new Timeline(arrivals(broad))
  const leasedBy = new Map<Step, Step>()
  let running: Step[] = []
  let excused = 0

  /** Whether something may have voided a lease after the two calls that took them began. */
  const excuseFor = (load: Step, other: Step): boolean => {
    const began = (step: Step) => reads.get(`${step.process}:${step.of}`)?.began ?? step.began
    const span = { from: Math.min(began(load), began(other)), to: load.began }
    const processes = [load.process, other.process]
    const isFaulty = [story.disturbed, story.degraded].some((of) => processes.some((each) => of(each).overlaps(span)))
    const waitedOut = [load, other].some((step) => step.began - began(step) > bounds.waitOut)
    const isVoid = voids.overlaps(span) || (other.refreshes === true && voidsValue.overlaps(span))
    return isFaulty || waitedOut || isVoid
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
function lastArrival({ disturbed, over, died, replayed }: KeyStory, step: Step, echo: number): number {
  const { process, began, ended } = step
  const to = over(step)
  if (step.pending) return Math.min(replayed(process, to), died(process) ?? Number.POSITIVE_INFINITY) + echo
  if (ended !== undefined && !step.failed) return to
  const faults = disturbed(process).within({ from: began, to })
  return Math.max(to, faults.at(-1)?.to ?? to) + echo
}
