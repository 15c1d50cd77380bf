import type { Step } from './history.ts'
import { type KeyStory, told } from './key-story.ts'
import type { Violation } from './violation.ts'

/**
 * P1, and that what is read was written. An invalidation that was rejected, or cut short, is no reason to expect
 * anything; a commit that was not followed by one is expected from the next invalidation on.
 */
export function findStale(story: KeyStory): Violation[] {
  const violations: Violation[] = []
  const report = (check: Violation['check'], read: Step, what: string) =>
    violations.push({ check, key: story.key, at: read.ended ?? read.began, story: `${told(story, read)} ${what}` })

  const origins = new Map([...story.loads, ...story.sets].map((step) => [`${step.process}:${step.id}`, step]))
  const expectations = expectationsOf(story)
  const written = commitsByVersion(story)
  let known = 0

  for (const read of story.reads) {
    if (read.unexpected !== undefined) report('breaks', read, `throws ${read.unexpected}`)
    if (read.version === undefined || read.ended === undefined) continue

    while ((expectations[known]?.from ?? Number.POSITIVE_INFINITY) < read.began) known += 1
    const expected = expectations[known - 1]
    const origin = origins.get(read.load ?? '')
    if (expected && read.version < expected.version) {
      report('stale version', read, `after ${expected.toldVersion}`)
    } else if (expected && origin && origin.began < expected.loadedAfter) {
      report('stale load', read, `shows ${told(story, origin)}, after ${expected.toldLoad}`)
    }
    if (!origin || origin.began > read.ended) report('load never run', read, `shows a load "${read.load}"`)
    if (!written(read.version, read.ended)) report('version never committed', read, 'shows no committed version')
    if (story.settled && read.began > story.settled.at && read.version !== story.settled.version) {
      report('diverged', read, `although v${story.settled.version} has settled`)
    }
  }
  for (const invalidation of story.invalidations) {
    if (invalidation.unexpected !== undefined) report('breaks', invalidation, `throws ${invalidation.unexpected}`)
  }
  return violations
}

/** What every read that begins after `from` must show, at least. */
interface Expectation {
  readonly from: number
  readonly version: number
  readonly loadedAfter: number
  readonly toldVersion: string
  readonly toldLoad: string
}

/** One for each acknowledged invalidation, in order of their ends, and each at least what the one before it was. */
function expectationsOf(story: KeyStory): Expectation[] {
  const commits = story.commits.filter(({ ended }) => ended !== undefined)
  const committed = commits.toSorted((a, b) => Number(a.ended) - Number(b.ended))
  const highest: Step[] = []
  for (const commit of committed) {
    const before = highest.at(-1)
    highest.push(before && Number(before.version) > Number(commit.version) ? before : commit)
  }

  const expectations: Expectation[] = []
  let last: Expectation | undefined
  const acknowledged = story.invalidations.filter(({ ended, failed }) => ended !== undefined && !failed)
  for (const invalidation of acknowledged.toSorted((a, b) => Number(a.ended) - Number(b.ended))) {
    const commit = highest[countBefore(committed, invalidation.began) - 1]
    const version = commit?.version ?? 0
    const newer = !last || version > last.version
    const later = !last || invalidation.began > last.loadedAfter
    last = {
      from: Number(invalidation.ended),
      version: newer ? version : Number(last?.version),
      loadedAfter: later ? invalidation.began : Number(last?.loadedAfter),
      toldVersion: newer
        ? `${commit ? told(story, commit) : 'nothing'} and ${told(story, invalidation)}`
        : String(last?.toldVersion),
      toldLoad: later ? told(story, invalidation) : String(last?.toldLoad),
    }
    expectations.push(last)
  }
  return expectations
}

/** How many of the steps, which are in order of their ends, had ended before a moment. */
function countBefore(steps: readonly Step[], moment: number): number {
  let low = 0
  let high = steps.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (Number(steps[middle]?.ended) < moment) low = middle + 1
    else high = middle
  }
  return low
}

/** Tells whether a version could have been in the database before a moment. A commit that was cut short may have been any. */
function commitsByVersion({ commits }: KeyStory): (version: number, before: number) => boolean {
  const versions = new Map(commits.map(({ version, began }) => [version, began]))
  const cutShort = commits.find(({ version }) => version === undefined)?.began ?? Number.POSITIVE_INFINITY
  return (version, before) => version === 0 || (versions.get(version) ?? cutShort) < before
}
