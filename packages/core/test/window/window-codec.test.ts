import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Limit } from '../../src/window/limit.ts'
import { appended, packed, unpacked, windowCodec } from '../../src/window/window-codec.ts'

const all: Limit = { most: 10_000, budget: undefined }
const weighed = (tokens: number): Limit => ({
  most: 10_000,
  budget: { tokens, of: (item) => JSON.stringify(item).length },
})
const texts = (payload: Buffer) => unpacked(payload).map(String)
const payloadOf = (...items: string[]) => packed(items.map((item) => Buffer.from(item)))

describe('the codec of windows', () => {
  it('brings every array of JSON back', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (items) => {
        const same = JSON.parse(JSON.stringify(items)) as unknown
        for (const limit of [all, weighed(1_000_000)])
          expect(windowCodec(limit).decode(windowCodec(limit).encode(items))).toEqual(same)
      }),
    )
  })

  it('writes the JSON of each item, and its weight where it has one', () => {
    expect(texts(windowCodec(all).encode(['a', 12, { b: null }]))).toEqual(['"a"', '12', '{"b":null}'])
    expect(texts(windowCodec(weighed(10)).encode(['a', 12]))).toEqual(['3 "a"', '2 12'])
  })

  it('has one id for what is counted, and another for what is weighed', () => {
    expect(windowCodec(all).id).toBe(windowCodec({ ...all, most: 3 }).id)
    expect(windowCodec(weighed(3)).id).toBe(windowCodec(weighed(5)).id)
    expect(windowCodec(all).id).not.toBe(windowCodec(weighed(5)).id)
  })

  it.each<[string, Limit, Buffer]>([
    ['a length that is cut', all, Buffer.from([0, 0])],
    ['an item that is cut', all, payloadOf('"abc"').subarray(0, -1)],
    ['an item that is no JSON', all, payloadOf('{')],
    ['an empty item', all, payloadOf('')],
    ['two items in one', all, payloadOf('1,2')],
    ['an item without a weight', weighed(5), payloadOf('"abc"')],
    ['a weight alone', weighed(5), payloadOf('5')],
    ['a weight below 0', weighed(5), payloadOf('-1 "a"')],
    ['a weight that is no whole number', weighed(5), payloadOf('1.5 "a"')],
    ['an older item without a weight', weighed(5), payloadOf('"a"', '1 "b"')],
  ])('refuses %s', (_what, limit, payload) => {
    expect(() => windowCodec(limit).decode(payload)).toThrow()
  })

  it('appends to what is packed, and keeps what fits', () => {
    const more = [Buffer.from('3'), Buffer.from('4')]

    expect(texts(appended(payloadOf('1', '2'), more, { ...all, most: 3 }))).toEqual(['2', '3', '4'])
    expect(texts(appended(payloadOf('5 1', '3 2'), [Buffer.from('2 3')], weighed(5)))).toEqual(['3 2', '2 3'])
  })
})
