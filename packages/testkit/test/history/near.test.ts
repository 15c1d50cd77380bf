import { describe, expect, it } from 'vitest'
import type { Action, Beginning, Outcome } from '../../src/history/log.ts'
import { nearReadsUnderFaults } from '../../src/history/near.ts'
import { Story, story } from './story.ts'

/** An old value, and a commit whose invalidation by `b` has returned at 30. */
function voided(told: Story, more: Outcome & Omit<Beginning, 'of'> = {}, action: Action = 'invalidate'): string {
  const load = told.miss('a', [0, 10], 0, { carries: ['t'] })
  told.add('b', 'commit', [20, 21], { version: 1 })
  told.add('b', action, [22, 30], more, more.tags || action === 'clear' ? '*' : 'k')
  return load
}

/** What is found when a process is shown the old value, out of its near cache, in a read that begins at a moment. */
const shown = (process: string, at: number, tell: (told: Story) => string = voided): string[] =>
  story((told) => {
    const load = tell(told)
    told.add(process, 'read', [at, at + 1], { version: 0, load, near: at })
  })

describe('a near cache', () => {
  it('may show what another process has voided until its lag is over, and no longer', () => {
    expect(shown('c', 229)).toEqual([])
    expect(shown('c', 231)).toEqual(['stale in a near cache'])
  })

  it.each<[string, Action, Beginning]>([
    ['an expiry', 'expire', {}],
    ['a clear', 'clear', {}],
    ['an invalidation of a tag', 'invalidate', { tags: ['t'] }],
    ['an expiry of a tag', 'expire', { tags: ['t'] }],
  ])('may lag as much behind %s', (_, action, { tags }) => {
    const tell = (told: Story) => voided(told, { tags }, action)

    expect([shown('c', 229, tell), shown('c', 231, tell)]).toEqual([[], ['stale in a near cache']])
  })

  it('may not show what its own process has voided', () => {
    expect(shown('b', 29)).toEqual([])
    expect(shown('b', 31)).toEqual(['stale in a near cache'])
  })

  it('may not show what was voided everywhere', () => {
    const tell = (told: Story) => voided(told, { everywhere: true })

    expect([shown('c', 29, tell), shown('c', 31, tell)]).toEqual([[], ['stale in a near cache']])
  })

  it('lags behind what was voided everywhere if that was rejected or is pending', () => {
    const rejected = (told: Story) => voided(told, { everywhere: true, failed: true })
    const pending = (told: Story) => {
      const load = voided(told, { everywhere: true, pending: true })
      told.add('b', 'replay', [500, 500], {}, 'b')
      return load
    }

    expect(shown('c', 9_000, rejected)).toEqual([])
    expect([shown('c', 699, pending), shown('c', 701, pending)]).toEqual([[], ['stale in a near cache']])
    expect(shown('b', 31, pending)).toEqual(['stale in a near cache'])
  })

  it('may show what was loaded before an invalidation, though the version is right, only as long', () => {
    const tell = (told: Story): string => {
      const load = told.miss('a', [0, 10], 0)
      told.add('b', 'invalidate', [12, 15])
      return load
    }

    expect([shown('c', 214, tell), shown('c', 216, tell)]).toEqual([[], ['stale in a near cache']])
  })

  it('lags behind each of several invalidations, and not behind the last of them alone', () => {
    const tell = (told: Story): string => {
      const load = voided(told)
      told.add('b', 'invalidate', [290, 300])
      return load
    }

    expect(shown('c', 310, tell)).toEqual(['stale in a near cache'])
  })

  it('answers no read that is to pass it by', () => {
    const checks = story((told) => {
      const load = told.miss('a', [0, 10], 0)
      told.add('a', 'read', [20, 21], { passesBy: true, version: 0, load, near: 20 })
      told.add('a', 'read', [22, 23], { passesBy: true, version: 0, load })
    })

    expect(checks).toEqual(['near cache not passed by'])
  })
})

describe('a read that the near cache has not answered', () => {
  it('may show nothing that was voided before it began', () => {
    const checks = story((told) => {
      const load = voided(told)
      told.add('c', 'read', [31, 40], { version: 0, load })
      told.add('c', 'read', [31, 40], { passesBy: true, version: 0, load })
    })

    expect(checks).toEqual(['stale version', 'stale version'])
  })
})

