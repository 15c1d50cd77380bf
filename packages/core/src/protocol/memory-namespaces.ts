import { generationLength, isSettling, type Origin, type TagReading, type TagReadings } from '../entry/origin.ts'
import { newToken } from '../entry/token.ts'
import type { NamespaceKeys } from './store.ts'
import type { Forward } from './tag-clock.ts'

/** Tags of one clock; those that were set forward longest ago go first. */
const mostTags = 10_000

interface Tag {
  readonly voidBefore: number
  readonly expiredBefore: number
  /** Until when each writer is at work. */
  readonly writers: ReadonlyMap<string, number>
}

interface TagClock {
  readonly id: string
  last: number
  /** Of tags that have gone, or were never set forward. */
  floor: number
  readonly tags: Map<string, Tag>
}

/**
 * The generations and tag clocks of a `MemoryStore`; what becomes of them is told in `scripts/{generation,clear,moment,bump}.lua`.
 * Here each moment brings its clock forward: nobody is told of that, so nothing has to be due.
 */
export class MemoryNamespaces {
  readonly #now: () => number
  readonly #generations = new Map<string, string>()
  readonly #settled = new Map<string, number>()
  readonly #tagClocks = new Map<string, TagClock>()

  /** @param now Milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  generation(key: string): string {
    const standing = this.#generations.get(key)
    if (standing && !(isSettling(standing) && (this.#settled.get(key) ?? 0) <= this.#now())) return standing
    const fresh = newToken().slice(0, generationLength)
    this.#generations.set(key, fresh)
    return fresh
  }

  clear(key: string, settle: number): void {
    const standing = this.generation(key)
    const until = Math.max(this.#now() + settle, isSettling(standing) ? (this.#settled.get(key) ?? 0) : 0)
    const settles = until > this.#now()
    this.#generations.set(key, `${settles ? '!' : ''}${newToken()}`.slice(0, generationLength))
    if (settles) this.#settled.set(key, until)
  }

  origin({ generation: key, tagClock }: NamespaceKeys, tagged: boolean): Origin {
    const generation = this.generation(key)
    if (!tagged) return { generation, tagMoment: undefined }
    const clock = this.#tagClock(tagClock)
    clock.last = Math.max(clock.last, this.#microseconds())
    return { generation, tagMoment: { id: clock.id, reading: clock.last } }
  }

  readings(key: string, tags: readonly string[]): TagReadings {
    const { id, last: clock, floor, tags: known } = this.#tagClock(key)
    const of = new Map<string, TagReading>()
    for (const name of tags) {
      const tag = known.get(name)
      const ends = tag ? Math.max(tag.voidBefore, ...tag.writers.values()) : floor
      of.set(name, { voidBefore: ends, expiredBefore: tag?.expiredBefore ?? 0 })
    }
    return { id, clock, of }
  }

  /** False: raised, and nothing of it was new. */
  bump(key: string, tags: readonly string[], { what, ahead, writer }: Forward): boolean {
    const clock = this.#tagClock(key)
    const now = this.#microseconds()
    clock.last = Math.max(clock.last, now) + 1
    const forward = clock.last + ahead * 1_000
    let isNew = what !== 'raise'

    for (const name of tags) {
      const standing = clock.tags.get(name)
      let [voidBefore, expiredBefore] = [standing?.voidBefore ?? clock.floor, standing?.expiredBefore ?? 0]
      const writers = new Map(standing?.writers)
      for (const [token, ends] of writers) {
        if (ends > now) continue
        voidBefore = Math.max(voidBefore, ends)
        writers.delete(token)
      }
      const stood = writers.delete(writer)
      if (what === 'expire') expiredBefore = Math.max(expiredBefore, forward)
      else if (what === 'raise') writers.set(writer, forward)
      else voidBefore = Math.max(voidBefore, forward)
      isNew ||= !stood
      clock.tags.delete(name) // So that the map is in the order of what was last set forward.
      clock.tags.set(name, { voidBefore, expiredBefore, writers })
    }
    this.#prune(clock)
    return isNew
  }

  #prune(clock: TagClock): void {
    for (const [name, tag] of clock.tags) {
      if (clock.tags.size <= mostTags) return
      clock.floor = Math.max(clock.floor, tag.voidBefore, tag.expiredBefore, ...tag.writers.values())
      clock.tags.delete(name)
    }
  }

  #tagClock(key: string): TagClock {
    let clock = this.#tagClocks.get(key)
    if (!clock) {
      const now = this.#microseconds()
      clock = { id: newToken().slice(0, generationLength), last: now, floor: now, tags: new Map() }
      this.#tagClocks.set(key, clock)
    }
    return clock
  }

  #microseconds(): number {
    return Math.floor(this.#now() * 1_000)
  }
}
