import type { Step } from './history.ts'
import { forEach, highestOf, type KeyStory, nameOf, told } from './key-story.ts'
import { everyValue, scopeOf, tagsOfReads } from './tags.ts'
import { type Span, Timeline } from './timeline.ts'
import type { BarrierBounds, Bounds, Violation } from './violation.ts'

/**
 * P4: once a write behind a barrier has committed, whoever reads sees it, though its writer may never come to say so.
 * While the barrier stands, since nothing is cached; after it, since nothing was loaded before the commit.
 *
 * Of a commit that is made when its barrier may have fallen, nothing is expected here: only once its writer says so.
 * The near caches of other processes have known of the barrier by their lag after the commit began, at the latest.
 */
export function findPastBarriers(
  story: KeyStory,
  { barrier, nearLag = 0 }: Bounds,
): { readonly violations: Violation[]; readonly orphans: number } {
  if (!barrier) return { violations: [], orphans: 0 }
  const shielded = shieldedCommits(story, barrier)
  const shown = (commit: Shielded, reader: string): Shielded =>
    commit.process === reader ? commit : { ...commit, ended: Math.max(commit.ended, commit.began + nearLag) }
  const highestAbout = (commits: readonly Shielded[]) =>
    forEach((about) => highestOf(commits.filter(({ scope }) => scope.includes(about))))
  const highest = highestAbout(shielded)
  const highestNear = forEach((reader) => highestAbout(shielded.map((commit) => shown(commit, reader))))
  const carried = tagsOfReads(story)

  const violations: Violation[] = []
  for (const read of story.reads) {
    const { version, process, near } = read
    if (version === undefined || read.ended === undefined) continue
    const began = Math.max(read.began, near ?? 0)
    const visible = near === undefined ? highest : highestNear(process)
    const commits = [everyValue, ...carried(read)].map((about) => visible(about)(began))
    const commit = commits.find((each) => each && version < Number(each.version))
    if (!commit) continue
    const death = story.died(commit.process) ?? Number.POSITIVE_INFINITY
    const outlives = began > death + barrier.ttl + barrier.expiry
    violations.push({
      check: outlives ? 'stale after a dead writer' : 'stale past a barrier',
      key: story.key,
      at: read.ended,
      story: `${told(story, read)} after ${told(story, commit)} behind a barrier`,
    })
  }
  const unanswered = new Set(story.mutations.filter(({ ended }) => ended === undefined).map(nameOf))
  const orphans = shielded.filter(
    ({ process, of }) => story.died(process) !== undefined && unanswered.has(`${process}:${of}`),
  )
  return { violations, orphans: orphans.length }
}

/** A commit, and the values that its writer has put a barrier up for. */
type Shielded = Step & { readonly scope: readonly string[]; readonly ended: number }

/**
 * Those that were surely made while the barrier of their writer stood.
 *
 * Where that may be a mark, its writer does not keep it up, and nothing is expected before its end.
 */
export function shieldedCommits(story: KeyStory, { ttl, expiry, optional }: BarrierBounds): Shielded[] {
  const mutations = new Map(story.mutations.map((step) => [nameOf(step), step]))
  const lossy = story.faults.filter(({ empties }) => empties)
  const lost = new Timeline(lossy.map((fault) => ({ from: fault.began, to: story.over(fault) })))
  return story.commits.flatMap((commit) => {
    const mutation = mutations.get(`${commit.process}:${commit.of}`)
    if (!mutation || commit.ended === undefined || commit.version === undefined) return []
    const span = { from: mutation.began, to: commit.ended }
    if (lost.overlaps(span)) return []
    // Raised no sooner than the call, it stands for so long without its writer's help.
    const isShort = commit.ended - mutation.began < ttl - expiry
    const scope = scopeOf(mutation, story.key)
    if (mutation.marks) return isShort && !optional ? [{ ...commit, ended: commit.ended + ttl + expiry, scope }] : []
    const lives = [story.disturbed, story.degraded].map((of) => of(commit.process))
    const isSure = (isShort && !optional) || !lives.some((life) => life.overlaps(span))
    return isSure ? [{ ...commit, ended: commit.ended, scope }] : []
  })
}

/** While what a write behind a barrier does may keep others from filling: until its barrier must have fallen. */
export function barrierSpan(story: KeyStory, mutation: Step, ttl: number, echo: number): Span {
  const span = { from: mutation.began, to: story.over(mutation) }
  const faults = story.disturbed(mutation.process).within(span)
  const isDone = mutation.ended !== undefined && !mutation.failed
  if (isDone && faults.length === 0) return span
  // A barrier that was caught in a fault may still go up after it.
  return { from: span.from, to: Math.max(span.to, faults.at(-1)?.to ?? span.to) + echo + ttl }
}
