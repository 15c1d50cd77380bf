import { type Expectation, Expectations, fallsBack } from './expectations.ts'
import type { Step } from './history.ts'
import { type KeyStory, nameOf, told } from './key-story.ts'
import { tagsOfReads } from './tags.ts'
import type { Violation } from './violation.ts'

/**
 * P1 to P3, and that what is read was written. Besides, how far behind the store, in milliseconds, the near caches were
 * with each read that they answered and the store would have answered otherwise.
 */
export function findStale(
  story: KeyStory,
  nearLag = 0,
): { readonly violations: Violation[]; readonly behind: ReadonlyMap<string, number> } {
  const violations: Violation[] = []
  const behind = new Map<string, number>()
  const report = (check: Violation['check'], step: Step, what: string) =>
    violations.push({ check, key: story.key, at: step.ended ?? step.began, story: `${told(story, step)} ${what}` })

  const origins = new Map([...story.loads, ...story.voidings].map((step) => [nameOf(step), step]))
  const expectations = new Expectations(story, nearLag)
  const renewal = renewals(story)
  const written = commitsByVersion(story)
  const carried = tagsOfReads(story)
  // Of a commit whose writer has died nobody may have been told.
  const orphans = story.commits.filter(({ process }) => story.died(process) !== undefined)

  for (const read of story.reads) {
    if (read.version === undefined || read.ended === undefined) continue
    const { version, ended } = read
    const origin = origins.get(read.load ?? '')
    const tags = carried(read)
    const expected = expectations.of(read, tags)

    const isNear = read.near !== undefined
    const missed = expected.find((each) => version < each.version)
    const loadedAt = Math.max(asOf(origin), renewal(read)?.began ?? 0)
    const outlived = expected.find(({ loadedAfter }) => loadedAt < loadedAfter)
    if (missed) {
      report(isNear ? 'stale in a near cache' : 'stale version', read, `after ${missed.toldVersion}`)
    } else if (origin && outlived) {
      const what = `shows ${told(story, origin)}, after ${outlived.toldLoad}`
      report(isNear ? 'stale in a near cache' : 'stale load', read, what)
    } else if (isNear) {
      const isMissed = (each: Expectation) => version < each.version || loadedAt < each.loadedAfter
      const lag = expectations.behind(read, tags, isMissed)
      if (lag > 0) behind.set(nameOf(read), lag)
    }
    if (isNear && read.passesBy) report('near cache not passed by', read, 'although it was asked to')
    if (!origin || origin.began > ended) report('load never run', read, `shows a load "${read.load}"`)
    if (!written(version, ended)) report('version never committed', read, 'shows no committed version')

    const { settled } = story
    if (!settled || read.began < settled.at || version === settled.version || fallsBack(read.stale)) continue
    const promised = expectations.versionAt(settled.at, tags)
    if (orphans.every((commit) => (commit.version ?? Number.POSITIVE_INFINITY) <= promised))
      report('diverged', read, `although v${settled.version} has settled`)
  }
  return { violations, behind }
}

/** From when on an invalidation is expected to void a value: what is set is as new as its writer says, until it is there. */
function asOf(origin: Step | undefined): number {
  const moment = origin?.action === 'set' ? origin.ended : origin?.began
  return moment ?? Number.POSITIVE_INFINITY
}

/**
 * Tells the last load, before the end of a read, that found what the read shows to be still what the database holds.
 * That is as good as to have loaded it then.
 */
function renewals({ loads }: KeyStory): (read: Step) => Step | undefined {
  const renewed = new Map<string, Step[]>()
  for (const load of loads) {
    if (load.renews === undefined) continue
    const known = renewed.get(load.renews)
    if (known) known.push(load)
    else renewed.set(load.renews, [load])
  }
  return ({ load, version, ended = 0 }) =>
    renewed.get(load ?? '')?.findLast((renewal) => renewal.version === version && Number(renewal.ended) <= ended)
}

/** Tells whether a version could have been in the database before a moment. A commit that was cut short may have been any. */
function commitsByVersion({ commits }: KeyStory): (version: number, before: number) => boolean {
  const versions = new Map(commits.map(({ version, began }) => [version, began]))
  const cutShort = commits.find(({ version }) => version === undefined)?.began ?? Number.POSITIVE_INFINITY
  return (version, before) => version === 0 || (versions.get(version) ?? cutShort) < before
}
