import { shieldedCommits } from './barriers.ts'
import type { Step } from './history.ts'
import { type KeyStory, nameOf, told } from './key-story.ts'
import type { Bounds, Violation, WindowBounds } from './violation.ts'
import { gapsOf } from './windows.ts'

/**
 * What a record or a window shows has to be one: all the fields that were asked for, and of each commit all that it has
 * changed; every item once, in the order of the log, no more of them than the limit lets in, and of what a load has
 * brought no less.
 *
 * Nor is an item appended behind one that is being written still, unless its barrier has fallen: not that of a writer who
 * has died, either. Holes are reads of a window that lack another item. Whether that was promised is told by its own story.
 */
export function findMisshapen(
  story: KeyStory,
  { window, barrier }: Bounds,
): { readonly violations: Violation[]; readonly holes: number } {
  const { key } = story
  const commits = new Map(story.commits.map((commit) => [commit.version, commit]))
  const loads = new Map(story.loads.map((load) => [nameOf(load), load]))
  const shielded = new Set(barrier && shieldedCommits(story, barrier).map(({ version }) => version))
  const violations: Violation[] = []
  let holes = 0
  for (const read of story.reads) {
    const gaps = read.items && window ? gapsOf(read, window) : []
    const found =
      read.items && window ? brokenWindow(read, gaps, shielded, window, loads) : partialRecord(read, commits)
    if (found)
      violations.push({ ...found, key, at: read.ended ?? read.began, story: `${told(story, read)} ${found.story}` })
    else if (gaps.length > 0) holes += 1
  }
  return { violations, holes }
}

type Found = Pick<Violation, 'check' | 'story'> | undefined

function partialRecord({ asks = [], fields }: Step, commits: ReadonlyMap<number | undefined, Step>): Found {
  if (!fields) return undefined
  const missing = asks.filter((field) => !fields[field])
  if (missing.length > 0) return { check: 'partial record', story: `without ${missing.join(' and ')}` }
  for (const [field, { version }] of Object.entries(fields)) {
    const commit = commits.get(version) // None: it was cut short, and nobody knows what it has changed.
    const { changes = asks } = commit ?? { changes: [] }
    const older = changes.find((other) => Number(fields[other]?.version) < version)
    if (older)
      return { check: 'partial record', story: `although v${version} of ${field} has changed ${older} as well` }
  }
  return undefined
}

function brokenWindow(
  { items = [] }: Step,
  gaps: readonly number[],
  shielded: ReadonlySet<number | undefined>,
  { limit, weigh }: WindowBounds,
  loads: ReadonlyMap<string, Step>,
): Found {
  const broken = (what: string): Found => ({ check: 'broken window', story: what })
  const versions = items.map(({ version }) => version)
  const isOrdered = versions.every((version, index) => index === 0 || version > Number(versions[index - 1]))
  if (!isOrdered) return broken('out of order')
  const weight = versions.reduce((sum, version) => sum + weigh(version), 0)
  if (versions.length > 1 && weight > limit) return broken(`weighs ${weight}, of ${limit}`)
  const brought = Math.max(0, ...items.map(({ load }) => loads.get(load)?.version ?? 0))
  const lost = gaps.find((version) => version <= brought || shielded.has(version))
  return lost === undefined ? undefined : broken(`lacks ${lost}`)
}
