import type { Codec } from '../entry/codec.ts'
import { storeKey } from '../entry/key.ts'
import { runScript } from '../protocol/script.ts'
import type { Lease } from '../protocol/store.ts'
import type { Link } from './link.ts'
import { enqueueScript, markScript, pendingScript, settleScript, takeScript } from './scripts.generated.ts'
import type { StreamKeys } from './stream-keys.ts'

/** A put that is not written yet. */
export interface Entry {
  /** Its id in the stream. */
  readonly position: string
  /** That of its put: the same, but for a dead letter that was put back. Sorts as text. */
  readonly id: string
  readonly key: string
  readonly value: unknown
  /** How often it was tried alone; undefined if it was not taken before. */
  readonly attempts: number | undefined
}

/** What cannot be handed to anybody: of another codec, or not put there by us. */
interface UnreadableEntry {
  readonly position: string
  readonly id: string
  /** If it has one that can be used. */
  readonly key: string | undefined
  readonly attempts: number | undefined
  /** Why. */
  readonly unreadable: string
}

export type Taken = Entry | UnreadableEntry

/** Either the id of what was accepted, or how many entries wait already. */
export type Enqueued = { readonly id: string } | { readonly full: number }

/** The stream of one write-behind, and what belongs to it. Everything that is said to Redis about entries. */
export class Stream {
  readonly #link: Link
  readonly #keys: StreamKeys
  readonly #codec: Codec

  constructor(link: Link, keys: StreamKeys, codec: Codec) {
    this.#link = link
    this.#keys = keys
    this.#codec = codec
  }

  async enqueue(key: string, payload: Buffer, limit: number): Promise<Enqueued> {
    const { stream, newest } = this.#keys
    return enqueued(
      await this.#link.send((redis) =>
        runScript(redis, enqueueScript, [stream, newest], [limit, key, this.#codec.id, payload]),
      ),
    )
  }

  /** The newest value of `key` that is not written; undefined if there is none, or none that can be read. */
  async pending(key: string): Promise<{ readonly value: unknown } | undefined> {
    const { stream, newest } = this.#keys
    const reply = await this.#link.send((redis) => runScript(redis, pendingScript, [stream, newest], [key]))
    const [codec, payload] = (reply ?? []) as Buffer[]
    if (!payload || String(codec) !== this.#codec.id) return undefined
    try {
      return { value: this.#codec.decode(payload) }
    } catch {
      return undefined // It will be a dead letter, which says so.
    }
  }

  /** The next entries, for the holder of the lease: those that were taken and not settled come first. See `scripts/take.lua`. */
  async take(lease: Lease, after: string | undefined, count: number): Promise<readonly Taken[] | 'lost'> {
    const { stream, lease: turn } = this.#keys
    const from = after === undefined ? '-' : `(${after}`
    const reply = await this.#link.send((redis) =>
      runScript(redis, takeScript, [stream, turn], [lease.head, from, count]),
    )
    if (reply === 0) return 'lost'
    return (reply as [Buffer, number, Buffer[]][]).map(([position, deliveries, fields]) =>
      this.#entry(String(position), deliveries === 0 ? undefined : deliveries - 1, fieldsOf(fields)),
    )
  }

  /** Notes in Redis how often an entry was tried alone, this time included: its process may not live to tell. */
  async noteAttempts({ position }: Entry, attempts: number): Promise<void> {
    const count = ['RETRYCOUNT', attempts + 1, 'JUSTID']
    await this.#link.send((redis) =>
      redis.callBuffer('xclaim', [this.#keys.stream, 'writers', 'writer', 0, position, ...count]),
    )
  }

  /** Of entries that are written or given up: the keys for which nothing newer waits. See `scripts/mark.lua`. */
  async mark(entries: readonly { readonly position: string; readonly key: string }[]): Promise<string[]> {
    const { stream, newest } = this.#keys
    const pairs = entries.flatMap(({ position, key }) => [position, key])
    const reply = await this.#link.send((redis) => runScript(redis, markScript, [stream, newest], pairs))
    return entries.filter((_, index) => (reply as number[])[index] === 1).map(({ key }) => key)
  }

  /** Acknowledges entries that are written, and takes them out. */
  async settle(positions: readonly string[]): Promise<void> {
    await this.#link.send((redis) => runScript(redis, settleScript, [this.#keys.stream], positions))
  }

  /** How many entries are not written. */
  async length(): Promise<number> {
    return (await this.#link.send((redis) => redis.callBuffer('xlen', [this.#keys.stream]))) as number
  }

  /** The position of the oldest or the newest entry, as it sorts; undefined if nothing waits. */
  async end(which: 'oldest' | 'newest'): Promise<string | undefined> {
    const range = which === 'oldest' ? ['-', '+'] : ['+', '-']
    const args = [this.#keys.stream, ...range, 'COUNT', 1]
    const reply = await this.#link.send((redis) => redis.callBuffer(which === 'oldest' ? 'xrange' : 'xrevrange', args))
    const [entry] = reply as [Buffer, Buffer[]][]
    return entry && sortable(entry[0])
  }

  #entry(position: string, attempts: number | undefined, fields: ReadonlyMap<string, Buffer>): Taken {
    const id = sortable(fields.get('put') ?? position)
    const payload = fields.get('value')
    const key = usable(String(fields.get('key') ?? ''))
    const codec = String(fields.get('codec'))
    if (key === undefined || !payload)
      return { position, id, key, attempts, unreadable: 'not an entry of a write-behind' }
    if (codec !== this.#codec.id)
      return { position, id, key, attempts, unreadable: `written by codec "${codec}", not by "${this.#codec.id}"` }
    try {
      return { position, id, key, value: this.#codec.decode(payload), attempts }
    } catch {
      // What the codec has to say may show a part of the value.
      return { position, id, key, attempts, unreadable: `codec "${codec}" cannot read it` }
    }
  }
}

/** Undefined for what no key of a cache can be. */
function usable(key: string): string | undefined {
  try {
    storeKey('', key)
    return key
  } catch {
    return undefined
  }
}

/** What an `enqueue` or a `redrive` replies. */
export function enqueued(reply: unknown): Enqueued {
  return typeof reply === 'number' ? { full: reply } : { id: sortable(reply as Buffer) }
}

/** The id of an entry in a form that sorts as text; Redis takes it as it is. */
export function sortable(id: string | Buffer): string {
  const [milliseconds = '', sequence = ''] = String(id).split('-')
  return `${milliseconds.padStart(13, '0')}-${sequence.padStart(20, '0')}`
}

export function fieldsOf(list: readonly Buffer[]): Map<string, Buffer> {
  const fields = new Map<string, Buffer>()
  for (let at = 0; at + 1 < list.length; at += 2) fields.set(String(list[at]), list[at + 1] as Buffer)
  return fields
}
