import type { Codec } from '../entry/codec.ts'
import type { RedisPort } from '../protocol/redis-port.ts'
import { unknownReply } from '../protocol/script.ts'
import type { Acquired, Attempt, Entry, Lease } from '../protocol/store.ts'

/**
 * Another type of Redis key for the entries of a cache, and how a part of one is changed in place.
 *
 * A value stands with the header that every entry has (`entry/entry.ts`). Leases and barriers stand under the same key, as
 * the strings that they always are: no part of such a value can be mistaken for one, and whatever takes the key away takes
 * both.
 */
export interface Shape<Change> {
  /** Value ↔ payload. */
  readonly codec: Codec
  /** The header, a newline and the payload of what stands. Null: nothing does, or what is of another type. */
  read(redis: RedisPort, key: string): Promise<Buffer | null>
  /** As {@link Store.acquire}. */
  acquire(redis: RedisPort, key: string, attempt: Attempt): Promise<Acquired>
  /** As {@link Store.fill}, where a lease stands. */
  fill(redis: RedisPort, key: string, lease: Lease, entry: Entry): Promise<'accepted' | 'rejected'>
  /** Marks a value as its writer's, unless it is marked already. Not safe to send twice. */
  open(redis: RedisPort, key: string, opening: Opening): Promise<boolean>
  /** Changes the value if it still has the id that its writer has given it, and begins its TTL anew by the same step. */
  amend(redis: RedisPort, key: string, amendment: Amendment<Change>): Promise<'accepted' | 'rejected'>
  /** The same change, to a payload. */
  amended(payload: Buffer, change: Change): Buffer
  /** Of what a change adds at most, in bytes. */
  sizeOf(change: Change): number
}

export interface Opening {
  /** Of the value from then on. */
  readonly id: string
  /** How long the mark stands, in milliseconds. */
  readonly ttl: number
  /** The name of the format that the value has to have. */
  readonly format: string
}

export interface Amendment<Change> {
  /** With which it was opened. */
  readonly opened: string
  /** Of the value from then on. */
  readonly id: string
  readonly change: Change
}

/** What a script says of a change. */
export function verdict(operation: string, reply: unknown): 'accepted' | 'rejected' {
  if (reply === 1) return 'accepted'
  if (reply === 0) return 'rejected'
  throw unknownReply(operation, reply)
}

/** For a command about a key of another type: a lease or a barrier is no value. @throws any other error. */
export function noValue(error: unknown): null {
  if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return null
  throw error
}
