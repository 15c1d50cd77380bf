import type { Step } from './history.ts'
import { type KeyStory, nameOf } from './key-story.ts'

/** Stands for every value of a key, whatever tags it carries. */
export const everyValue = '*'

/** Which values of a key a step is about that voids, or writes behind a barrier: those with its tags, or every one. */
export const scopeOf = ({ key: own, tags }: Step, key: string): readonly string[] =>
  own === key || !tags ? [everyValue] : tags

/** Tells the tags of what a read shows: those that were given to it when it was made, and those that the reader declares. */
export function tagsOfReads({ loads, voidings }: KeyStory): (read: Step) => readonly string[] {
  const made = new Map([...loads, ...voidings].map((step) => [nameOf(step), step.carries ?? []]))
  return ({ load, tags = [] }) => [...new Set([...tags, ...(made.get(load ?? '') ?? [])])]
}
