import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../src/history/log.ts'
import { type Story, story } from './story.ts'

/** An old value, a commit, and an invalidation that is pending. */
function pends(told: Story): string {
  const load = told.miss('a', [0, 10], 0)
  told.add('b', 'commit', [20, 21], { version: 1 })
  told.add('b', 'invalidate', [22, 30], { pending: true })
  return load
}

describe('what is pending', () => {
  it('is expected of its own process at once, and not of others', () => {
    const readBy = (process: string) => (told: Story) => {
      const load = pends(told)
      told.add(process, 'read', [31, 32], { version: 0, load })
    }

    expect([story(readBy('b')), story(readBy('c'))]).toEqual([['stale version'], []])
  })

  it('is expected of everybody once it was replayed', () => {
    const checks = story((told) => {
      const load = pends(told)
      told.add('b', 'replay', [40, 40], {}, 'b')
      told.add('c', 'read', [41, 42], { version: 0, load })
    })

    expect(checks).toEqual(['stale version'])
  })

  it('is not expected by a replay of another process, nor by one that came before it', () => {
    const checks = story((told) => {
      told.add('b', 'replay', [25, 25], {}, 'b')
      const load = pends(told)
      told.add('d', 'replay', [40, 40], {}, 'd')
      told.add('c', 'read', [41, 42], { version: 0, load })
    })

    expect(checks).toEqual([])
  })

  it.each<[string, Outcome, string[]]>([
    ['is expected of everybody once its cache was closed without a loss', { lost: 0 }, ['stale version']],
    ['is not expected of others when its cache was closed with a loss', { lost: 1 }, []],
  ])('%s', (_, outcome, expected) => {
    const checks = story((told) => {
      const load = pends(told)
      told.add('b', 'close', [35, 40], outcome, 'b')
      told.line('main', { at: 45, died: 'b' })
      told.add('c', 'read', [50, 51], { version: 0, load })
    })

    expect(checks).toEqual(expected)
  })

  it('is found when it is still pending once everything is quiet, unless its process has died', () => {
    const settles = (dies: boolean) => (told: Story) => {
      pends(told)
      if (dies) told.line('main', { at: 35, died: 'b' })
      told.line('main', { at: 40, settled: 'k', version: 1 })
    }

    expect([story(settles(false)), story(settles(true))]).toEqual([['never replayed'], []])
  })

  it('is not found when it was replayed in time', () => {
    const checks = story((told) => {
      pends(told)
      told.add('b', 'replay', [35, 35], {}, 'b')
      told.line('main', { at: 40, settled: 'k', version: 1 })
    })

    expect(checks).toEqual([])
  })
})