describe('a process that stood still', () => {
  it('between the beginning of a read and its call, is asked for what it owes at the call', () => {
    const checks = story((told) => {
      const load = voided(told)
      told.add('c', 'read', [100, 900], { version: 0, load, near: 899 })
    })

    expect(checks).toEqual(['stale in a near cache'])
  })

  it('between its call and the end of a read, owes no more than at the call', () => {
    const checks = story((told) => {
      const load = voided(told)
      told.add('c', 'read', [100, 900], { version: 0, load, near: 101 })
    })

    expect(checks).toEqual([])
  })

  it('after its invalidation, owes it to others from when it says so', () => {
    const stoodStill = (told: Story): string => {
      const load = told.miss('a', [0, 10], 0)
      told.add('b', 'invalidate', [22, 1_000])
      return load
    }

    expect([shown('c', 1_199, stoodStill), shown('c', 1_201, stoodStill)]).toEqual([[], ['stale in a near cache']])
  })
})

describe('a near cache and a write behind a barrier', () => {
  /** The barrier is up before the commit begins, at 20. */
  const written = (told: Story): string => {
    const load = told.miss('a', [0, 10], 0)
    const mutate = told.add('b', 'mutate', [15])
    told.add('b', 'commit', [20, 40], { of: mutate, version: 1 })
    return load
  }

  it('may show what stood before the barrier until its lag is over', () => {
    expect([shown('c', 219, written), shown('c', 221, written)]).toEqual([[], ['stale past a barrier']])
  })

  it('may not in the process that writes, once that has committed', () => {
    expect([shown('b', 39, written), shown('b', 41, written)]).toEqual([[], ['stale past a barrier']])
  })

  it('may not after a commit that has taken longer than its lag', () => {
    const slow = (told: Story): string => {
      const load = told.miss('a', [0, 10], 0)
      const mutate = told.add('b', 'mutate', [15])
      told.add('b', 'commit', [20, 400], { of: mutate, version: 1 })
      return load
    }

    expect([shown('c', 399, slow), shown('c', 401, slow)]).toEqual([[], ['stale past a barrier']])
  })
})

describe('the figures of a near cache', () => {
  it('count its answers, those that were behind the store, and how far', () => {
    const told = new Story()
    const load = voided(told)
    told.add('c', 'read', [25, 26], { version: 0, load, near: 25 })
    told.add('c', 'read', [60, 61], { version: 0, load, near: 60 })
    told.add('c', 'read', [150, 151], { version: 0, load, near: 150 })
    const next = told.miss('a', [160, 170], 1)
    told.add('c', 'read', [180, 181], { version: 1, load: next, near: 180 })
    told.add('c', 'read', [190, 191], { version: 1, load: next })

    expect(told.verdict()).toMatchObject({ reads: 7, near: 4, behind: 2, furthest: 120, violations: [] })
  })

  it('count its answers under each fault, and for a moment after it', () => {
    const told = new Story()
    const load = told.miss('a', [0, 10], 0)
    told.add('main', 'deaf', [20, 40], { reason: 'tracking-cut' }, 'a')
    told.add('main', 'deaf', [90, 95], { reason: 'tracking-cut' }, 'b')
    told.add('main', 'fault', [100, 100], { reason: 'flushall' }, '*')
    for (const at of [19, 30, 49, 51, 100]) told.add('a', 'read', [at, at + 1], { version: 0, load, near: at })
    told.add('b', 'read', [104, 105], { version: 0, load, near: 104 })
    told.add('b', 'read', [106, 107], { version: 0, load })

    expect(nearReadsUnderFaults(told.history, 10)).toEqual({ 'tracking-cut': 3, flushall: 2 })
  })
})

describe('what a near cache is told late', () => {
  it('excuses nothing', () => {
    const deaf = { reason: 'tracking-late' }

    const checks = story((told) => {
      const first = told.add('a', 'read', [0, 100], { version: 0, load: 'a:2' })
      told.add('a', 'load', [1, 99], { of: first, version: 0 })
      told.add('main', 'deaf', [2, 50], deaf, 'b')
      const second = told.add('b', 'read', [10, 60], { version: 0, load: 'b:5' })
      told.add('b', 'load', [20, 59], { of: second, version: 0 })
    })

    expect(checks).toEqual(['two loads'])
  })
})
