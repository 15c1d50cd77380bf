import { describe, expect, it } from 'vitest'
import type { Action, Outcome } from '../../src/history/log.ts'
import { type Story, story } from './story.ts'

describe('freshness', () => {
  it('accepts an old version in a read that began before the invalidation returned', () => {
    const checks = story((told) => {
      const load = told.miss('a', [0, 10], 0)
      told.add('b', 'commit', [20, 21], { version: 1 })
      told.add('b', 'invalidate', [22, 30])
      told.add('a', 'read', [29, 40], { version: 0, load })
    })

    expect(checks).toEqual([])
  })

  it('finds an old version in a read that began after the invalidation returned, in whichever process', () => {
    const checks = story((told) => {
      const load = told.miss('a', [0, 10], 0)
      told.add('b', 'commit', [20, 21], { version: 1 })
      told.add('b', 'invalidate', [22, 30])
      told.add('c', 'read', [31, 40], { version: 0, load })
    })

    expect(checks).toEqual(['stale version'])
  })

  it('finds what was loaded before the invalidation began, though the version is right', () => {
    const checks = story((told) => {
      told.add('b', 'commit', [0, 1], { version: 1 })
      const load = told.miss('a', [10, 20], 1)
      told.add('b', 'invalidate', [12, 15])
      told.add('a', 'read', [30, 31], { version: 1, load })
    })

    expect(checks).toEqual(['stale load'])
  })

  it('expects nothing of an invalidation that was rejected, or cut short', () => {
    const checks = story((told) => {
      const load = told.miss('a', [0, 10], 0)
      told.add('b', 'commit', [20, 21], { version: 1 })
      told.add('b', 'invalidate', [22, 30], { failed: true })
      told.add('c', 'invalidate', [22])
      told.line('main', { at: 24, died: 'c' })
      told.add('a', 'read', [2_000, 2_001], { version: 0, load })
    })

    expect(checks).toEqual([])
  })

  it('expects a commit that nobody invalidated from the next invalidation on, whoever makes it', () => {
    const checks = story((told) => {
      const load = told.miss('a', [0, 10], 0)
      told.add('b', 'commit', [20, 21], { version: 1 })
      told.line('main', { at: 22, died: 'b' })
      told.add('a', 'read', [23, 24], { version: 0, load })
      told.add('c', 'invalidate', [30, 31])
      told.add('a', 'read', [40, 41], { version: 0, load })
    })

    expect(checks).toEqual(['stale version'])
  })

  it('keeps to what an earlier invalidation promised when a later one promises less', () => {
    const checks = story((told) => {
      const load = told.miss('a', [0, 10], 1)
      told.add('b', 'invalidate', [15, 50])
      told.add('b', 'commit', [18, 20], { version: 2 })
      told.add('c', 'invalidate', [22, 30])
      told.add('a', 'read', [60, 61], { version: 1, load })
      told.add('b', 'commit', [0, 1], { version: 1 })
    })

    expect(checks).toEqual(['stale version'])
  })

  it('takes what was set for what it is, and an acknowledged set for an invalidation', () => {
    const withRead = (late: boolean) => (told: Story) => {
      const load = told.miss('a', [0, 10], 0)
      told.add('b', 'commit', [20, 21], { version: 1 })
      const set = told.add('b', 'set', [22, 30], { version: 1 })
      told.add('a', 'read', [31, 32], late ? { version: 0, load } : { version: 1, load: set })
    }

    expect([story(withRead(false)), story(withRead(true))]).toEqual([[], ['stale version']])
  })

  it('expects nothing of a set that was rejected, and finds its value when it comes after a newer one', () => {
    const checks = story((told) => {
      told.add('b', 'commit', [0, 1], { version: 1 })
      const set = told.add('b', 'set', [2, 500], { failed: true })
      told.add('a', 'read', [501, 502], { version: 1, load: set })
      told.add('c', 'commit', [600, 601], { version: 2 })
      told.add('c', 'invalidate', [602, 603])
      told.add('a', 'read', [610, 611], { version: 1, load: set })
    })

    expect(checks).toEqual(['stale version'])
  })

  it('finds a version that was committed later, or never', () => {
    const checks = story((told) => {
      told.miss('a', [0, 10], 1)
      told.add('b', 'commit', [20, 21], { version: 1 })
      told.miss('a', [30, 40], 7)
    })

    expect(checks).toEqual(['version never committed', 'version never committed'])
  })

  it('accepts a version that a killed writer may have committed', () => {
    const checks = story((told) => {
      told.add('b', 'commit', [0])
      told.line('main', { at: 2, died: 'b' })
      told.miss('a', [10, 20], 1)
    })

    expect(checks).toEqual([])
  })

  it('finds a value that nobody loaded', () => {
    expect(story((told) => told.add('a', 'read', [0, 1], { version: 0, load: 'x:1' }))).toEqual(['load never run'])
  })

  it('finds a read after quiet that differs from the database', () => {
    const checks = story((told) => {
      const load = told.miss('a', [0, 10], 0)
      told.add('b', 'commit', [20, 21], { version: 1 })
      told.line('main', { at: 30, settled: 'k', version: 1 })
      told.add('a', 'read', [31, 32], { version: 0, load })
    })

    expect(checks).toEqual(['diverged'])
  })

  it('finds a read that fails without a reason', () => {
    const failed = { failed: true, unexpected: 'TypeError: no such thing' }

    expect(story((told) => told.add('a', 'read', [0, 1], failed))).toEqual(['breaks'])
    expect(story((told) => told.add('a', 'read', [0, 1], { failed: true }))).toEqual([])
  })

  it.each<[string, readonly [number, number?]]>([
    ['that ended', [20, 21]],
    ['that was cut short', [20]],
  ])('accepts a commit %s, and settled although nobody was told of it', (_, span) => {
    const checks = story((told) => {
      const load = told.miss('a', [0, 10], 0)
      told.add('b', 'commit', span, { version: 1 })
      told.line('main', { at: 22, died: 'b' })
      told.line('main', { at: 30, settled: 'k', version: 1 })
      told.add('a', 'read', [31, 32], { version: 0, load })
    })

    expect(checks).toEqual([])
  })
})

