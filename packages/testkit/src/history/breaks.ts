import { type KeyStory, told } from './key-story.ts'
import type { Violation } from './violation.ts'

/** Calls that fail in a way that no fault accounts for, and entries that nobody can read. */
export function findBreaks(story: KeyStory): Violation[] {
  const { key, reads, voidings, mutations, corruptions } = story
  const calls = [...reads, ...voidings, ...mutations].filter(({ unexpected }) => unexpected !== undefined)
  return [
    ...calls.map((step) => ({ check: 'breaks' as const, step, what: `throws ${step.unexpected}` })),
    ...corruptions.map((step) => ({ check: 'corrupt' as const, step, what: step.reason ?? '' })),
  ].map(({ check, step, what }) => ({
    check,
    key,
    at: step.ended ?? step.began,
    story: `${told(story, step)} ${what}`,
  }))
}
