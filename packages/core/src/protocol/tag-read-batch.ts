import type { TagReadings } from '../entry/origin.ts'
import { endOfTurn } from '../time/end-of-turn.ts'

type Send = (tagClock: string, tags: readonly string[]) => Promise<TagReadings>

/** Tags in one HMGET, about: a longer reply would hold the server and this process up. */
const largestBatch = 1_024

/** Tags that are asked of one clock together. */
interface Batch {
  readonly tags: Set<string>
  readonly readings: Promise<TagReadings>
}

/**
 * The readings that one turn of the event loop asks for, as one command for each tag clock. It is sent behind the reads of entries.
 *
 * Invariant: as that of `ReadBatch`.
 */
export class TagReadBatch {
  readonly #send: Send
  readonly #open = new Map<string, Batch>()

  constructor(send: Send) {
    this.#send = send
  }

  read(tagClock: string, tags: readonly string[]): Promise<TagReadings> {
    let batch = this.#open.get(tagClock)
    if (!batch) this.#open.set(tagClock, (batch = this.#begin(tagClock)))
    for (const tag of tags) batch.tags.add(tag)
    if (batch.tags.size >= largestBatch) this.#open.delete(tagClock)
    return batch.readings
  }

  #begin(tagClock: string): Batch {
    const tags = new Set<string>()
    const readings = endOfTurn().then(() => {
      if (this.#open.get(tagClock)?.tags === tags) this.#open.delete(tagClock)
      return this.#send(tagClock, [...tags])
    })
    return { tags, readings }
  }
}