describe('freshness of what is written behind a barrier', () => {
  const written = (told: Story, outcome: Outcome, version?: number): string => {
    const mutate = told.add('b', 'mutate', [20, 40], outcome)
    told.add('main', 'fault', [22, 23], { empties: true }, '*') // So that nothing is expected before the answer.
    told.add('b', 'commit', [25, 26], { of: mutate, version: 1 })
    return told.add('b', 'lower', [30, 40], { ...outcome, of: mutate, ...(version === undefined ? {} : { version }) })
  }

  it('expects it once its call was answered, and not if that was a rejection', () => {
    const withRead = (outcome: Outcome) => (told: Story) => {
      const load = told.miss('a', [0, 10], 0)
      written(told, outcome)
      told.add('a', 'read', [41, 45], { version: 0, load })
    }

    expect(story(withRead({}))).toEqual(['stale version'])
    expect(story(withRead({ failed: true }))).toEqual([])
  })

  it('finds what was loaded during the write, after it', () => {
    const checks = story((told) => {
      written(told, {})
      const load = told.miss('a', [26, 29], 1)
      told.add('a', 'read', [41, 45], { version: 1, load })
    })

    expect(checks).toEqual(['stale load'])
  })

  it('takes what was written through for what it is, and expects no more than that', () => {
    const checks = story((told) => {
      const lower = written(told, {}, 1)
      told.add('c', 'commit', [27, 28], { version: 2 })
      told.add('a', 'read', [41, 45], { version: 1, load: lower })
    })

    expect(checks).toEqual([])
  })

  it('finds a write that fails without a reason', () => {
    const checks = story((told) => told.add('b', 'mutate', [0, 1], { failed: true, unexpected: 'TypeError: what' }))

    expect(checks).toEqual(['breaks'])
  })
})

describe('freshness of what was expired, and of what is refreshed', () => {
  /** A value of version 0, and a commit that is followed by an expiry, or by what else voids. */
  const expired = (told: Story, action: Action = 'expire'): string => {
    const load = told.miss('a', [0, 10], 0)
    told.add('b', 'commit', [20, 21], { version: 1 })
    told.add('b', action, [22, 30])
    return load
  }

  it.each(['revalidating', undefined] as const)('finds what was expired, served as %s', (stale) => {
    const checks = story((told) => {
      const load = expired(told)
      told.add('c', 'read', [31, 40], { version: 0, load, ...(stale && { stale }) })
    })

    expect(checks).toEqual(['stale version'])
  })

  it.each(['load-failed', 'slow-load'] as const)(
    'accepts what was expired, served as %s; not what was voided',
    (stale) => {
      const served = (action: Action) => (told: Story) => {
        const load = expired(told, action)
        told.add('c', 'read', [31, 40], { version: 0, load, stale })
      }

      expect([story(served('expire')), story(served('invalidate'))]).toEqual([[], ['stale version']])
    },
  )

  const renewed = (told: Story, at: [number, number], version: number): void => {
    const load = told.miss('a', [0, 10], 0)
    told.add('b', 'expire', [22, 30])
    const refresh = told.add('c', 'read', [at[0] - 1, at[1] + 1], { version: 0, load })
    told.add('c', 'load', at, { version, renews: load, of: refresh })
    told.add('c', 'read', [60, 61], { version: 0, load })
  }

  it('takes a renewal for as good as a load', () => {
    expect(story((told) => renewed(told, [40, 50], 0))).toEqual([])
  })

  it('finds a value whose renewal began before it was expired, ended later than it was read, or was of another version', () => {
    expect(story((told) => renewed(told, [15, 50], 0))).toEqual(['stale load'])
    expect(story((told) => renewed(told, [40, 70], 0))).toEqual(['stale load'])
    const another = story((told) => {
      renewed(told, [40, 50], 1)
      told.add('b', 'commit', [34, 35], { version: 1 })
    })
    expect(another).toEqual(['stale load', 'stale load'])
  })
})
