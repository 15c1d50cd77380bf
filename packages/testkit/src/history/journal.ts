import type { Step } from './history.ts'
import { type KeyStory, told } from './key-story.ts'
import type { Violation } from './violation.ts'

/** P7: what was said to be pending is replayed, unless its process dies: the journal is in its memory. */
export function findForgotten(story: KeyStory): Violation[] {
  const { settled } = story
  if (!settled) return []

  const forgotten = story.voidings.filter(
    (step) =>
      isPending(step) &&
      story.died(step.process) === undefined &&
      story.replayed(step.process, Number(step.ended)) > settled.at,
  )
  return forgotten.map((step) => ({
    check: 'never replayed',
    key: story.key,
    at: settled.at,
    story: told(story, step),
  }))
}

export const isPending = ({ pending }: Step): boolean => pending === true
