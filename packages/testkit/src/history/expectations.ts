import type { Step } from './history.ts'
import { highestOf, type KeyStory, told } from './key-story.ts'
import { everyValue, scopeOf } from './tags.ts'
import { countBefore } from './timeline.ts'

/** What a read must show, at least. */
export interface Expectation {
  readonly version: number
  readonly loadedAfter: number
  readonly toldVersion: string
  readonly toldLoad: string
}

/**
 * What is expected of each read, by whom it was promised, and of values with which tag: P1.
 *
 * An acknowledged invalidation promises to everybody, from its end on. One that is pending promises to its own process at
 * once, and to everybody when it was replayed. One that was rejected, or cut short, promises nothing; and a commit that
 * none has followed is expected from the next one on. What was expired may be served by a read whose loader fails or is
 * slow: to that read expiries promise nothing. What voids a tag promises nothing of a value that does not carry it.
 *
 * To the near caches of other processes everything is promised later by their lag, except what was voided everywhere.
 */
export class Expectations {
  readonly #hard: Ladders
  readonly #soft: Ladders

  /** @param nearLag In milliseconds. */
  constructor(story: KeyStory, nearLag: number) {
    const highest = highestOf(story.commits)
    const hard: Pledge[] = []
    const soft: Pledge[] = []
    for (const voiding of story.voidings) {
      if (voiding.ended === undefined || voiding.failed) continue
      const commit = highest(voiding.began)
      // What was written through was the last only as far as its writer could tell.
      const put = voiding.key === story.key ? voiding.version : undefined
      const version = put ?? commit?.version ?? 0
      const made = put === undefined ? `${commit ? told(story, commit) : 'nothing'} and ` : ''
      const pledges = voiding.action === 'expire' ? soft : hard
      for (const about of scopeOf(voiding, story.key)) {
        const pledge = { about, version, loadedAfter: voiding.began, made, voiding: told(story, voiding) }
        pledges.push({ ...pledge, to: voiding.process, from: voiding.ended })
        const from = voiding.pending ? story.replayed(voiding.process, voiding.ended) : voiding.ended
        if (!Number.isFinite(from)) continue
        const lag = voiding.everywhere && !voiding.pending ? 0 : nearLag
        pledges.push({ ...pledge, to: everybody, from }, { ...pledge, to: nearCaches, from: from + lag })
      }
    }
    this.#hard = new Ladders(hard)
    this.#soft = new Ladders(soft)
  }

  /** Of a read, whose value carries these tags, that began after all of them were made. */
  of(read: Step, tags: readonly string[]): readonly Expectation[] {
    const others = read.near === undefined ? everybody : nearCaches
    return this.#ladders(read).flatMap((ladders) => ladders.at([others, read.process], tags, momentOf(read)))
  }

  /** How long a read comes after the first promise to those without a near cache that it misses, in milliseconds; 0: it misses none. */
  behind(read: Step, tags: readonly string[], misses: (expected: Expectation) => boolean): number {
    const from = this.#ladders(read).map((ladders) => ladders.firstMissed(everybody, tags, misses))
    return Math.max(0, momentOf(read) - Math.min(...from))
  }

  #ladders({ stale }: Step): readonly Ladders[] {
    return fallsBack(stale) ? [this.#hard] : [this.#hard, this.#soft]
  }

  /** The version that no value with these tags may miss any more at a moment. */
  versionAt(moment: number, tags: readonly string[]): number {
    const promised = [this.#hard, this.#soft].flatMap((ladders) => ladders.at([everybody], tags, moment))
    return Math.max(0, ...promised.map(({ version }) => version))
  }
}

/** Whether a read was served what is stale because there was nothing better to be had. */
export const fallsBack = (stale: Step['stale']): boolean => stale === 'load-failed' || stale === 'slow-load'

/** When a read began, as late as is known: its process may have stood still between its beginning and its call. */
const momentOf = ({ began, near = began }: Step): number => Math.max(began, near)

/** All who ask the store. */
const everybody = '*'
const nearCaches = '* near'

interface Pledge {
  /** A process, or many. */
  readonly to: string
  /** A tag, or every value. */
  readonly about: string
  readonly from: number
  readonly version: number
  readonly loadedAfter: number
  readonly made: string
  readonly voiding: string
}

type Rung = Expectation & { readonly from: number }

/** Pledges by whom they are made to, and what about. Invariant: in order of `from`, and each at least what the one before it is. */
class Ladders {
  readonly #ladders = new Map<string, Rung[]>()

  constructor(pledges: readonly Pledge[]) {
    for (const pledge of pledges.toSorted((a, b) => a.from - b.from)) {
      const name = ladderOf(pledge.to, pledge.about)
      const ladder = this.#ladders.get(name) ?? []
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
      this.#ladders.set(name, ladder)
    }
  }

  at(tos: readonly string[], tags: readonly string[], moment: number): Expectation[] {
    const all = tos.flatMap((to) => this.#about(to, tags))
    return all.flatMap((ladder) => ladder[countBefore(ladder, ({ from }) => from, moment) - 1] ?? [])
  }

  /** Infinity: none. */
  firstMissed(to: string, tags: readonly string[], misses: (expected: Expectation) => boolean): number {
    const first = this.#about(to, tags).map((ladder) => ladder.find(misses)?.from ?? Number.POSITIVE_INFINITY)
    return Math.min(...first)
  }

  #about(to: string, tags: readonly string[]): readonly Rung[][] {
    return [everyValue, ...tags].map((about) => this.#ladders.get(ladderOf(to, about)) ?? [])
  }
}

const ladderOf = (to: string, about: string): string => `${to} ${about}`
