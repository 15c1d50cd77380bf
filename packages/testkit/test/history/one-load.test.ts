import { describe, expect, it } from 'vitest'
import { type Story, story } from './story.ts'

describe('one load', () => {
  const twoLoads = (told: Story) => {
    told.miss('a', [0, 100], 0)
    told.miss('b', [50, 150], 0)
  }

  it('finds two loads of a key at once', () => {
    expect(story(twoLoads)).toEqual(['two loads'])
  })

  it('accepts loads one after the other, and loads of different keys at once', () => {
    const checks = story((told) => {
      told.miss('a', [0, 100], 0)
      told.miss('b', [50, 60], 0)
      const read = told.add('c', 'read', [10, 90], {}, 'other')
      told.add('c', 'load', [11, 80], { of: read }, 'other')
    })

    expect(checks).toEqual(['two loads'])
    expect(
      story((told) => {
        told.miss('a', [0, 100], 0)
        told.miss('b', [100, 200], 0)
      }),
    ).toEqual([])
  })

  it.each<[string, (told: Story) => void]>([
    ['an invalidation', (told) => told.add('c', 'invalidate', [20, 30])],
    [
      'a rejected invalidation that may arrive late',
      (told) => told.add('c', 'invalidate', [-300, -200], { failed: true }),
    ],
    ['a fault of Redis', (told) => told.add('main', 'fault', [20, 30], {}, '*')],
    ['a fault of the first process', (told) => told.add('main', 'fault', [20, 30], {}, 'a')],
    ['a fault of the second process', (told) => told.add('main', 'fault', [40, 60], {}, 'b')],
    ['an expiry', (told) => told.add('c', 'expire', [20, 30])],
    ['a write behind a barrier', (told) => told.add('c', 'mutate', [-20, 30])],
    [
      'a barrier whose writer died',
      (told) => {
        told.add('c', 'mutate', [-1_500])
        told.line('main', { at: -1_400, died: 'c' })
      },
    ],
    [
      'a barrier that was caught in a fault',
      (told) => {
        told.add('main', 'fault', [-900, -600], {}, 'c')
        told.add('c', 'mutate', [-1_000, -500])
      },
    ],
    ['a process that does without Redis', (told) => told.add('b', 'degraded', [-900, 60], {}, 'b')],
    [
      'an invalidation that is replayed',
      (told) => {
        told.add('c', 'invalidate', [-900, -800], { pending: true })
        told.add('c', 'replay', [60, 60], {}, 'c')
      },
    ],
  ])('accepts a second load after %s', (_, excuse) => {
    const checks = story((told) => {
      twoLoads(told)
      excuse(told)
    })

    expect(checks).toEqual([])
  })

  it.each<[string, (told: Story) => void]>([
    ['an invalidation that was over', (told) => told.add('c', 'invalidate', [-300, -200])],
    ['a rejected invalidation of long ago', (told) => told.add('c', 'invalidate', [-900, -800], { failed: true })],
    ['an invalidation of another key', (told) => told.add('c', 'invalidate', [20, 30], {}, 'other')],
    ['an invalidation that came later', (told) => told.add('c', 'invalidate', [60, 70])],
    ['a fault of a third process', (told) => told.add('main', 'fault', [20, 30], {}, 'c')],
    ['a fault that came later', (told) => told.add('main', 'fault', [60, 70], {}, '*')],
    ['a write behind a barrier that was over', (told) => told.add('c', 'mutate', [-300, -200])],
    [
      'a barrier whose writer died long ago',
      (told) => {
        told.add('c', 'mutate', [-3_000])
        told.line('main', { at: -2_900, died: 'c' })
      },
    ],
    [
      'an invalidation that was replayed',
      (told) => {
        told.add('c', 'invalidate', [-2_000, -1_900], { pending: true })
        told.add('c', 'replay', [-900, -900], {}, 'c')
      },
    ],
    [
      'an invalidation that was pending when its process died',
      (told) => {
        told.add('c', 'invalidate', [-2_000, -1_900], { pending: true })
        told.line('main', { at: -1_000, died: 'c' })
      },
    ],
  ])('finds a second load after %s', (_, noExcuse) => {
    const checks = story((told) => {
      twoLoads(told)
      noExcuse(told)
    })

    expect(checks).toEqual(['two loads'])
  })

  it('accepts a load after the holder was killed, and after one has waited for as long as a lease can live', () => {
    const killed = story((told) => {
      const read = told.add('a', 'read', [0])
      told.add('a', 'load', [1], { of: read })
      told.line('main', { at: 20, died: 'a' })
      told.miss('b', [30, 60], 0)
    })
    const waitedOut = story((told) => {
      const read = told.add('a', 'read', [0, 4_600])
      told.add('a', 'load', [1, 4_500], { of: read })
      const other = told.add('b', 'read', [10, 4_600])
      told.add('b', 'load', [4_100, 4_500], { of: other })
    })

    expect([killed, waitedOut]).toEqual([[], []])
  })

  it('finds a caller that loads twice', () => {
    const checks = story((told) => {
      const read = told.add('a', 'read', [0, 100])
      told.add('a', 'load', [1, 20], { of: read })
      told.add('a', 'load', [30, 40], { of: read })
    })

    expect(checks).toEqual(['loads twice for one read'])
  })
})
