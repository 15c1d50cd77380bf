import { readingOf } from '../entry/entry.ts'
import { generationLength, readingLength, type TagMoment, type TagReading, type TagReadings } from '../entry/origin.ts'
import { newToken } from '../entry/token.ts'
import type { RedisPort } from './redis-port.ts'
import { runScript, unknownReply } from './script.ts'
import { bumpScript, momentScript } from './scripts.generated.ts'

/** How long ago a tag must have been set forward before it may go, in milliseconds. Entries of before are void then: too many, if they are kept for longer. */
const kept = 7 * 24 * 3_600_000

/** Reads the tag clock before a load; see `scripts/moment.lua` for the states. */
export async function moment(redis: RedisPort, key: string): Promise<TagMoment> {
  const reply = await runScript(redis, momentScript, [key], [newToken()])
  if (Array.isArray(reply)) {
    const [id, raw] = reply as unknown[]
    const reading = Buffer.isBuffer(raw) ? readingOf(raw, 0) : undefined
    if (Buffer.isBuffer(id) && id.length === generationLength && reading !== undefined)
      return { id: id.toString('latin1'), reading }
  }
  throw unknownReply('moment', reply)
}

export interface Forward {
  readonly what: 'void' | 'expire' | 'raise' | 'lower'
  /** Milliseconds. */
  readonly ahead: number
  /** The token of a writer who raises or lowers. */
  readonly writer: string
}

/** Tags in one command: few enough not to hold the server up. */
const batch = 500

/** Sets tags forward; see `scripts/bump.lua` for the states. False: raised, and nothing of it was new. */
export async function bump(
  redis: RedisPort,
  key: string,
  tags: readonly string[],
  { what, ahead, writer }: Forward,
): Promise<boolean> {
  const slices = Array.from({ length: Math.ceil(tags.length / batch) }, (_, at) =>
    tags.slice(at * batch, (at + 1) * batch),
  )
  const news = slices.map(async (some) => {
    const reply = await runScript(redis, bumpScript, [key], [newToken(), what, ahead, writer, kept, ...some])
    if (reply === 0 || reply === 1) return reply === 1
    throw unknownReply('bump', reply)
  })
  return (await Promise.all(news)).includes(true)
}

/** What the tag clock says of some tags, by HMGET. What cannot be read is as lost. */
export async function tagReadings(redis: RedisPort, key: string, tags: readonly string[]): Promise<TagReadings> {
  const fields = tags.map((tag) => `:${tag}`)
  const reply = await redis.callBuffer('hmget', [key, 'id', 'clock', 'floor', ...fields]).catch((error: unknown) => {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return []
    throw error
  })
  if (!Array.isArray(reply)) throw unknownReply('hmget', reply)
  const [id, last, floor, ...raws] = reply as (Buffer | null)[]
  const [clock, lowest] = [last, floor].map((reading) => (reading ? readingOf(reading, 0) : undefined))
  if (id?.length !== generationLength || clock === undefined || lowest === undefined)
    return { id: undefined, clock: 0, of: new Map() }

  const of = new Map<string, TagReading>()
  raws.forEach((raw, index) => {
    const reading = raw === null ? { voidBefore: lowest, expiredBefore: 0 } : decodeReading(raw)
    if (reading) of.set(tags[index] as string, reading)
  })
  return { id: id.toString('latin1'), clock, of }
}

function decodeReading(raw: Buffer): TagReading | undefined {
  const [voidBefore, expiredBefore] = [readingOf(raw, 0), readingOf(raw, readingLength)]
  return voidBefore === undefined || expiredBefore === undefined ? undefined : { voidBefore, expiredBefore }
}
