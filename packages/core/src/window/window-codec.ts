import { type Codec, jsonCodec } from '../entry/codec.ts'
import { firstKept, type Limit } from './limit.ts'

/** The items of a window as Redis has them, oldest first: JSON, behind a weight and a space where items have one. */
export type Texts = readonly Buffer[]

const lengthBytes = 4
const space = 0x20

/** Between an array of items, oldest first, and a payload. Either way round no more is kept than the limit lets. */
export function windowCodec(limit: Limit): Codec {
  return {
    // Who reads what the other has written cannot tell what it weighs, or that it has a weight.
    id: limit.budget ? 'window-weighed' : 'window',
    encode(items) {
      const all = arrayOf(items)
      const weights: number[] = []
      const first = firstKept(all.length, limit, (place) => (weights[place] = weigh(all[place], limit)))
      return packed(all.slice(first).map((item, index) => textOf(item, weights[first + index])))
    },
    decode: (payload) => newestOf(unpacked(payload), limit).map((text) => jsonCodec.decode(jsonIn(text, limit))),
  }
}

/** Items that are to be appended: those too that do not fit, because nothing older than them does. @throws as the codec. */
export const textsOf = (items: unknown, limit: Limit): Texts =>
  arrayOf(items)
    .slice(-limit.most)
    .map((item) => textOf(item, limit.budget && weigh(item, limit)))

/** A payload with items behind those that it has, as `scripts/append.lua` does. */
export const appended = (payload: Buffer, texts: Texts, limit: Limit): Buffer =>
  packed(newestOf([...unpacked(payload), ...texts], limit))

/** Each behind its length. */
export function packed(texts: Texts): Buffer {
  const parts = texts.flatMap((text) => {
    const length = Buffer.alloc(lengthBytes)
    length.writeUInt32BE(text.length)
    return [length, text]
  })
  return Buffer.concat(parts)
}

/** @throws {RangeError} for what was cut. */
export function unpacked(payload: Buffer): Buffer[] {
  const texts: Buffer[] = []
  for (let at = 0; at < payload.length; ) {
    const start = at + lengthBytes
    at = start + payload.readUInt32BE(at)
    if (at > payload.length) throw new RangeError('an item that is cut')
    texts.push(payload.subarray(start, at))
  }
  return texts
}

const newestOf = (texts: Texts, limit: Limit): Texts =>
  texts.slice(firstKept(texts.length, limit, (place) => weightIn(texts[place] as Buffer)))

function arrayOf(items: unknown): readonly unknown[] {
  if (Array.isArray(items)) return items
  throw new TypeError(`expected an array of items, oldest first, got ${kindOf(items)}`)
}

function textOf(item: unknown, weight: number | undefined): Buffer {
  if (item === undefined) throw new TypeError('an item is undefined, which JSON cannot hold')
  const json = jsonCodec.encode(item)
  return weight === undefined ? json : Buffer.concat([Buffer.from(`${weight} `), json])
}

function jsonIn(text: Buffer, { budget }: Limit): Buffer {
  if (!budget) return text
  weightIn(text)
  return text.subarray(text.indexOf(space) + 1)
}

/** @throws {SyntaxError} for a text without one. */
function weightIn(text: Buffer): number {
  const weight = text.toString('latin1', 0, Math.max(0, text.indexOf(space)))
  if (!/^\d{1,16}$/.test(weight)) throw new SyntaxError('an item without a weight')
  return Number(weight)
}

function weigh(item: unknown, { budget }: Limit): number {
  const weight = budget?.of(item)
  if (Number.isSafeInteger(weight) && (weight as number) >= 0) return weight as number
  throw new TypeError(`expected limit.of to return a whole number from 0, such as 12, got ${kindOf(weight)}`)
}

/** A value in a message: its kind where it could be large or secret. */
function kindOf(value: unknown): string {
  if (typeof value === 'number' || value === null || value === undefined) return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
