import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { encodeEntry, headOf, leaseHead } from '../../src/entry/entry.ts'
import type { Origin, TagMoment } from '../../src/entry/origin.ts'
import { newToken } from '../../src/entry/token.ts'
import type { RedisPort } from '../../src/protocol/redis-port.ts'
import type { Entry, Lease, NamespaceKeys, Store } from '../../src/protocol/store.ts'

/** Puts a state of the tables under a key. */
export type State = (redis: Redis, key: string) => Promise<unknown>

/** What a script leaves under a key. Times of the server are told by how far from now they are. */
export interface Standing {
  readonly content: string
  readonly ttl: string
}

/** Lengths of time, none of which can be taken for another. Milliseconds. */
export const spans = { before: 60_000, fresh: 600_000, given: 3_600_000 } as const
export type Span = keyof typeof spans
/** From now; `over` is past. */
type When = Span | 'over'
/** Longer than a test may take: what is left of a span is told by its name as long as it is no shorter than by this. */
const slack = 30_000

/** Tokens of writers, and of those who load. */
export const mine: string = newToken()
export const anothers: string = newToken()
export const thirds: string = newToken()
export const myLease: Lease = { head: leaseHead(mine), ttl: spans.given }

/** What was true of a namespace before a value was loaded. */
export const origin: Origin = {
  generation: 'g'.repeat(16),
  tagMoment: { id: 'c'.repeat(16), reading: 1_700_000_000_000_000 },
}
export const laterOrigin: Origin = {
  generation: 'h'.repeat(16),
  tagMoment: { id: 'd'.repeat(16), reading: 1_700_000_000_000_001 },
}

const valueOf = (payload: string, tags: readonly string[] = []) =>
  encodeEntry({
    id: newToken(),
    format: 'json',
    negative: false,
    packing: '-',
    freshFor: 5_000,
    cost: 7,
    etag: undefined,
    origin,
    tags,
    payload: Buffer.from(payload),
  })

/** Values with ids of their own. */
export const value: Buffer = valueOf('{"name":"Zoë"}')
export const anotherValue: Buffer = valueOf('{"name":"Ada"}')
export const taggedValue: Buffer = valueOf('{"name":"Eve"}', ['category:9', 'a, b'])
export const valueId: string = headOf(value).toString('latin1', 1)

/** A value to be stored. */
export const entry: Entry = { raw: value, freshFor: spans.fresh, ttl: spans.given }
export const anotherEntry: Entry = { ...entry, raw: anotherValue }

export const namespace: NamespaceKeys = { generation: 'shop/generation', tagClock: 'shop/tags' }
/** What a store has under a key, whatever its namespace says. */
export const rawAt = async (store: Store, key: string): Promise<Buffer | null> =>
  (await store.read(key, namespace, [])).raw

export const newKey = (): string => `shop:${randomUUID()}`

export const absent: State = async () => {}
export const text =
  (content: string | Buffer): State =>
  (redis, key) =>
    redis.set(key, content, 'PX', spans.before)
export const lease = (token: string): State => text(leaseHead(token))

/** The parts of a value's header that scripts write. */
export interface Header {
  readonly id?: string
  readonly mark?: 'r' | 'f'
  readonly markUntil?: When
  readonly freshUntil?: When
  readonly freshFor?: number
  readonly origin?: Origin
}

export const stored =
  (raw: Buffer, header: Header = { freshUntil: 'fresh' }): State =>
  async (redis, key) => {
    const now = await serverTime(redis)
    await text(bytes(withHeader(raw, header, (when) => digits(when ? at(now, when) : 0))))(redis, key)
  }

/** A writer's part of a barrier: whose, and until when. */
export type Part = readonly [token: string, until: When]

/** As it stands, until the last of its parts is over; and for a while if that is now. */
export const barrier =
  (contended: '-' | 'x', ...parts: readonly Part[]): State =>
  async (redis, key) => {
    const now = await serverTime(redis)
    const content = barrierText(contended, parts, (when) => digits(at(now, when)))
    const left = Math.max(...parts.map(([, until]) => at(now, until) - now))
    await redis.set(key, bytes(content), 'PX', left > 0 ? left : spans.before)
  }

/** The same state, as a person makes it by PERSIST. */
export const withoutTtl =
  (state: State): State =>
  async (redis, key) => {
    await state(redis, key)
    await redis.persist(key)
  }

export const withTtl =
  (span: Span, state: State): State =>
  async (redis, key) => {
    await state(redis, key)
    await redis.pexpire(key, spans[span])
  }

const other = (put: State): State => withTtl('before', put)

/** What is no entry of a cache at first sight: of another beginning or length, or no string. */
export const foreign: readonly (readonly [string, State])[] = [
  ['an empty string', text('')],
  ['a number', text('42')],
  ['a short text that begins like a lease', text('Lost')],
  ['a short text that begins like a value', text('Vanilla')],
  ['a short text that begins like a barrier', text('Banana')],
  ['a text of 22 bytes', text('V'.repeat(22))],
  ['a longer text', text('{"written":"by somebody else"}')],
  ['a text as long as a barrier, with its times', text(`{-${anothers}9999999999999`)],
  ['bytes', text(Buffer.alloc(40, 0xff))],
  ['a lease that is cut', text(leaseHead(mine).subarray(0, -1))],
  ['the head of a value alone', text(headOf(anotherValue))],
  ['the beginning of a barrier, B', text('B')],
  ['the beginning of a barrier, B-', text('B-')],
  ['the beginning of a barrier, Bx', text('Bx')],
  ['a barrier that is cut', text(`B-${anothers}9999999999999`.slice(0, -1))],
  ['a barrier with a byte too many', text(`B-${anothers}9999999999999x`)],
  ['a long text that begins like a lease', text('Lemon sorbet for all of us, please')],
  ['a long text that begins like a barrier', text('Banana split for all of us, please')],
  ['a list', other((redis, key) => redis.rpush(key, 'a', 'b'))],
  ['a hash', other((redis, key) => redis.hset(key, 'field', 'a'))],
  ['a set', other((redis, key) => redis.sadd(key, 'a'))],
  ['a sorted set', other((redis, key) => redis.zadd(key, 1, 'a'))],
  ['a stream', other((redis, key) => redis.xadd(key, '*', 'field', 'a'))],
]

