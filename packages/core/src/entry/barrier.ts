import { isBarrier } from './entry.ts'
import { tokenLength } from './token.ts'

/** The writers who are at work on a key. Readers load without filling meanwhile. */
export interface Barrier {
  /** Another writer was at work meanwhile: which of them was the last is not known. */
  readonly contended: boolean
  readonly writers: readonly Writer[]
}

interface Writer {
  readonly token: string
  /** Server time, milliseconds since 1970. */
  readonly until: number
}

const untilLength = 13

/** The barrier that stands there, without the writers whose time is over; null if none does. */
export function readBarrier(raw: Buffer | undefined, now: number): Barrier | null {
  if (!raw || !isBarrier(raw)) return null
  const text = raw.toString('latin1')
  const writers: Writer[] = []
  for (let start = 2; start < text.length; start += tokenLength + untilLength) {
    const ends = start + tokenLength
    const until = Number(text.slice(ends, ends + untilLength))
    if (until > now) writers.push({ token: text.slice(start, ends), until })
  }
  return { contended: text[1] !== '-', writers }
}

export function encodeBarrier({ contended, writers }: Barrier): Buffer {
  const parts = writers.map(({ token, until }) => `${token}${String(until).padStart(untilLength, '0')}`)
  return Buffer.from(`B${contended ? 'x' : '-'}${parts.join('')}`, 'latin1')
}
