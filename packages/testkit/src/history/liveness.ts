import type { Step } from './history.ts'
import { type KeyStory, type Span, told } from './key-story.ts'
import type { Bounds, Violation } from './violation.ts'

/** Every read ends, and while it waits, somebody loads: or the lease of a dead holder runs out. */
export function findHanging(story: KeyStory, bounds: Bounds): Violation[] {
  const violations: Violation[] = []
  const spanOf = (step: Step): Span => ({ from: step.began, to: story.over(step) })
  const loads = story.loads.map(spanOf)

  for (const read of story.reads) {
    const end = Math.min(story.over(read), story.until)
    if (end - read.began <= Math.min(bounds.idle, bounds.read)) continue
    const report = (check: Violation['check'], what: string) =>
      violations.push({ check, key: story.key, at: end, story: `${told(story, read)} ${what}` })

    const disturbed = story.faults.filter(({ key }) => key === '*' || key === read.process)
    const stoodStill = disturbed.filter(({ key }) => key === read.process)
    const span = { from: read.began, to: end }
    const whole = longestGap(stoodStill.map(spanOf), span)
    if (whole > bounds.read) report('read hangs', `for ${Math.round(whole)} ms`)

    const faults = disturbed.map(spanOf).map(({ from, to }) => ({ from, to: to + bounds.echo }))
    const gap = longestGap([...loads, ...faults], span)
    if (gap > bounds.idle) report('waits for nobody', `of which ${Math.round(gap)} ms without a load or a fault`)
  }
  return violations
}

/** The longest part of `whole` that no span covers. */
function longestGap(spans: readonly Span[], whole: Span): number {
  let covered = whole.from
  let longest = 0
  const within = spans.filter(({ from, to }) => from < whole.to && to > whole.from)
  for (const { from, to } of within.toSorted((a, b) => a.from - b.from)) {
    longest = Math.max(longest, from - covered)
    covered = Math.max(covered, to)
  }
  return Math.max(longest, whole.to - covered)
}
