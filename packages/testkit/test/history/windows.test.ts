import { describe, expect, it } from 'vitest'
import { checkHistory } from '../../src/history/check.ts'
import type { Outcome } from '../../src/history/log.ts'
import { Story, story } from './story.ts'

type Span = readonly [number, number]
type Item = readonly [number, string]

const items = (shown: readonly Item[]) => ({ items: shown.map(([version, load]) => ({ version, load })) })

const shows = (told: Story, at: Span, ...shown: readonly Item[]) => told.add('a', 'read', at, items(shown))

/** A read that loads the log so far. */
function loads(told: Story, [at, to]: Span, ...versions: readonly number[]): string {
  const load = told.add('a', 'load', [at + 1, to - 1], { version: versions.at(-1) ?? 0, of: 'a:2' })
  told.add('a', 'read', [at, to], items(versions.map((version) => [version, load])))
  return load
}

const commits = (told: Story, at: number, ...versions: readonly number[]) =>
  versions.map((version) => told.add('w', 'commit', [at, at + 1], { version }))

/** A commit of an item, and its append. */
function appends(
  told: Story,
  at: number,
  version: number,
  outcome: Outcome = { inPlace: true },
  process = 'b',
): string {
  told.add(process, 'commit', [at, at + 1], { version })
  return told.add(process, 'lower', [at + 2, at + 10], { version, ...outcome })
}

describe('windows', () => {
  it('accepts what was loaded, with what was appended since, up to the limit', () => {
    const checks = story((told) => {
      commits(told, 0, 1, 2)
      const load = loads(told, [2, 10], 1, 2)
      const third = appends(told, 20, 3)
      shows(told, [31, 32], [1, load], [2, load], [3, third])
      const fourth = appends(told, 40, 4)
      shows(told, [51, 52], [2, load], [3, third], [4, fourth])
    })

    expect(checks).toEqual([])
  })

  it('finds an item that was appended and is lost, at the end, in the middle, and at the beginning', () => {
    const withShown = (...shown: readonly number[]) => {
      return story((told) => {
        commits(told, 0, 1, 2)
        const load = loads(told, [2, 10], 1, 2)
        const third = appends(told, 20, 3)
        const origins = ['', load, load, third]
        shows(told, [31, 32], ...shown.map((version): Item => [version, String(origins[version])]))
      })
    }

    expect(withShown(1, 2)).toEqual(['stale version'])
    expect(withShown(1, 3)).toEqual(['broken window'])
    expect(withShown(2, 3)).toEqual(['broken window'])
    expect(withShown()).toEqual(['stale version'])
    expect(withShown(1, 2, 3)).toEqual([])
  })

  it('finds an item that is shown twice, out of order, or beyond the limit', () => {
    const withShown = (...shown: readonly number[]) => {
      return story((told) => {
        commits(told, 0, 1, 2, 3, 4)
        const load = told.add('a', 'load', [2, 9], { version: 4 })
        shows(told, [1, 32], ...shown.map((version): Item => [version, load]))
      })
    }

    expect(withShown(2, 3, 3)).toEqual(['broken window'])
    expect(withShown(2, 4, 3)).toEqual(['broken window'])
    expect(withShown(1, 2, 3, 4)).toEqual(['broken window'])
    expect(withShown(2, 3, 4)).toEqual([])
  })

  it('goes by the weight of items: the newest stays, and of the others as many as fit', () => {
    const heavy = (version: number) => (version === 4 ? 5 : version)
    const withShown = (...shown: readonly number[]) => {
      const told = new Story()
      commits(told, 0, 1, 2, 3)
      if (shown.includes(4)) commits(told, 0, 4)
      const load = told.add('a', 'load', [2, 9], { version: 4 })
      told.add('b', 'invalidate', [1.5, 1.8])
      shows(told, [3, 32], ...shown.map((version): Item => [version, load]))
      const bounds = { read: 5_000, idle: 1_000, waitOut: 4_000, echo: 500, degraded: 700 }
      const { violations } = checkHistory(told.history, { ...bounds, window: { limit: 5, weigh: heavy } })
      return violations.map(({ check }) => check)
    }

    expect(withShown(2, 3)).toEqual([])
    expect(withShown(1, 2, 3)).toEqual(['broken window'])
    expect(withShown(3)).toEqual(['broken window', 'stale version'])
    expect(withShown(4)).toEqual([])
    expect(withShown(3, 4)).toEqual(['broken window'])
  })

  it.each<[string, (told: Story) => void, string[]]>([
    ['finds an item behind one whose writer has not come to append it', () => {}, ['broken window']],
    [
      'accepts it when what kept others away may be lost',
      (told) => told.add('main', 'fault', [19, 20], { empties: true }, '*'),
      [],
    ],
  ])('%s', (_, disturb, found) => {
    const checks = story((told) => {
      loads(told, [2, 10])
      const mutate = told.add('c', 'mutate', [18], { marks: true })
      told.add('c', 'commit', [20, 21], { of: mutate, version: 1 })
      disturb(told)
      const second = appends(told, 24, 2)
      shows(told, [40, 41], [2, second])
    })

    expect(checks).toEqual(found)
  })

  it('accepts, and counts, a hole of a commit that is no append', () => {
    const told = new Story()
    const load = loads(told, [2, 10])
    told.add('c', 'commit', [20, 21], { version: 1 })
    told.add('c', 'invalidate', [22])
    const second = appends(told, 24, 2)
    shows(told, [40, 41], [2, second])

    expect(load).toBeDefined()
    expect(told.verdict()).toMatchObject({ violations: [], holes: 1, amended: 1 })
  })

  it('expects every item that was committed before an invalidation, whoever has committed it', () => {
    const checks = story((told) => {
      loads(told, [2, 10])
      told.add('c', 'commit', [20, 21], { version: 1 })
      const second = appends(told, 24, 2)
      told.add('b', 'invalidate', [40, 45])
      shows(told, [50, 51], [2, second])
    })

    expect(checks).toEqual(['stale load', 'stale version'])
  })

  it('expects what is loaded anew of an append that has voided the window', () => {
    const checks = story((told) => {
      commits(told, 0, 1)
      const load = loads(told, [2, 10], 1)
      appends(told, 20, 2, {})
      shows(told, [31, 32], [1, load])
    })

    expect(checks).toEqual(['stale load', 'stale version'])
  })

  it('finds an item that was never committed, or is shown before it was', () => {
    const checks = story((told) => {
      const load = loads(told, [2, 10], 1)
      shows(told, [12, 13], [1, load])
      commits(told, 20, 1)
    })

    expect(checks).toEqual(['version never committed', 'version never committed'])
  })

  it('finds an item that is missing after quiet', () => {
    const checks = story((told) => {
      const load = loads(told, [2, 10])
      told.add('b', 'commit', [20, 21], { version: 1 })
      told.line('main', { at: 30, settled: 'k', version: 1 })
      shows(told, [31, 32])
      expect(load).toBeDefined()
    })

    expect(checks).toEqual(['diverged'])
  })

  it('expects an append that is pending of its own process, and of others once it was replayed', () => {
    const withRead = (process: string, at: number) => (told: Story) => {
      loads(told, [2, 10])
      appends(told, 20, 1, { pending: true })
      told.add('b', 'replay', [40, 41], {}, 'b')
      told.add(process, 'read', [at, at + 1], items([]))
    }

    expect(story(withRead('c', 31))).toEqual([])
    expect(story(withRead('b', 31))).toEqual(['stale version'])
    expect(story(withRead('c', 42))).toEqual(['stale version'])
  })
})
