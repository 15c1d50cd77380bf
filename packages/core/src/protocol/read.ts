import { endOfTick } from '../time/end-of-tick.ts'
import { decodeGeneration } from './generation.ts'
import type { RedisPort } from './redis-port.ts'
import type { Reading } from './store.ts'

type Send = (keys: string[]) => Promise<(Buffer | null)[]>

interface Asked {
  /** Of the entry; undefined where only the generation is asked for. */
  readonly key: string | undefined
  readonly generation: string
  readonly resolve: (reading: Reading) => void
  readonly reject: (error: unknown) => void
}

/** Reads that leave together, and the place of each of their keys. */
interface Batch {
  readonly places: Map<string, number>
  readonly asked: Asked[]
}

/** Keys in one MGET: a longer reply would hold the server and this process up. */
const largestBatch = 512

/**
 * Reads of one tick, each of an entry and of what its namespace is at, as one command.
 *
 * Invariant: a read joins only a batch that has not been sent, so its reply is never older than the call.
 */
export class ReadBatch {
  readonly #send: Send
  readonly #splits: boolean
  #open: Batch | undefined

  /** @param splits A command for each key, as in a cluster: an MGET takes the keys of one slot only. */
  constructor(send: Send, { splits }: { readonly splits: boolean }) {
    this.#send = send
    this.#splits = splits
  }

  read(key: string | undefined, generation: string): Promise<Reading> {
    return new Promise((resolve, reject) => {
      const open = (this.#open ??= this.#begin())
      place(open, generation)
      if (key !== undefined) place(open, key)
      open.asked.push({ key, generation, resolve, reject })
      if (open.places.size >= largestBatch) this.#flush(open)
    })
  }

  #begin(): Batch {
    const batch: Batch = { places: new Map(), asked: [] }
    void endOfTick().then(() => this.#flush(batch))
    return batch
  }

  #flush(batch: Batch): void {
    if (this.#open === batch) this.#open = undefined
    if (batch.asked.length === 0) return // sent already, because it was full

    const asked = batch.asked.splice(0)
    const keys = [...batch.places.keys()]
    if (this.#splits) return this.#flushEach(asked, keys)
    this.#send(keys).then(
      (raws) => answer(asked, (key) => raws[batch.places.get(key) as number] ?? null),
      (error: unknown) => asked.forEach(({ reject }) => reject(error)),
    )
  }

  /** Those whose nodes answer have their reply, whatever becomes of the others. */
  #flushEach(asked: readonly Asked[], keys: readonly string[]): void {
    const replies = new Map(keys.map((key) => [key, this.#send([key])]))
    for (const one of asked) {
      const own = one.key === undefined ? [one.generation] : [one.generation, one.key]
      Promise.all(own.map((key) => replies.get(key) as Promise<(Buffer | null)[]>)).then(
        (raws) => answer([one], (key) => raws[own.indexOf(key)]?.[0] ?? null),
        one.reject,
      )
    }
  }
}

function place({ places }: Batch, key: string): void {
  if (!places.has(key)) places.set(key, places.size)
}

function answer(asked: readonly Asked[], rawOf: (key: string) => Buffer | null): void {
  for (const { key, generation, resolve } of asked) {
    const raw = key === undefined ? null : rawOf(key)
    resolve({ raw, generation: decodeGeneration(rawOf(generation)), tags: undefined })
  }
}

/** One key by GET, several by MGET. A key of another type reads as an empty, unreadable entry. */
export async function read(redis: RedisPort, keys: string[]): Promise<(Buffer | null)[]> {
  const [only] = keys
  if (keys.length > 1 || only === undefined) return redis.mgetBuffer(keys)
  try {
    return [await redis.getBuffer(only)]
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return [Buffer.alloc(0)]
    throw error
  }
}
