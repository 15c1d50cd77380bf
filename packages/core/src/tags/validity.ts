import { LRUCache } from 'lru-cache'
import type { Seen, SeenValue } from '../entry/entry.ts'
import { isSettling, judgeByTags, type Origin, type TagReadings } from '../entry/origin.ts'
import type { EntryStore, NamespaceKeys, NamespaceReadings } from '../protocol/store.ts'

/** Of the estimate of the server's time, in milliseconds: half of the longest trip that is believed. */
const largestError = 250

/** Keys whose tags are remembered, and the characters of both. */
const mostRemembered = { max: 10_000, maxSize: 4_000_000 }

/** Whether a value that was found still counts: its namespace may have been cleared since it was loaded, or one of its tags voided. */
export class Validity {
  readonly #store: EntryStore
  readonly #namespace: NamespaceKeys
  /** The tags that values were last seen with: where they are asked for with the entry, one round trip will do. */
  #remembered: LRUCache<string, readonly string[]> | undefined

  constructor(store: EntryStore, namespace: NamespaceKeys) {
    this.#store = store
    this.#namespace = namespace
  }

  get namespace(): NamespaceKeys {
    return this.#namespace
  }

  /** The tags to be asked for with a key: those that its reader declares, and those it was last seen with. */
  expected(storeKey: string, declared: readonly string[]): readonly string[] {
    const remembered = this.#remembered?.get(storeKey)
    return remembered ? union(declared, remembered) : declared
  }

  remember(storeKey: string, tags: readonly string[]): void {
    if (tags.length === 0) return
    this.#remembered ??= new LRUCache({
      ...mostRemembered,
      sizeCalculation: (some, key) => key.length + some.join().length,
    })
    this.#remembered.set(storeKey, tags)
  }

  /**
   * Judges a value by what its namespace says now; if it has tags that nobody expected, once they have been asked for.
   * @param declared Tags that its reader goes by, whether the value has them or not.
   */
  judge(
    storeKey: string,
    seen: SeenValue,
    readings: NamespaceReadings,
    declared: readonly string[],
  ): Seen | Promise<Seen> {
    if (seen.tags.length === 0) return judged(seen, readings, declared)
    const tags = union(declared, seen.tags)
    if (tags.every((tag) => readings.tags?.of.has(tag) === true)) return judged(seen, readings, tags)
    this.remember(storeKey, seen.tags)
    return this.#store.readings(this.#namespace, tags).then((complete) => judged(seen, complete, tags))
  }

  /** Judges a value that was found without its namespace. */
  async judgeFound(storeKey: string, seen: SeenValue, declared: readonly string[]): Promise<Seen> {
    const tags = this.expected(storeKey, union(declared, seen.tags))
    return this.judge(storeKey, seen, await this.#store.readings(this.#namespace, tags), declared)
  }

  /** What is true now, before a load begins. `generation` if the namespace has said it since the caller began. */
  async origin(generation: string | undefined, tagged: boolean): Promise<Origin> {
    if (generation !== undefined && !tagged) return { generation, tagMoment: undefined }
    return this.#store.origin(this.#namespace, tagged)
  }

  /** Whether nothing that was loaded with this origin and these tags has been voided since. False if nobody can tell. */
  async holds(origin: Origin, tags: readonly string[]): Promise<boolean> {
    try {
      const { generation, tags: readings } = await this.#store.readings(this.#namespace, tags)
      return generation === origin.generation && judgeByTags(origin.tagMoment, tags, readings) === 'valid'
    } catch {
      return false
    }
  }
}

/**
 * Whether one of these tags is void well beyond the server's time, in milliseconds: a writer is at work, or replicas catch
 * up. Advice: what is loaded then would be void, so nobody needs to have the right to fill it.
 */
export function isBarred(readings: TagReadings | undefined, tags: readonly string[], now: number): boolean {
  if (!readings || tags.length === 0) return false
  // The clock is ahead of the time where that has stepped back.
  const latest = Math.max(readings.clock, (now + largestError) * 1_000)
  return tags.some((tag) => (readings.of.get(tag)?.voidBefore ?? 0) > latest)
}

/** A value, or that it is void; without freshness if a tag of it has expired. */
function judged(seen: SeenValue, { generation, tags: readings }: NamespaceReadings, tags: readonly string[]): Seen {
  const isOfNow = seen.origin.generation === generation && !isSettling(seen.origin.generation)
  const byTags = isOfNow ? judgeByTags(seen.origin.tagMoment, tags, readings) : 'void'
  if (byTags === 'void') return { kind: 'void', head: seen.head }
  if (byTags === 'valid') return seen
  // A load that failed before says nothing of what has been there since, and a mark does not tell when that was.
  return { ...seen, mark: undefined, lifetime: { ...seen.lifetime, expiredByTag: true } }
}

function union(some: readonly string[], others: readonly string[]): readonly string[] {
  if (some.length === 0) return others
  return others.every((other) => some.includes(other)) ? some : [...new Set([...some, ...others])]
}
