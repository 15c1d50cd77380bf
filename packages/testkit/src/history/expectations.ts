import type { Step } from './history.ts'
import { type KeyStory, told } from './key-story.ts'
import { countBefore } from './timeline.ts'

/** What a read must show, at least. */
export interface Expectation {
  readonly version: number
  readonly loadedAfter: number
  readonly toldVersion: string
  readonly toldLoad: string
}

/**
 * What is expected of each read, by whom it was promised: P1.
 *
 * An acknowledged invalidation promises to everybody, from its end on. One that is pending promises to its own process at
 * once, and to everybody when it was replayed. One that was rejected, or cut short, promises nothing; and a commit that
 * none has followed is expected from the next one on. What was expired may be served by a read whose loader fails or is
 * slow: to that read expiries promise nothing.
 */
export class Expectations {
  readonly #hard: Ladders
  readonly #soft: Ladders

  constructor(story: KeyStory) {
    const highest = highestCommits(story)
    const hard: Pledge[] = []
    const soft: Pledge[] = []
    for (const voiding of story.voidings) {
      if (voiding.ended === undefined || voiding.failed) continue
      const commit = highest(voiding.began)
      // What was written through was the last only as far as its writer could tell.
      const version = voiding.version ?? commit?.version ?? 0
      const made = voiding.version === undefined ? `${commit ? told(story, commit) : 'nothing'} and ` : ''
      const pledge = { version, loadedAfter: voiding.began, made, voiding: told(story, voiding) }
      const pledges = voiding.action === 'expire' ? soft : hard
      if (voiding.pending) pledges.push({ ...pledge, to: voiding.process, from: voiding.ended })
      const from = voiding.pending ? story.replayed(voiding.process, voiding.ended) : voiding.ended
      if (Number.isFinite(from)) pledges.push({ ...pledge, to: '*', from })
    }
    this.#hard = new Ladders(hard)
    this.#soft = new Ladders(soft)
  }

  /** Of a read that began after all of them were made. */
  of({ process, began, stale }: Step): readonly Expectation[] {
    const hard = this.#hard.at(process, began)
    return fallsBack(stale) ? hard : [...hard, ...this.#soft.at(process, began)]
  }

  /** The version that nobody may miss any more at a moment. */
  versionAt(moment: number): number {
    const promised = [...this.#hard.at('*', moment), ...this.#soft.at('*', moment)]
    return Math.max(0, ...promised.map(({ version }) => version))
  }
}

/** Whether a read was served what is stale because there was nothing better to be had. */
export const fallsBack = (stale: Step['stale']): boolean => stale === 'load-failed' || stale === 'slow-load'

interface Pledge {
  /** A process, or `*` for all. */
  readonly to: string
  readonly from: number
  readonly version: number
  readonly loadedAfter: number
  readonly made: string
  readonly voiding: string
}

/** Pledges by whom they are made to. Invariant: in order of `from`, and each at least what the one before it is. */
class Ladders {
  readonly #ladders = new Map<string, (Expectation & { readonly from: number })[]>()

  constructor(pledges: readonly Pledge[]) {
    for (const pledge of pledges.toSorted((a, b) => a.from - b.from)) {
      const ladder = this.#ladders.get(pledge.to) ?? []
      const last = ladder.at(-1)
      const newer = !last || pledge.version > last.version
      const later = !last || pledge.loadedAfter > last.loadedAfter
      ladder.push({
        from: pledge.from,
        version: newer ? pledge.version : last.version,
        loadedAfter: later ? pledge.loadedAfter : last.loadedAfter,
        toldVersion: newer ? `${pledge.made}${pledge.voiding}` : last.toldVersion,
        toldLoad: later ? pledge.voiding : last.toldLoad,
      })
      this.#ladders.set(pledge.to, ladder)
    }
  }

  at(process: string, moment: number): Expectation[] {
    return [...new Set(['*', process])].flatMap((to) => {
      const ladder = this.#ladders.get(to) ?? []
      return ladder[countBefore(ladder, ({ from }) => from, moment) - 1] ?? []
    })
  }
}

/** Tells the highest commit that had ended before a moment. */
function highestCommits(story: KeyStory): (moment: number) => Step | undefined {
  const ended = story.commits.filter((step) => step.ended !== undefined)
  const committed = ended.toSorted((a, b) => Number(a.ended) - Number(b.ended))
  const highest: Step[] = []
  for (const commit of committed) {
    const before = highest.at(-1)
    highest.push(before && Number(before.version) > Number(commit.version) ? before : commit)
  }
  return (moment) => highest[countBefore(committed, (step) => Number(step.ended), moment) - 1]
}
