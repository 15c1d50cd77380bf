import { describe, expect, it } from 'vitest'
import type { Action, Outcome } from '../../src/history/log.ts'
import { type Story, story } from './story.ts'

/** An old value with tags, and a commit of a new version. */
function commits(told: Story, carries: readonly string[]): string {
  const load = told.miss('a', [0, 10], 0, { carries })
  told.add('b', 'commit', [20, 21], { version: 1 })
  return load
}

const readOld = (told: Story, load: string, more: Outcome = {}, at = 31) =>
  told.add('c', 'read', [at, at + 1], { version: 0, load, ...more })

describe('tags', () => {
  it.each<[string, Action, readonly string[] | undefined]>([
    ['its tag was invalidated', 'invalidate', ['t']],
    ['one of its tags was invalidated, among others', 'invalidate', ['x', 't']],
    ['its tag was expired', 'expire', ['t']],
    ['everything was cleared', 'clear', undefined],
  ])('finds an old version after %s', (_, action, tags) => {
    const checks = story((told) => {
      const load = commits(told, ['s', 't'])
      told.add('b', action, [22, 30], tags && { tags }, '*')
      readOld(told, load)
    })

    expect(checks).toEqual(['stale version'])
  })

  it('accepts an old version whose tags are others, or in a read that began before the tag was invalidated', () => {
    const others = story((told) => {
      const load = commits(told, ['s'])
      told.miss('d', [11, 19], 0, { carries: ['t'] })
      told.add('b', 'invalidate', [22, 30], { tags: ['t'] }, '*')
      readOld(told, load)
    })
    const before = story((told) => {
      const load = commits(told, ['t'])
      told.add('b', 'invalidate', [22, 30], { tags: ['t'] }, '*')
      readOld(told, load, {}, 29)
    })

    expect([others, before]).toEqual([[], []])
  })

  it('finds what was loaded before the tag was invalidated, though the version is right', () => {
    const checks = story((told) => {
      told.add('b', 'commit', [0, 1], { version: 1 })
      const load = told.miss('a', [10, 20], 1, { carries: ['t'] })
      told.add('b', 'invalidate', [12, 15], { tags: ['t'] }, '*')
      told.add('c', 'read', [30, 31], { version: 1, load })
    })

    expect(checks).toEqual(['stale load'])
  })

  it('finds an old version by the tag that its reader declares', () => {
    const read = (tags: readonly string[]) => (told: Story) => {
      const load = commits(told, [])
      told.add('b', 'invalidate', [22, 30], { tags: ['t'] }, '*')
      told.add('c', 'read', [31, 32], { version: 0, load, tags })
    }

    expect([story(read(['t'])), story(read(['s']))]).toEqual([['stale version'], []])
  })

  it('goes by the tags of the version that is read, where they change from one to the next', () => {
    const checks = story((told) => {
      const first = commits(told, ['old'])
      told.add('b', 'invalidate', [22, 30], { tags: ['old', 'new'] }, '*')
      const second = told.miss('a', [40, 50], 1, { carries: ['new'] })
      told.add('b', 'commit', [60, 61], { version: 2 })
      told.add('b', 'invalidate', [62, 70], { tags: ['old'] }, '*')
      told.add('c', 'read', [80, 81], { version: 1, load: second })
      told.add('c', 'read', [82, 83], { version: 0, load: first })
    })

    expect(checks).toEqual(['stale version'])
  })

  it('finds what was set with the tag before it was invalidated; not what was being set', () => {
    const withSet = (span: readonly [number, number]) =>
      story((told) => {
        told.add('b', 'commit', [0, 1], { version: 1 })
        const set = told.add('b', 'set', span, { version: 1, carries: ['t'] })
        told.add('c', 'invalidate', [6, 7], { tags: ['t'] }, '*')
        told.add('c', 'read', [10, 11], { version: 1, load: set })
      })

    expect([withSet([2, 5]), withSet([2, 8])]).toEqual([['stale load'], []])
  })

  it('accepts what was expired with its tag, served because its loader failed', () => {
    const served = (action: Action) => (told: Story) => {
      const load = commits(told, ['t'])
      told.add('b', action, [22, 30], { tags: ['t'] }, '*')
      readOld(told, load, { stale: 'load-failed' })
    }

    expect([story(served('expire')), story(served('invalidate'))]).toEqual([[], ['stale version']])
  })

  it.each<[string, Outcome, string[]]>([
    ['expects nothing of others while a tag is pending', { pending: true }, []],
    ['expects nothing of a tag whose invalidation was rejected', { failed: true }, []],
    ['expects it of everybody once it was acknowledged', {}, ['stale version']],
  ])('%s', (_, outcome, expected) => {
    const checks = story((told) => {
      const load = commits(told, ['t'])
      told.add('b', 'invalidate', [22, 30], { tags: ['t'], ...outcome }, '*')
      readOld(told, load)
    })

    expect(checks).toEqual(expected)
  })

  it('expects a pending tag of its own process at once, and of everybody once it was replayed', () => {
    const readBy = (process: string, at: number) => (told: Story) => {
      const load = commits(told, ['t'])
      told.add('b', 'invalidate', [22, 30], { tags: ['t'], pending: true }, '*')
      told.add('b', 'replay', [50, 50], {}, 'b')
      told.add(process, 'read', [at, at + 1], { version: 0, load })
    }

    expect([story(readBy('b', 31)), story(readBy('c', 31)), story(readBy('c', 60))]).toEqual([
      ['stale version'],
      [],
      ['stale version'],
    ])
  })

  it('takes neither a tag nor a clear for what ends a lease', () => {
    const during = (action: Action, tags?: readonly string[], key = '*') =>
      story((told) => {
        told.miss('a', [0, 50], 0, { carries: ['t'] })
        told.add('b', action, [20, 21], tags && { tags }, key)
        told.miss('c', [30, 60], 0, { carries: ['t'] })
      })

    expect([during('invalidate', ['t']), during('clear'), during('invalidate', undefined, 'k')]).toEqual([
      ['two loads'],
      ['two loads'],
      [],
    ])
  })

  it('takes them for what ends the right to refresh a value; not an expiry, which leaves it there', () => {
    const during = (action: Action) =>
      story((told) => {
        told.miss('a', [0, 50], 0, { carries: ['t'], refreshes: true })
        told.add('b', action, [20, 21], action === 'clear' ? {} : { tags: ['t'] }, '*')
        told.miss('c', [30, 60], 0, { carries: ['t'] })
      })

    expect([during('invalidate'), during('clear'), during('expire')]).toEqual([[], [], ['two loads']])
  })

  it('takes a tag that is pending for a reason to load without a lease, until it was replayed', () => {
    const loadAt = (from: number) =>
      story((told) => {
        told.miss('a', [from - 10, from + 10], 0, { carries: ['t'] })
        told.add('b', 'invalidate', [20, 21], { tags: ['t'], pending: true }, '*')
        told.miss('b', [from, from + 20], 0, { carries: ['t'] })
        told.add('b', 'replay', [100, 100], {}, 'b')
      })

    expect([loadAt(50), loadAt(700)]).toEqual([[], ['two loads']])
  })

  it('finds a read after quiet that differs, unless a dead writer said nothing of its tag', () => {
    const settles = (tags: readonly string[]) => (told: Story) => {
      const load = commits(told, ['t'])
      told.line('main', { at: 22, died: 'b' })
      told.add('d', 'commit', [23, 24], { version: 2 })
      told.add('d', 'invalidate', [25, 26], { tags }, '*')
      told.line('main', { at: 40, settled: 'k', version: 2 })
      readOld(told, load, {}, 50)
    }

    expect([story(settles(['t'])), story(settles(['u']))]).toEqual([['stale version', 'diverged'], []])
  })

  it('counts no commit that came to nothing', () => {
    const checks = story((told) => {
      told.add('b', 'commit', [0, 1], { failed: true })
      told.add('b', 'invalidate', [2, 3])
      told.miss('a', [10, 20], 4)
    })

    expect(checks).toEqual(['version never committed'])
  })
})

