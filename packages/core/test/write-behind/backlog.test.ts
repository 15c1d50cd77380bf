import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Backlog, entriesOf } from '../../src/write-behind/backlog.ts'
import type { Entry } from '../../src/write-behind/stream.ts'

const entry = (n: number, key: string, attempts?: number): Entry => ({
  position: `${n}-0`,
  id: String(n).padStart(5, '0'),
  key,
  value: n,
  attempts,
})

describe('Backlog', () => {
  it('has one slot for each key, headed by the newest, with all that came, in whatever order', () => {
    const arrivals = fc.uniqueArray(fc.record({ n: fc.nat(999), key: fc.constantFrom('a', 'b', 'c') }), {
      selector: ({ n }) => n,
    })
    fc.assert(
      fc.property(arrivals, (entries) => {
        const backlog = new Backlog()
        for (const { n, key } of entries) backlog.add(entry(n, key))

        const slots = backlog.together()
        expect(slots.map(({ head }) => head.id)).toEqual(slots.map(({ head }) => head.id).toSorted())
        for (const key of ['a', 'b', 'c']) {
          const of = entries.filter((one) => one.key === key).map(({ n }) => n)
          const slot = slots.find((one) => one.key === key)
          expect(slot?.head.value ?? -1).toBe(Math.max(-1, ...of))
          expect(slot ? entriesOf(slot).length : 0).toBe(of.length)
        }
        expect(backlog.size).toBe(entries.length)
        backlog.remove(slots)
        expect(backlog.size).toBe(0)
      }),
    )
  })

  it('takes an entry once', () => {
    const backlog = new Backlog()
    backlog.add(entry(1, 'k'))
    backlog.add(entry(1, 'k'))

    expect(backlog.together().map(({ older }) => older)).toEqual([[]])
  })

  it('has what was taken before to be written alone, as often tried as its newest or any before it', () => {
    const backlog = new Backlog()
    backlog.add(entry(1, 'k', 3))
    backlog.add(entry(2, 'k', 0))
    backlog.add(entry(3, 'fresh'))

    expect(backlog.together().map(({ key }) => key)).toEqual(['fresh'])
    expect(backlog.due(0)).toMatchObject([{ key: 'k', head: { value: 2 }, failures: 3 }])
  })

  it('lets a newer entry wait as long as the one whose place it takes', () => {
    const backlog = new Backlog()
    backlog.add(entry(1, 'k', 0))
    const [slot] = backlog.due(0)
    if (slot) slot.due = 50

    backlog.add(entry(2, 'k'))

    expect(backlog.due(49)).toEqual([])
    expect(backlog.nextDue()).toBe(50)
    expect(backlog.due(50)).toMatchObject([{ head: { value: 2 } }])
  })
})
