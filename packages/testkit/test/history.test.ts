import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkHistory } from '../src/history/check.ts'
import { parseHistory, readHistory } from '../src/history/history.ts'
import { type Action, HistoryLog, type Line, type Outcome } from '../src/history/log.ts'

const bounds = { read: 5_000, idle: 1_000, waitOut: 4_000, echo: 500 }

/** A history by hand: processes, and what each did from when until when. */
class Story {
  readonly #logs = new Map<string, Line[]>()
  #ids = 0

  /** `to` left out: it has no end. Returns the name of the step, as values carry it. */
  add(
    process: string,
    action: Action,
    [at, to]: readonly [number, number?],
    outcome: Outcome & { readonly of?: string } = {},
    key = 'k',
  ): string {
    const { of, ...ending } = outcome
    const id = ++this.#ids
    const lines = this.#logs.get(process) ?? []
    const parent = of === undefined ? {} : { of: Number(of.split(':')[1]) }
    lines.push({ at, begin: action, id, key, ...parent })
    if (to !== undefined) lines.push({ at: to, end: id, ...ending })
    this.#logs.set(process, lines)
    return `${process}:${id}`
  }

  /** A read that loads: the load takes the middle of it. */
  miss(process: string, [at, to]: readonly [number, number], version: number): string {
    const read = this.add(process, 'read', [at, to], { version, load: `${process}:${this.#ids + 2}` })
    return this.add(process, 'load', [at + 1, to - 1], { version, of: read })
  }

  line(process: string, line: Line): void {
    this.#logs.set(process, [...(this.#logs.get(process) ?? []), line])
  }

  checks(): string[] {
    const logs = [...this.#logs].map(([process, lines]) => {
      return [process, lines.map((line) => `${JSON.stringify(line)}\n`).join('')] as const
    })
    return checkHistory(parseHistory(new Map(logs)), bounds).violations.map(({ check }) => check)
  }
}

const story = (tell: (story: Story) => void): string[] => {
  const told = new Story()
  tell(told)
  return told.checks()
}

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
})

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

  it('finds a lease that is left behind', () => {
    expect(story((told) => told.line('main', { at: 1, residue: 'k' }))).toEqual(['lease left behind'])
  })
})

describe('the log', () => {
  it('comes back as it was written, without the line that a killed process did not end', () => {
    const folder = mkdtempSync(join(tmpdir(), 'history-'))
    const log = new HistoryLog(join(folder, 'a.log'))
    const read = log.begin('read', 'k')
    log.end(read, { version: 3, load: 'a:9' })
    log.begin('commit', 'k')

    const { steps } = readHistory(folder)
    rmSync(folder, { recursive: true })

    expect(steps).toMatchObject([
      { process: 'a', id: 1, action: 'read', key: 'k', version: 3, load: 'a:9' },
      { process: 'a', id: 2, action: 'commit', key: 'k' },
    ])
    expect(Number(steps[0]?.ended)).toBeGreaterThan(Number(steps[0]?.began))
    expect(steps[1]).not.toHaveProperty('ended')
    const whole = '{"at":1,"begin":"read","id":1,"key":"k"}\n'
    expect(parseHistory(new Map([['a', `${whole}{"at":2,"en`]])).steps).toHaveLength(1)
    expect(() => parseHistory(new Map([['a', `{"at":2,"en\n${whole}`]]))).toThrow(SyntaxError)
  })

  it('can be read up to a moment, while others write', () => {
    const lines = [
      { at: 1, begin: 'read', id: 1, key: 'k' },
      { at: 9, end: 1, version: 0 },
    ]
    const log = lines.map((line) => `${JSON.stringify(line)}\n`).join('')

    const { steps, until } = parseHistory(new Map([['a', log]]), 5)

    expect(until).toBe(5)
    expect(steps).toEqual([{ process: 'a', action: 'read', began: 1, id: 1, key: 'k' }])
  })
})