/** What begins like a value: a reader tells whether it can be read. */
export const likeValues: readonly (readonly [string, Buffer])[] = [
  ['a value of another format version', Buffer.from(`V${newToken()}1vjson\n{"name":"Zoë"}`)],
  ['a value that is cut in its header', Buffer.from(anotherValue.subarray(0, 88))],
  ['a long text that begins like a value', Buffer.from('Vanilla ice cream for all of us, please')],
  ['bytes that begin like a value', Buffer.concat([Buffer.from('V'), Buffer.alloc(80, 0xff)])],
]

/** All that is no lease, barrier or value of ours. */
export const anythingElse: readonly (readonly [string, State])[] = [
  ...foreign,
  ...likeValues.map(([what, raw]) => [what, text(raw)] as const),
]

export async function standing(redis: Redis, key: string): Promise<Standing | null> {
  const type = await redis.type(key)
  if (type === 'none') return null
  const raw = type === 'string' ? await redis.getBuffer(key) : await redis.dumpBuffer(key)
  const left = await redis.pttl(key)
  const content = raw?.toString('latin1') ?? ''
  return {
    content: type === 'string' ? readable(content, await serverTime(redis)) : `${type} ${content}`,
    ttl: left < 0 ? 'none' : named(left),
  }
}

/** What stands where a script has put a lease. */
export const leased = (token: string, ttl: Span = 'given'): Standing => ({ content: `L${token}`, ttl })

/** What stands where a script has put a value, or written into one. */
export const valued = (raw: Buffer, header: Header, ttl: Span | 'none' = 'given'): Standing => ({
  content: withHeader(raw, header, (when) => (when ? `<${when}>` : '<0>')),
  ttl,
})

/** What stands where a script has put a barrier, or written into one. */
export const barred = (contended: '-' | 'x', parts: readonly Part[], ttl: Span | 'none' = 'given'): Standing => ({
  content: barrierText(contended, parts, (when) => `<${when}>`),
  ttl,
})

/** The same bytes, with the times of the server as `standing` tells them. */
export function readable(content: string, now: number): string {
  const told = (time: string) => {
    if (!/^\d{13}$/.test(time)) return time
    return Number(time) === 0 ? '<0>' : `<${named(Number(time) - now)}>`
  }
  if (/^V.{22}3/s.test(content) && content.length > 88) {
    return `${content.slice(0, 25)}${told(content.slice(25, 38))}${told(content.slice(38, 51))}${content.slice(51)}`
  }
  if (!/^B[-x](?:.{35})+$/s.test(content)) return content
  return content.replaceAll(/(?<=^..(?:.{35})*.{22})\d{13}/gs, told)
}

export async function serverTime(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time()
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000)
}

/** How often the server ran each command while `act` ran, those of scripts included. */
export async function commandsDuring(redis: Redis, act: () => Promise<unknown>): Promise<Record<string, number>> {
  await redis.config('RESETSTAT')
  await act()
  const stats = await redis.info('commandstats')
  const calls = [...stats.matchAll(/^cmdstat_(\S+):calls=(\d+)/gm)].map(([, command, count]) => [
    command,
    Number(count),
  ])
  // Before Redis 7 a command is counted under the name that all its parts have.
  const own = new Set(['config|resetstat', 'config', 'info'])
  return Object.fromEntries(calls.filter(([command]) => !own.has(String(command))))
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

function named(left: number): string {
  if (left <= 0) return 'over'
  const span = Object.entries(spans).find(([, length]) => left <= length && left > length - slack)
  return span ? span[0] : `${left} ms`
}

const at = (now: number, when: When): number => now + (when === 'over' ? -slack : spans[when])
const bytes = (content: string): Buffer => Buffer.from(content, 'latin1')
const digits = (time: number): string => String(time).padStart(13, '0')

function withHeader(raw: Buffer, header: Header, time: (when: When | undefined) => string): string {
  const { id, mark = '-', markUntil, freshUntil, freshFor, origin: given } = header
  const content = raw.toString('latin1')
  const head = id === undefined ? content.slice(0, 23) : `V${id}`
  const life = freshFor === undefined ? content.slice(51, 61) : String(freshFor).padStart(10, '0')
  const [marked, fresh] = [markUntil, freshUntil].map(time)
  const stamp = given ? `${given.generation}${content[87]}` : content.slice(71, 88)
  const moment = given?.tagMoment && content[87] === 't' ? momentText(given.tagMoment) : content.slice(88, 120)
  return `${head}3${mark}${marked}${fresh}${life}${content.slice(61, 71)}${stamp}${moment}${content.slice(120)}`
}

const momentText = ({ id, reading }: TagMoment): string => `${id}${String(reading).padStart(16, '0')}`

function barrierText(contended: '-' | 'x', parts: readonly Part[], time: (when: When) => string): string {
  return `B${contended}${parts.map(([token, until]) => `${token}${time(until)}`).join('')}`
}
