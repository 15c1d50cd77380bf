import type { RedisPort } from './redis-port.ts'

interface Waiting {
  readonly resolve: (raw: Buffer | null) => void
  readonly reject: (error: unknown) => void
}

/** Keys in one MGET: a longer reply would hold the server and this process up. */
const largestBatch = 512

/**
 * Reads of one tick, as one command.
 *
 * Invariant: a read joins only a batch that has not been sent, so its reply is never older than the call.
 */
export class ReadBatch {
  readonly #send: (keys: string[]) => Promise<(Buffer | null)[]>
  #open: Map<string, Waiting[]> | undefined

  constructor(send: (keys: string[]) => Promise<(Buffer | null)[]>) {
    this.#send = send
  }

  read(key: string): Promise<Buffer | null> {
    return new Promise((resolve, reject) => {
      const open = (this.#open ??= this.#begin())
      const waiting = open.get(key)
      if (waiting) waiting.push({ resolve, reject })
      else open.set(key, [{ resolve, reject }])
      if (open.size === largestBatch) this.#flush(open)
    })
  }

  #begin(): Map<string, Waiting[]> {
    const batch = new Map<string, Waiting[]>()
    // After the promises of this tick: callers that were woken together ask together.
    void Promise.resolve().then(() => process.nextTick(() => this.#flush(batch)))
    return batch
  }

  #flush(batch: Map<string, Waiting[]>): void {
    if (this.#open === batch) this.#open = undefined
    if (batch.size === 0) return // sent already, because it was full

    const entries = [...batch]
    batch.clear()
    this.#send(entries.map(([key]) => key)).then(
      (raws) => entries.forEach(([, waiting], index) => waiting.forEach(({ resolve }) => resolve(raws[index] ?? null))),
      (error: unknown) => entries.forEach(([, waiting]) => waiting.forEach(({ reject }) => reject(error))),
    )
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
