import { describe, expect, it } from 'vitest'
import { type Story, story } from './story.ts'

describe('liveness', () => {
  it('finds a read that takes too long, however busy the others are', () => {
    const checks = story((told) => {
      const read = told.add('a', 'read', [0, 5_100])
      told.add('a', 'load', [1, 5_000], { of: read })
    })

    expect(checks).toEqual(['read hangs'])
  })

  it('finds a read that never ends', () => {
    const checks = story((told) => {
      told.add('a', 'read', [0])
      told.add('b', 'read', [6_000, 6_001], { failed: true })
    })

    expect(checks).toEqual(['read hangs', 'waits for nobody'])
  })

  it('finds a read that waits while nobody loads', () => {
    const checks = story((told) => {
      told.add('a', 'read', [0, 1_100], { failed: true })
    })

    expect(checks).toEqual(['waits for nobody'])
  })

  it('accepts a wait for a load whose process says nothing else until it is killed', () => {
    const checks = story((told) => {
      const read = told.add('a', 'read', [0])
      told.add('a', 'load', [1], { of: read })
      told.line('main', { at: 2_000, died: 'a' })
      told.add('b', 'read', [10, 2_700], { failed: true })
    })

    expect(checks).toEqual([])
  })

  it('accepts a wait for the other keys of a call, and finds one that is too long', () => {
    const waits = (to: number) => story((told) => told.add('a', 'read', [0, to], { failed: true, batched: true }))

    expect([waits(1_100), waits(5_100)]).toEqual([[], ['read hangs']])
  })

  it('accepts a wait for a load, for a fault to end, and in a process that stood still', () => {
    const checks = story((told) => {
      told.add('a', 'read', [0, 1_900], { failed: true })
      const read = told.add('b', 'read', [0, 1_000], { failed: true })
      told.add('b', 'load', [1, 950], { of: read, failed: true })
      told.add('main', 'fault', [5_000, 8_000], {}, '*')
      told.add('a', 'read', [5_000, 8_800], { failed: true })
      told.add('main', 'fault', [10_000, 18_000], {}, 'a')
      told.add('a', 'read', [10_000, 18_100], { failed: true })
    })

    expect(checks).toEqual([])
  })

  it.each(['lease', 'barrier'] as const)('finds a %s that is left behind', (what) => {
    expect(story((told) => told.line('main', { at: 1, residue: 'k', what }))).toEqual([`${what} left behind`])
  })

  const away = (told: Story, took: number, ...loaded: [number, number][]) => {
    told.add('main', 'fault', [0, 9_000], {}, '*')
    told.add('a', 'degraded', [500, 9_100], {}, 'a')
    const read = told.add('a', 'read', [1_000, 1_000 + took], { failed: true })
    for (const span of loaded) told.add('a', 'load', span, { of: read, failed: true })
  }

  it('finds a read that waits for a Redis that is known to be away, whatever fault keeps it away', () => {
    expect(story((told) => away(told, 800))).toEqual(['waits for Redis'])
    expect(story((told) => away(told, 2_000, [1_000, 1_250]))).toEqual(['waits for Redis'])
  })

  it('accepts a read that takes no longer than its load, and one whose process stands still', () => {
    expect(story((told) => away(told, 2_000, [1_400, 3_000]))).toEqual([])
    expect(
      story((told) => {
        away(told, 2_000)
        told.add('main', 'fault', [1_100, 2_900], { stalls: true }, 'a')
      }),
    ).toEqual([])
  })

  it('accepts a wait for a Redis that is not known to be away yet, or is back', () => {
    const checks = story((told) => {
      told.add('main', 'fault', [0, 9_000], {}, '*')
      told.add('a', 'degraded', [1_900, 2_500], {}, 'a')
      told.add('a', 'read', [1_000, 2_500], { failed: true })
      told.add('a', 'read', [2_000, 3_500], { failed: true })
    })

    expect(checks).toEqual([])
  })
})
