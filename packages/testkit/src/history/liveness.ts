import type { Step } from './history.ts'
import { forEach, type KeyStory, told } from './key-story.ts'
import { longestGap, type Span, Timeline } from './timeline.ts'
import type { Bounds, Violation } from './violation.ts'

/**
 * Every read ends, and while it waits, somebody loads: or the lease of a dead holder runs out. Where the cache knows
 * that Redis is away, nobody waits for it.
 */
export function findHanging(story: KeyStory, bounds: Bounds): Violation[] {
  const violations: Violation[] = []
  const shortest = Math.min(bounds.idle, bounds.read, bounds.degraded)
  /** Who loads for long may say nothing until it is killed, and keeps its lease up so long. */
  const end = (step: Step) => step.ended ?? story.exited(step.process) ?? Number.POSITIVE_INFINITY
  const covered = (steps: readonly Step[]) => new Timeline(steps.map((step) => ({ from: step.began, to: end(step) })))
  const loads = covered(story.loads)
  const own = forEach((name) => covered(story.loads.filter(({ process }) => process === name)))

  for (const read of story.reads) {
    const { process } = read
    const span = { from: read.began, to: Math.min(story.over(read), story.until) }
    if (span.to - span.from <= shortest) continue
    const report = (check: Violation['check'], what: string) =>
      violations.push({ check, key: story.key, at: span.to, story: `${told(story, read)} ${what}` })

    const whole = longestGap(story.disturbedAlone(process).within(span), span)
    if (whole > bounds.read) report('read hangs', `for ${Math.round(whole)} ms`)
    if (read.batched) continue // Others may keep it waiting.

    const gap = longestGap([...loads.within(span), ...echoes(story.disturbed(process), span, bounds.echo)], span)
    if (gap > bounds.idle) report('waits for nobody', `of which ${Math.round(gap)} ms without a load or a fault`)

    for (const away of story.degraded(process).within(span)) {
      const both = { from: Math.max(span.from, away.from), to: Math.min(span.to, away.to) }
      const spent = longestGap([...own(process).within(both), ...story.stalled(process).within(both)], both)
      if (spent > bounds.degraded) report('waits for Redis', `for ${Math.round(spent)} ms while it is known to be away`)
    }
  }
  return violations
}

/** What of a span is within faults, or so soon after one that a command may have been caught in it. */
function echoes(faults: Timeline, { from, to }: Span, echo: number): Span[] {
  return faults.within({ from: from - echo, to }).map((fault) => ({ from: fault.from, to: fault.to + echo }))
}
