import type { Redis } from 'ioredis'
import { encodeEntry, headOf } from '../../src/entry/entry.ts'
import { newToken } from '../../src/entry/token.ts'
import type { Limit } from '../../src/window/limit.ts'
import { packed } from '../../src/window/window-codec.ts'
import { origin, readable, type Standing, type State, serverTime, spans, standing } from '../protocol/standing.ts'

export const count: Limit = { most: 3, budget: undefined }
export const tokens = (most: number): Limit => ({ most: 10_000, budget: { tokens: most, of: () => 1 } })

/** A window as it stands, or is to stand: what a list's elements are. */
export interface Window {
  readonly header: string
  readonly items: readonly string[]
}

/** With an id of its own. */
export const windowOf = (...items: string[]): Window => ({ header: headerOf('v'), items })

/** A cached "does not exist", which no window cache writes. */
export const negativeWindow: Window = { header: headerOf('n'), items: [] }

/** The same as its writer's, who has died. */
export const markedAs = ({ header, items }: Window, mark = 'w'): Window => ({
  header: `${header.slice(0, 24)}${mark}0000000000001${header.slice(38)}`,
  items,
})

function headerOf(kind: 'v' | 'n'): string {
  const value = { format: 'window', negative: kind === 'n', packing: '-', freshFor: spans.given, cost: 7 } as const
  const raw = encodeEntry({ ...value, id: newToken(), etag: undefined, origin, tags: [], payload: Buffer.alloc(0) })
  return raw.toString('latin1').trimEnd()
}

/** As the engine has it. */
export const rawOf = ({ header, items }: Window): Buffer =>
  Buffer.concat([Buffer.from(`${header}\n`), packed(items.map((item) => Buffer.from(item)))])

export const headIn = ({ header }: Window): Buffer => headOf(Buffer.from(header))
export const idIn = ({ header }: Window): string => header.slice(1, 23)

/** Puts a window under a key, until `before`. */
export const listed =
  ({ header, items }: Window): State =>
  async (redis, key) => {
    await redis.rpush(key, header, ...items)
    await redis.pexpire(key, spans.before)
  }

/** Every byte of what stands under a key, of whatever type; the elements of a list as text. */
export async function standingAt(redis: Redis, key: string): Promise<Standing | string[] | null> {
  if ((await redis.type(key)) !== 'list') return standing(redis, key)
  const [header = '', ...items] = await redis.lrange(key, 0, -1)
  const { ttl = '' } = (await standing(redis, key)) ?? {}
  return [readable(header, await serverTime(redis)), ...items, ttl]
}

/** What `standingAt` tells of a window that a script has written, with its lifetime. */
export function written({ header }: Window, items: readonly string[]): string[] {
  return [`${header.slice(0, 25)}<0><given>${header.slice(51)}`, ...items, 'given']
}
