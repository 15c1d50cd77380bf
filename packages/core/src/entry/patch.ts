import {
  digits,
  encodeTagMoment,
  fixedLength,
  freshUntilOffset,
  generationOffset,
  isTaggedValue,
  markOffset,
  valueHead,
} from './entry.ts'
import type { Origin } from './origin.ts'

/** A value with the end of its freshness written in, as `scripts/fill.lua` does. */
export function withFreshUntil(raw: Buffer, freshUntil: number): Buffer {
  return written(raw, freshUntilOffset, digits(freshUntil, 13))
}

/** A value with a mark, as `scripts/extend.lua` does. */
export function withMark(raw: Buffer, mark: 'refreshing' | 'failed', until: number): Buffer {
  return written(raw, markOffset, `${mark === 'failed' ? 'f' : 'r'}${digits(until, 13)}`)
}

/** A value that is fresh again under a new id, as `scripts/renew.lua` does. */
export function renewed(raw: Buffer, id: string, freshUntil: number, freshFor: number, origin: Origin): Buffer {
  const life = `${digits(freshUntil, 13)}${digits(freshFor, 10)}`
  const again = written(raw, 0, `${valueHead(id).toString('latin1')}3-${'0'.repeat(13)}${life}`)
  const ofNow = written(again, generationOffset, origin.generation)
  return isTaggedValue(raw) ? written(ofNow, fixedLength, encodeTagMoment(origin)) : ofNow
}

/** A value that is expired by call under a new id, as `scripts/expire.lua` does. */
export function expired(raw: Buffer, id: string): Buffer {
  return written(raw, 0, `${valueHead(id).toString('latin1')}3-${'0'.repeat(26)}`)
}

function written(raw: Buffer, at: number, text: string): Buffer {
  const copy = Buffer.from(raw)
  copy.write(text, at, 'latin1')
  return copy
}
