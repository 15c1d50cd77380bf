/**
 * What was true of a namespace before a load began. An entry carries it: what is voided together with others, by a tag or
 * by clearing the namespace, is void because the namespace has moved on, and nobody has to find it.
 */
export interface Origin {
  /** Another one stands after each clear. */
  readonly generation: string
  /** Of an entry with tags. */
  readonly tagMoment: TagMoment | undefined
}

/** A reading of a namespace's tag clock. */
export interface TagMoment {
  /** Of the clock: one that was lost and made anew says nothing of what was voided before. */
  readonly id: string
  /** Microseconds; only ever compared with others of the same clock. */
  readonly reading: number
}

/** What the tag clock says of some tags now. */
export interface TagReadings {
  /** Undefined: there is no clock, or it was lost. */
  readonly id: string | undefined
  /** The last reading that was given. */
  readonly clock: number
  /** Of every tag that is asked for. */
  readonly of: ReadonlyMap<string, TagReading>
}

/** Microseconds. What was loaded before is void, or expired. In the future while a writer is at work. */
export interface TagReading {
  readonly voidBefore: number
  readonly expiredBefore: number
}

/** Characters of a generation, and of the id of a tag clock. */
export const generationLength = 16
/** Digits of a reading. */
export const readingLength = 16

/** Loads may not be cached yet: replicas are still catching up with a clear. */
export const isSettling = (generation: string): boolean => generation.startsWith('!')

/** What a tag clock makes of an entry with this moment. Tags that were not asked for make it void. */
export function judgeByTags(
  moment: TagMoment | undefined,
  tags: readonly string[],
  readings: TagReadings | undefined,
): 'valid' | 'expired' | 'void' {
  if (tags.length === 0) return 'valid'
  if (!moment || !readings || readings.id !== moment.id) return 'void'
  let judged: 'valid' | 'expired' = 'valid'
  for (const tag of tags) {
    const reading = readings.of.get(tag)
    if (!reading || reading.voidBefore > moment.reading) return 'void'
    if (reading.expiredBefore > moment.reading) judged = 'expired'
  }
  return judged
}
