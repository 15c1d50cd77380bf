import { endOfTurn } from '../time/end-of-turn.ts'
import { decodeGeneration } from './generation.ts'
import type { RedisPort } from './redis-port.ts'
import type { Reading } from './store.ts'

type Send = (keys: string[]) => Promise<(Buffer | null)[]>

/** Reads that leave together. */
interface Batch {
  /** Of each key, its place in the command. */
  readonly places: Map<string, number>
  readonly replies: Promise<Replies>
}

interface Replies {
  readonly raws: readonly (Buffer | null)[]
  /** By their places; decoded once for all that ask. */
  readonly generations: (string | undefined)[]
}

/** Keys in one MGET: a longer reply would hold the server and this process up. */
const largestBatch = 1_024

/**
 * Reads of one turn of the event loop, each of an entry and of what its namespace is at, as one command.
 *
 * Invariant: a read joins only a batch that has not been sent, so its reply is never older than the call.
 */
export class ReadBatch {
  readonly #send: Send
  readonly #splits: boolean
  /** Those that can be joined, by where they go: all to one place, or each key to one of its own. */
  readonly #open = new Map<string, Batch>()

  /** @param splits A command for each key, as in a cluster: an MGET takes the keys of one slot only. */
  constructor(send: Send, { splits }: { readonly splits: boolean }) {
    this.#send = send
    this.#splits = splits
  }

  async read(key: string | undefined, generation: string): Promise<Reading> {
    const ofNamespace = this.#batchOf(generation)
    const generationAt = placeIn(ofNamespace, generation)
    const ofEntry = key === undefined ? ofNamespace : this.#batchOf(key)
    const at = key === undefined ? -1 : placeIn(ofEntry, key)

    const namespace = await ofNamespace.replies
    const { raws } = ofEntry === ofNamespace ? namespace : await ofEntry.replies
    return { raw: raws[at] ?? null, generation: generationIn(namespace, generationAt), tags: undefined }
  }

  #batchOf(key: string): Batch {
    const to = this.#splits ? key : ''
    let batch = this.#open.get(to)
    if (!batch || batch.places.size >= largestBatch) this.#open.set(to, (batch = this.#begin(to)))
    return batch
  }

  #begin(to: string): Batch {
    const places = new Map<string, number>()
    const replies = this.#replies(to, places)
    replies.catch(() => {}) // Told to those that wait: a read that one batch has failed does not wait for the other.
    return { places, replies }
  }

  async #replies(to: string, places: Batch['places']): Promise<Replies> {
    await endOfTurn()
    if (this.#open.get(to)?.places === places) this.#open.delete(to)
    return { raws: await this.#send([...places.keys()]), generations: [] }
  }
}

function placeIn({ places }: Batch, key: string): number {
  const known = places.get(key)
  if (known !== undefined) return known
  places.set(key, places.size)
  return places.size - 1
}

function generationIn({ raws, generations }: Replies, place: number): string | undefined {
  return (generations[place] ??= decodeGeneration(raws[place]))
}

/** One key by GET, several by MGET. A key of another type reads as an empty, unreadable entry. */
export function read(redis: RedisPort, keys: string[]): Promise<(Buffer | null)[]> {
  const [only] = keys
  if (keys.length > 1 || only === undefined) return redis.mgetBuffer(keys)
  return redis.getBuffer(only).then(
    (raw) => [raw],
    (error: unknown) => {
      if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return [Buffer.alloc(0)]
      throw error
    },
  )
}
