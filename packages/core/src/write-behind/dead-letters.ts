import type { Codec } from '../entry/codec.ts'
import { runScript } from '../protocol/script.ts'
import type { Lease } from '../protocol/store.ts'
import type { Link } from './link.ts'
import { buryScript, redriveScript } from './scripts.generated.ts'
import { type Enqueued, enqueued, fieldsOf, sortable } from './stream.ts'
import type { StreamKeys } from './stream-keys.ts'

/** An entry that could not be written. */
export interface DeadLetter<T> {
  /** For `redrive`. */
  readonly id: string
  /** The id of its put, as `write` was given it. */
  readonly entry: string
  readonly key: string
  /** Undefined if it cannot be read. */
  readonly value: T | undefined
  /** How often it was tried alone. */
  readonly attempts: number
  /** The message of the last error. */
  readonly error: string
}

/** How much of an error's message is kept. */
const longestMessage = 1_000
/** Read in one command. */
const page = 100

/** What could not be written, oldest first, until somebody has looked at it. */
export class DeadLetters {
  readonly #link: Link
  readonly #keys: StreamKeys
  readonly #codec: Codec

  constructor(link: Link, keys: StreamKeys, codec: Codec) {
    this.#link = link
    this.#keys = keys
    this.#codec = codec
  }

  /** Makes dead letters of entries. Returns how many of the oldest were dropped for them. See `scripts/bury.lua`. */
  async bury(
    lease: Lease,
    positions: readonly string[],
    { error, attempts, limit }: { readonly error: unknown; readonly attempts: number; readonly limit: number },
  ): Promise<number | 'lost'> {
    const { stream, lease: turn, dead } = this.#keys
    const why = (error instanceof Error ? error.message : String(error)).slice(0, longestMessage)
    const reply = await this.#link.send((redis) =>
      runScript(redis, buryScript, [stream, turn, dead], [lease.head, limit, why, attempts, ...positions]),
    )
    return reply === -1 ? 'lost' : (reply as number)
  }

  /** Undefined if there is no such dead letter. */
  async redrive(id: string, limit: number): Promise<Enqueued | undefined> {
    const { stream, dead } = this.#keys
    const reply = await this.#link.send((redis) => runScript(redis, redriveScript, [stream, dead], [id, limit]))
    return reply === null ? undefined : enqueued(reply)
  }

  async *list(): AsyncGenerator<DeadLetter<unknown>, void, undefined> {
    for (let from = '-'; ; ) {
      const args = [this.#keys.dead, from, '+', 'COUNT', page]
      const reply = await this.#link.send((redis) => redis.callBuffer('xrange', args))
      const letters = reply as [Buffer, Buffer[]][]
      for (const [id, fields] of letters) yield this.#letter(String(id), fieldsOf(fields))
      const last = letters.at(-1)
      if (!last || letters.length < page) return
      from = `(${String(last[0])}`
    }
  }

  async length(): Promise<number> {
    return (await this.#link.send((redis) => redis.callBuffer('xlen', [this.#keys.dead]))) as number
  }

  #letter(id: string, fields: ReadonlyMap<string, Buffer>): DeadLetter<unknown> {
    const text = (field: string) => String(fields.get(field) ?? '')
    return {
      id,
      entry: sortable(fields.get('put') ?? text('entry')),
      key: text('key'),
      value: this.#value(fields),
      attempts: Number(text('attempts')),
      error: text('error'),
    }
  }

  #value(fields: ReadonlyMap<string, Buffer>): unknown {
    const payload = fields.get('value')
    if (!payload || String(fields.get('codec')) !== this.#codec.id) return undefined
    try {
      return this.#codec.decode(payload)
    } catch {
      return undefined // Its letter says that it cannot be read.
    }
  }
}