describe('a barrier of tags', () => {
  /** An old value, and a commit of its key by a writer who has put up a barrier for tags, and dies. */
  const orphan = (carries: readonly string[], at: number) => (told: Story) => {
    const load = told.miss('a', [0, 10], 0, { carries })
    const mutate = told.add('b', 'mutate', [15], { tags: ['t', 'u'] }, '*')
    told.add('b', 'commit', [20, 21], { of: mutate, version: 1 })
    told.line('main', { at: 30, died: 'b' })
    readOld(told, load, {}, at)
  }

  it('is expected of values with such a tag, while it stands and after it', () => {
    expect([story(orphan(['t'], 40)), story(orphan(['u'], 1_700))]).toEqual([
      ['stale past a barrier'],
      ['stale after a dead writer'],
    ])
  })

  it('promises nothing of a value with another tag', () => {
    expect(story(orphan(['s'], 1_700))).toEqual([])
  })

  it('promises nothing where Redis may have lost it before the commit', () => {
    const checks = story((told) => {
      told.add('main', 'fault', [17, 18], { empties: true, reason: 'drop-tags' }, '*')
      orphan(['t'], 1_700)(told)
    })

    expect(checks).toEqual([])
  })

  it('is expected for its tags once its call was answered, and for a key of its own', () => {
    const written = (key: string, carries: readonly string[]) => (told: Story) => {
      const load = told.miss('a', [0, 10], 0, { carries })
      const mutate = told.add('b', 'mutate', [20, 40], { tags: ['t'] }, key)
      told.add('main', 'fault', [22, 23], { empties: true }, '*') // So that nothing is expected before the answer.
      told.add('b', 'commit', [25, 26], { of: mutate, version: 1 })
      told.add('b', 'lower', [30, 40], { of: mutate, tags: ['t'] }, key)
      readOld(told, load, {}, 41)
    }

    expect([story(written('*', ['t'])), story(written('*', ['s'])), story(written('k', ['s']))]).toEqual([
      ['stale version'],
      [],
      ['stale version'],
    ])
  })

  it('lets loads run beside each other while it stands, of keys with its tags', () => {
    const during = (carries: readonly string[]) =>
      story((told) => {
        told.add('b', 'mutate', [5, 55], { tags: ['t'] }, '*')
        told.miss('a', [10, 50], 0, { carries })
        told.miss('c', [20, 40], 0, { carries })
      })

    expect([during(['t']), during(['s'])]).toEqual([[], ['two loads']])
  })
})
