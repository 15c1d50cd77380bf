import { describe, expect, it } from 'vitest'
import { type Story, story } from './story.ts'

/** An old value, and a commit behind a barrier whose writer dies, or is about to go on. */
function commits(told: Story, { at = 20, died }: { readonly at?: number; readonly died?: number }): string {
  const load = told.miss('a', [0, 10], 0)
  const mutate = told.add('b', 'mutate', [15])
  told.add('b', 'commit', [at, at + 1], { of: mutate, version: 1 })
  if (died !== undefined) told.line('main', { at: died, died: 'b' })
  return load
}

describe('behind a barrier', () => {
  it('finds an old version once the writer is dead, and the time of its barrier over', () => {
    const checks = story((told) => {
      const load = commits(told, { died: 30 })
      told.add('c', 'read', [1_700, 1_701], { version: 0, load })
    })

    expect(checks).toEqual(['stale after a dead writer'])
  })

  it('finds an old version after the commit, while the barrier stands', () => {
    const checks = story((told) => {
      const load = commits(told, {})
      told.add('c', 'read', [30, 31], { version: 0, load })
    })

    expect(checks).toEqual(['stale past a barrier'])
  })

  it('accepts an old version before the commit has ended, and a new one after it', () => {
    const checks = story((told) => {
      const load = commits(told, { died: 30 })
      told.add('c', 'read', [20.5, 40], { version: 0, load })
      told.miss('c', [50, 60], 1)
    })

    expect(checks).toEqual([])
  })

  it('expects nothing of a writer who died before the commit, or whose commit stands behind no barrier', () => {
    const checks = story((told) => {
      const load = told.miss('a', [0, 10], 0)
      told.add('b', 'mutate', [15])
      told.add('c', 'commit', [20, 21], { version: 1 })
      told.line('main', { at: 22, died: 'b' })
      told.line('main', { at: 22, died: 'c' })
      told.add('a', 'read', [2_000, 2_001], { version: 0, load })
    })

    expect(checks).toEqual([])
  })

  it.each<[string, (told: Story) => void]>([
    ['Redis may have lost', (told) => told.add('main', 'fault', [17, 18], { empties: true }, '*')],
    ['may have fallen while its writer stood still', (told) => told.add('main', 'fault', [100, 1_900], {}, 'b')],
  ])('expects nothing of a commit whose barrier %s', (_, disturb) => {
    const checks = story((told) => {
      const load = commits(told, { at: 2_000, died: 2_010 })
      disturb(told)
      told.add('c', 'read', [4_000, 4_001], { version: 0, load })
    })

    expect(checks).toEqual([])
  })

  it.each<[string, number, (told: Story) => void]>([
    ['that took long, and was not disturbed', 2_000, () => {}],
    ['of a writer who stood still for less', 1_000, (told) => told.add('main', 'fault', [100, 900], {}, 'b')],
    ['when others stood still', 2_000, (told) => told.add('main', 'fault', [100, 1_900], {}, 'c')],
    ['that Redis lost later', 20, (told) => told.add('main', 'fault', [25, 26], { empties: true }, '*')],
  ])('finds an old version after a commit %s', (_, at, disturb) => {
    const checks = story((told) => {
      const load = commits(told, { at, died: at + 10 })
      disturb(told)
      told.add('c', 'read', [4_000, 4_001], { version: 0, load })
    })

    expect(checks).toEqual(['stale after a dead writer'])
  })

  it.each([
    ['in a fault', 'fault'],
    ['without Redis', 'degraded'],
  ] as const)('expects nothing of a write that may have gone on without a barrier %s, where it may', (_, what) => {
    const disturbed = (told: Story) => {
      const load = commits(told, { died: 30 })
      told.add('main', what, [10, 16], {}, 'b')
      told.add('c', 'read', [1_700, 1_701], { version: 0, load })
    }

    expect([story(disturbed, { optional: true }), story(disturbed)]).toEqual([[], ['stale after a dead writer']])
  })
})

describe('behind a mark', () => {
  /** A record with an old field, and a commit of it whose writer has marked it, and dies. */
  const marked = (read: number, disturb: (told: Story) => void = () => {}, committed = 21) => {
    return story((told) => {
      const loading = told.add('a', 'read', [0, 10], { asks: ['stock'] })
      const load = told.add('a', 'load', [1, 9], { version: 0, of: loading })
      const mutate = told.add('b', 'mutate', [15], { marks: true })
      told.add('b', 'commit', [20, committed], { of: mutate, version: 1, changes: ['stock'] })
      told.line('main', { at: committed + 1, died: 'b' })
      disturb(told)
      told.add('c', 'read', [read, read + 1], { asks: ['stock'], fields: { stock: { version: 0, load } } })
    })
  }

  it('finds an old field once the time of the mark is over, and not before', () => {
    expect(marked(1_700)).toEqual(['stale after a dead writer'])
    expect(marked(1_600)).toEqual([])
  })

  it('expects nothing of a commit whose mark Redis may have lost, or was over', () => {
    expect(marked(1_700, (told) => told.add('main', 'fault', [17, 18], { empties: true }, '*'))).toEqual([])
    expect(marked(3_500, () => {}, 1_500)).toEqual([])
  })
})
