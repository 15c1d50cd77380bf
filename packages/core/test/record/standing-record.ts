import type { Redis } from 'ioredis'
import { encodeEntry, headOf } from '../../src/entry/entry.ts'
import { newToken } from '../../src/entry/token.ts'
import { packCells } from '../../src/record/cells.ts'
import { readFields } from '../../src/record/fields.ts'
import { RecordShape } from '../../src/record/record-shape.ts'
import { origin, readable, type Standing, type State, serverTime, spans, standing } from '../protocol/standing.ts'

/** The declared fields, in the order that a record has them in one piece. */
const names = ['name', 'note', 'stock'] as const
export const shape: RecordShape = new RecordShape(readFields({ name: 'string', stock: 'number', note: 'string?' }, []))

/** A record as it stands, or is to stand: the fields of a hash, and their texts. */
export interface RecordAt {
  readonly header: string
  readonly fields: Readonly<Record<string, string>>
}

/** With an id of its own. */
export const recordOf = (fields: RecordAt['fields']): RecordAt => ({ header: headerOf('v'), fields })

/** A cached "does not exist". */
export const negativeRecord = (): RecordAt => ({ header: headerOf('n'), fields: {} })

function headerOf(kind: 'v' | 'n'): string {
  const value = { format: 'record', negative: kind === 'n', packing: '-', freshFor: spans.given, cost: 7 } as const
  const raw = encodeEntry({ ...value, id: newToken(), etag: undefined, origin, tags: [], payload: Buffer.alloc(0) })
  return raw.toString('latin1').trimEnd()
}

/** As the engine has it. */
export function rawOf({ header, fields }: RecordAt, shown: readonly string[] = names): Buffer {
  const cells = names.map((name) => {
    const text = shown.includes(name) ? fields[name] : undefined
    return text === undefined ? null : Buffer.from(text)
  })
  return Buffer.concat([Buffer.from(`${header}\n`), header[69] === 'n' ? Buffer.alloc(0) : packCells(cells)])
}

export const headIn = ({ header }: RecordAt): Buffer => headOf(Buffer.from(header))
export const idIn = ({ header }: RecordAt): string => header.slice(1, 23)

/** Says that a writer is at work on it, or was. @param until Milliseconds since 1970. */
export const marked = ({ header, fields }: RecordAt, until: number = Date.now() + spans.fresh): RecordAt => ({
  header: `${header.slice(0, 24)}w${String(until).padStart(13, '0')}${header.slice(38)}`,
  fields,
})

/** Puts a record under a key, until `before`. */
export const hashed =
  ({ header, fields }: RecordAt): State =>
  async (redis, key) => {
    await redis.hset(key, '@', header, ...Object.entries(fields).flat())
    await redis.pexpire(key, spans.before)
  }

/** Every byte of what stands under a key, of whatever type; the fields of a hash as text. */
export async function standingAt(redis: Redis, key: string): Promise<Standing | Record<string, string> | null> {
  if ((await redis.type(key)) !== 'hash') return standing(redis, key)
  const { '@': header = '', ...fields } = await redis.hgetall(key)
  const { ttl = '' } = (await standing(redis, key)) ?? {}
  return { ...fields, header: readable(header, await serverTime(redis)), ttl }
}

/** What `standingAt` tells of a record that a script has written, with its lifetime. */
export function written({ header, fields }: RecordAt): Record<string, string> {
  return { ...fields, header: `${header.slice(0, 25)}<0><given>${header.slice(51)}`, ttl: 'given' }
}
