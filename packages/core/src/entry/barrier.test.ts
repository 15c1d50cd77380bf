import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Barrier, encodeBarrier, readBarrier } from './barrier.ts'
import { encodeEntry, isBarrier, leaseHead } from './entry.ts'
import { newToken } from './token.ts'

const now = 1_700_000_000_000
const [one, another] = ['a'.repeat(22), 'b'.repeat(22)]
const alone: Barrier = { contended: false, writers: [{ token: one, until: now + 1 }] }
const several: Barrier = {
  contended: true,
  writers: [
    { token: one, until: now + 1 },
    { token: another, until: now + 5_000 },
  ],
}

describe('a barrier', () => {
  it.each([
    ['of one writer', alone, `B-${one}1700000000001`],
    ['of several writers, contended', several, `Bx${one}1700000000001${another}1700000005000`],
    [
      'of one writer, with a short time',
      { contended: false, writers: [{ token: one, until: 7 }] },
      `B-${one}0000000000007`,
    ],
  ])('is readable as text: %s', (_what, barrier, text) => {
    expect(encodeBarrier(barrier).toString()).toBe(text)
  })

  it('comes back as it was, in the order of its writers', () => {
    const writer = fc.record({
      token: fc.constant(null).map(newToken),
      until: fc.integer({ min: now + 1, max: 9_999_999_999_999 }),
    })
    const barriers = fc.record({ contended: fc.boolean(), writers: fc.array(writer, { minLength: 1, maxLength: 20 }) })

    fc.assert(
      fc.property(barriers, (barrier) => {
        const raw = encodeBarrier(barrier)

        expect(isBarrier(raw)).toBe(true)
        expect(readBarrier(raw, now)).toEqual(barrier)
      }),
    )
  })
})

describe('readBarrier', () => {
  it.each([
    [now, several],
    [now + 1, { contended: true, writers: [{ token: another, until: now + 5_000 }] }],
    [now + 5_000, { contended: true, writers: [] }],
  ])('leaves out the writers whose time is over: at %i', (at, left) => {
    expect(readBarrier(encodeBarrier(several), at)).toEqual(left)
  })

  it('leaves out a writer whose time is no number', () => {
    expect(readBarrier(Buffer.from(`B-${one}.............${another}1700000005000`), now)?.writers).toEqual([
      { token: another, until: now + 5_000 },
    ])
  })

  it.each([
    ['nothing', undefined],
    ['an empty text', Buffer.alloc(0)],
    ['a lease', leaseHead(one)],
    [
      'a value',
      encodeEntry({
        id: one,
        format: 'json',
        negative: false,
        packing: '-',
        freshFor: 1,
        cost: 1,
        etag: undefined,
        origin: { generation: 'g'.repeat(16), tagMoment: undefined },
        tags: [],
        payload: Buffer.from('1'),
      }),
    ],
    ['B alone', Buffer.from('B')],
    ['B- alone', Buffer.from('B-')],
    ['a barrier that is cut', encodeBarrier(several).subarray(0, -1)],
    ['a barrier with a byte too many', Buffer.concat([encodeBarrier(several), Buffer.from('0')])],
    ['a text that begins like a barrier', Buffer.from('Banana split for all of us, please')],
  ])('finds none in %s', (_what, raw) => {
    expect(readBarrier(raw, now)).toBeNull()
  })
})
