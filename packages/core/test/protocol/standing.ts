import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { jsonCodec } from '../../src/entry/codec.ts'
import { encodeEntry, leaseHead } from '../../src/entry/entry.ts'
import { newToken } from '../../src/entry/token.ts'
import type { RedisPort } from '../../src/protocol/redis-port.ts'

/** Puts a state of the tables under a key. */
export type State = (redis: Redis, key: string) => Promise<unknown>

/** What a script leaves under a key. `ttl`: that of before, or the one that was given to the script. */
export interface Standing {
  readonly content: string
  readonly ttl: 'none' | 'before' | 'given'
}

const ttlBefore = 60_000
/** Given to scripts: no TTL of before can be taken for it. */
export const ttlGiven = 3_600_000

/** Tokens of two lease holders. */
export const mine: string = newToken()
export const anothers: string = newToken()

/** Entries with ids of their own. */
export const value: Buffer = encodeEntry(newToken(), jsonCodec, Buffer.from('{"name":"Zoë"}'), false)
export const anotherValue: Buffer = encodeEntry(newToken(), jsonCodec, Buffer.from('{"name":"Ada"}'), false)

export const newKey = (): string => `shop:${randomUUID()}`

export const absent: State = async () => {}
export const text =
  (content: string | Buffer): State =>
  (redis, key) =>
    redis.set(key, content, 'PX', ttlBefore)
export const lease = (token: string): State => text(leaseHead(token))

/** The same state, as a person makes it by PERSIST. */
export const withoutTtl =
  (state: State): State =>
  async (redis, key) => {
    await state(redis, key)
    await redis.persist(key)
  }

const other =
  (put: State): State =>
  async (redis, key) => {
    await put(redis, key)
    await redis.pexpire(key, ttlBefore)
  }

/** What is no entry of a cache at first sight: too short, of another beginning, or no string. */
export const foreign: readonly (readonly [string, State])[] = [
  ['an empty string', text('')],
  ['a number', text('42')],
  ['a short text that begins like a lease', text('Lost')],
  ['a short text that begins like a value', text('Vanilla')],
  ['a text of 22 bytes', text('V'.repeat(22))],
  ['a longer text', text('{"written":"by somebody else"}')],
  ['bytes', text(Buffer.alloc(40, 0xff))],
  ['a state of a later version', text(`B${newToken()}${newToken()}`)],
  ['a list', other((redis, key) => redis.rpush(key, 'a', 'b'))],
  ['a hash', other((redis, key) => redis.hset(key, 'field', 'a'))],
  ['a set', other((redis, key) => redis.sadd(key, 'a'))],
  ['a sorted set', other((redis, key) => redis.zadd(key, 1, 'a'))],
  ['a stream', other((redis, key) => redis.xadd(key, '*', 'field', 'a'))],
]

export async function standing(redis: Redis, key: string): Promise<Standing | null> {
  const type = await redis.type(key)
  if (type === 'none') return null
  const raw = type === 'string' ? await redis.getBuffer(key) : await redis.dumpBuffer(key)
  const left = await redis.pttl(key)
  return {
    content: `${type} ${raw?.toString('latin1')}`,
    ttl: left < 0 ? 'none' : left > ttlBefore ? 'given' : 'before',
  }
}

/** What stands where a script has put a text with the TTL that was given. */
export const written = (content: string | Buffer): Standing => ({
  content: `string ${content.toString('latin1')}`,
  ttl: 'given',
})

/** How often the server ran each command while `act` ran, those of scripts included. */
export async function commandsDuring(redis: Redis, act: () => Promise<unknown>): Promise<Record<string, number>> {
  await redis.config('RESETSTAT')
  await act()
  const stats = await redis.info('commandstats')
  const calls = [...stats.matchAll(/^cmdstat_(\S+):calls=(\d+)/gm)].map(([, command, count]) => [
    command,
    Number(count),
  ])
  return Object.fromEntries(calls.filter(([command]) => command !== 'config|resetstat' && command !== 'info'))
}

/** A Redis of another kind, with one reply to everything. */
export function answering(reply: unknown): RedisPort {
  return {
    status: 'ready',
    isCluster: false,
    connect: async () => {},
    disconnect: () => {},
    quit: async () => 'OK',
    on: () => undefined,
    off: () => undefined,
    getBuffer: async () => null,
    mgetBuffer: async () => [],
    callBuffer: async () => reply,
  }
}
