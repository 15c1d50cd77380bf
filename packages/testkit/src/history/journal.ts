import { type KeyStory, told } from './key-story.ts'
import type { Violation } from './violation.ts'

/** P7: what was said to be pending is replayed, unless its process dies: the journal is in its memory. */
export function findForgotten(story: KeyStory): { readonly violations: Violation[]; readonly pending: number } {
  const pending = story.voidings.filter((step) => step.pending)
  const { settled } = story
  if (!settled) return { violations: [], pending: pending.length }

  const forgotten = pending.filter(
    ({ process, ended = 0 }) => story.died(process) === undefined && story.replayed(process, ended) > settled.at,
  )
  const violations = forgotten.map((step): Violation => {
    return { check: 'never replayed', key: story.key, at: settled.at, story: told(story, step) }
  })
  return { violations, pending: pending.length }
}
