import type { Redis } from 'ioredis'
import { type State, text } from './standing.ts'

/** A tag clock as a person reads it: its readings are told by how far from now they are, in angle brackets. */
export type Fields = Readonly<Record<string, string>>

/** None can be taken for another. Milliseconds from now. */
const moments = {
  '<0>': 0,
  '<long ago>': -7_200_000,
  '<over>': -60_000,
  '<now>': 0,
  '<before>': 60_000,
  '<fresh>': 600_000,
  '<given>': 3_600_000,
} as const
/** Longer than a test may take. */
const slack = 25_000

/** Of a clock that stood before. No new one looks like it. */
export const knownId: string = 'k'.repeat(16)
/** As it is told of a clock that has just been made. */
export const freshId = '<fresh id>'

/** Tokens of writers, which no reading can be mistaken with. */
export const [mine, anothers, thirds]: readonly [string, string, string] = [
  'm'.repeat(22),
  'a'.repeat(22),
  't'.repeat(22),
]

/** Puts a clock under a key that was last set forward a while ago, and knows of nothing before that. */
export const clock = (fields: Fields = {}): State =>
  clockOf({ id: knownId, clock: '<over>', floor: '<long ago>', due: '', ...fields })

/** Puts these fields under a key, and no others. */
export const clockOf =
  (fields: Fields): State =>
  async (redis, key) => {
    const now = await serverMicroseconds(redis)
    await redis.hset(
      key,
      Object.fromEntries(Object.entries(fields).map(([field, told]) => [field, written(told, now)])),
    )
  }

const without = (...names: readonly string[]): Fields => {
  const whole: Fields = { id: knownId, clock: '<over>', floor: '<long ago>', due: '', ':old': '<before><0>' }
  return Object.fromEntries(Object.entries(whole).filter(([field]) => !names.includes(field)))
}

/** A part of it is missing that every reader needs. */
export const lostParts: readonly (readonly [string, State])[] = [
  ['a clock without its id', clockOf(without('id'))],
  ['a clock without its last reading', clockOf(without('clock'))],
  ['a clock without its floor', clockOf(without('floor'))],
  ['tags alone', clockOf(without('id', 'clock', 'floor', 'due'))],
  ['an id alone', clockOf({ id: knownId })],
]

/** All that is no tag clock. */
export const noClocks: readonly (readonly [string, State])[] = [
  ...lostParts,
  ['a clock whose last reading is none', clockOf({ ...without(), clock: 'noon' })],
  ['a clock whose floor is none', clockOf({ ...without(), floor: 'noon' })],
  ['a hash of somebody else', clockOf({ name: 'Ada' })],
  ['an empty string', text('')],
  ['a text', text('{"written":"by somebody else"}')],
  ['a list', (redis, key) => redis.rpush(key, 'a', 'b')],
  ['a set', (redis, key) => redis.sadd(key, 'a')],
  ['a sorted set', (redis, key) => redis.zadd(key, 1, 'a')],
  ['a stream', (redis, key) => redis.xadd(key, '*', 'field', 'a')],
]

/** All that a script makes anew. */
export const madeAnew: readonly (readonly [string, State])[] = [
  ...noClocks,
  ['a clock without what is due', clockOf(without('due'))],
]

/** What a script leaves under the key of a clock. */
export async function clockStanding(redis: Redis, key: string): Promise<Fields | null> {
  if ((await redis.exists(key)) === 0) return null
  const now = await serverMicroseconds(redis)
  const fields = Object.entries(await redis.hgetall(key))
  const told = fields.map(([field, content]) => {
    if (field === 'id') return [field, toldId(content)]
    return [field, field === 'due' ? toldDue(content, now) : readable(content, now)]
  })
  return { ...Object.fromEntries(told), ...((await redis.pttl(key)) < 0 ? {} : { ttl: 'not kept for ever' }) }
}

export async function serverMicroseconds(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time()
  return Number(seconds) * 1_000_000 + Number(microseconds)
}

export const digits = (microseconds: number): string => String(microseconds).padStart(16, '0')

/** A reading as it is told. `late`: by how much of its distance it may be later. */
export function toldReading(reading: number, now: number, late = 0): string {
  if (reading === 0) return '<0>'
  const away = (reading - now) / 1_000
  const isAt = (at: number) => away > at - slack && away < at + Math.max(at, 0) * late + slack
  const found = Object.entries(moments).find(([name, at]) => name !== '<0>' && isAt(at))
  return found?.[0] ?? `${away} ms`
}

const toldId = (id: string): string => (/^[0-9a-f]{16}$/.test(id) ? freshId : id)
const readable = (content: string, now: number, late?: number): string =>
  content.replaceAll(/\d{16}/g, (reading) => toldReading(Number(reading), now, late))
const toldDue = (content: string, now: number): string => readable(content, now, 1 / 16)
const written = (told: string, now: number): string =>
  told.replaceAll(/<[^>]+>/g, (name) =>
    digits(name === '<0>' ? 0 : now + 1_000 * moments[name as keyof typeof moments]),
  )
