import type { Step } from './history.ts'
import { type KeyStory, nameOf } from './key-story.ts'
import type { Shown } from './log.ts'
import { countBefore } from './timeline.ts'
import { gapsOf } from './windows.ts'
import type { WindowBounds } from './violation.ts'

/**
 * A record is checked field by field, and a window item by item, as if each were a key of its own. So what is promised of
 * a key is expected of every field and of every item; and what was changed in place is promised of that alone.
 */
export function partsOf(story: KeyStory, window: WindowBounds | undefined): readonly KeyStory[] {
  return [...fieldsOf(story), ...(window ? itemsOf(story, window) : [])]
}

function fieldsOf(story: KeyStory): KeyStory[] {
  const fields = new Set(story.reads.flatMap(({ asks = [] }) => asks))
  const shownAbsent = lastOf(story.loads.filter(({ absent }) => absent))
  return [...fields].map((field) => {
    const shown = (read: Step) => (read.absent ? shownAbsent(read) : read.fields?.[field])
    const reads = story.reads.flatMap((read) => showing(read, shown(read)))
    const version = story.settled?.fields?.[field]
    return partOf(story, field, reads, ({ changes }) => changes?.includes(field) ?? true, version)
  })
}

/** An item that a read does not show is of version 0 to it; or it is no part of it, where newer ones have pushed it out. */
function itemsOf(story: KeyStory, window: WindowBounds): KeyStory[] {
  const readsOf = new Map<number, Step[]>()
  const shownMissing = lastOf(story.loads)
  for (const read of story.reads) {
    const { items } = read
    if (!items) continue
    const missing = { ...shownMissing(read), version: 0 }
    const add = (version: number, shown: Shown) => {
      const reads = readsOf.get(version) ?? []
      reads.push({ ...read, ...shown })
      readsOf.set(version, reads)
    }
    for (const item of items) add(item.version, item)
    const newest = highest(
      story.commits.slice(
        0,
        countBefore(story.commits, ({ began }) => began, Number(read.ended)),
      ),
    )
    const last = items.at(-1)?.version ?? newest
    for (let version = last + 1; version <= newest; version += 1) add(version, missing)
    for (const version of gapsOf(read, window, last)) add(version, missing)
  }
  return [...readsOf].map(([item, reads]) => {
    // One that was cut short may have been any.
    const isOf = ({ version = item }: Step) => version === item
    const { settled } = story
    return partOf(story, `item ${item}`, reads, isOf, settled && (item <= settled.version ? item : 0))
  })
}

function partOf(
  story: KeyStory,
  name: string,
  reads: readonly Step[],
  isOf: (change: Step) => boolean,
  settled: number | undefined,
): KeyStory {
  const key = `${story.key} ${name}`
  return {
    ...story,
    key,
    reads,
    commits: story.commits.filter(isOf),
    voidings: story.voidings
      .filter((step) => !step.inPlace || isOf(step))
      .map((step) => (step.inPlace ? { ...step, key } : step)),
    settled: story.settled && settled !== undefined ? { at: story.settled.at, version: settled } : undefined,
  }
}

const showing = (read: Step, shown: Shown | undefined): Step[] => (shown ? [{ ...read, ...shown }] : [])

/** What shows nothing does not say who loaded it. Tells the highest version that had been loaded when a read ended, and the last load. */
function lastOf(loads: readonly Step[]): (read: Step) => Shown {
  return ({ ended = 0 }) => {
    const before = loads.filter((load) => load.ended !== undefined && load.ended <= ended)
    const last = before.at(-1)
    return { version: highest(before), load: last ? nameOf(last) : '' }
  }
}

const highest = (steps: readonly Step[]): number => Math.max(0, ...steps.map(({ version = 0 }) => version))
