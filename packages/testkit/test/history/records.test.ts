import { describe, expect, it } from 'vitest'
import type { Outcome, Shown } from '../../src/history/log.ts'
import { Story, story } from './story.ts'

type Span = readonly [number, number]

/** A read of the record: each field by its version and what brought it. */
function shows(told: Story, at: Span, fields: Record<string, readonly [number, string]>, more: Outcome = {}) {
  const shown = Object.entries(fields).map(([field, [version, load]]): [string, Shown] => [field, { version, load }])
  told.add('a', 'read', at, { asks: Object.keys(fields), fields: Object.fromEntries(shown), ...more })
}

/** A read that loads both fields. */
function loads(told: Story, [at, to]: Span, [name, stock]: readonly [number, number], process = 'a'): string {
  const read = told.add(process, 'read', [at, to], { asks: ['name', 'stock'] })
  return told.add(process, 'load', [at + 1, to - 1], { version: Math.max(name, stock), of: read })
}

/** A commit of one field, and the change of what is cached. */
function changes(
  told: Story,
  at: number,
  version: number,
  field: string,
  outcome: Outcome = { inPlace: true },
): string {
  told.add('b', 'commit', [at, at + 1], { version, changes: [field] })
  return told.add('b', 'lower', [at + 2, at + 10], { version, changes: [field], ...outcome })
}

describe('records', () => {
  it('accepts fields that were loaded beside one that was changed in place', () => {
    const checks = story((told) => {
      const load = loads(told, [0, 10], [0, 0])
      const lower = changes(told, 20, 1, 'stock')
      shows(told, [31, 32], { name: [0, load], stock: [1, lower] })
      shows(told, [33, 34], { stock: [1, lower] })
    })

    expect(checks).toEqual([])
  })

  it('finds a field that is older than what was changed in place, whoever reads it', () => {
    const checks = story((told) => {
      const load = loads(told, [0, 10], [0, 0])
      changes(told, 20, 1, 'stock')
      shows(told, [31, 32], { name: [0, load], stock: [0, load] })
    })

    expect(checks).toEqual(['stale version'])
  })

  it('accepts either in a read that began before the change was acknowledged', () => {
    const checks = story((told) => {
      const load = loads(told, [0, 10], [0, 0])
      const lower = changes(told, 20, 1, 'stock')
      shows(told, [29, 32], { stock: [0, load] })
      shows(told, [29, 33], { stock: [1, lower] })
    })

    expect(checks).toEqual([])
  })

  it('expects every field anew of a change that has voided the record, and nothing of one that was rejected', () => {
    const withChange = (outcome: Outcome) => (told: Story) => {
      const load = loads(told, [0, 10], [0, 0])
      changes(told, 20, 1, 'stock', outcome)
      shows(told, [31, 32], { name: [0, load] })
    }

    expect(story(withChange({}))).toEqual(['stale load'])
    expect(story(withChange({ failed: true }))).toEqual([])
  })

  it('finds what was loaded before an invalidation, in a record that was changed in place after it', () => {
    const checks = story((told) => {
      const load = loads(told, [0, 10], [0, 0])
      told.add('b', 'invalidate', [12, 15])
      const lower = changes(told, 20, 1, 'stock')
      shows(told, [31, 32], { name: [0, load], stock: [1, lower] })
    })

    expect(checks).toEqual(['stale load'])
  })

  it('finds a change in place that has come back after an invalidation', () => {
    const checks = story((told) => {
      loads(told, [0, 10], [0, 0])
      const lower = changes(told, 20, 1, 'stock')
      told.add('c', 'invalidate', [24, 28])
      const load = loads(told, [40, 50], [0, 1])
      shows(told, [51, 52], { name: [0, load], stock: [1, lower] })
    })

    expect(checks).toEqual(['stale load'])
  })

  it('finds a record without a field that was asked for', () => {
    const checks = story((told) => {
      const load = loads(told, [0, 10], [0, 0])
      told.add('a', 'read', [11, 12], { asks: ['name', 'stock'], fields: { stock: { version: 0, load } } })
    })

    expect(checks).toEqual(['partial record'])
  })

  it('finds a commit that is shown in part, though nobody has been told of it yet', () => {
    const checks = story((told) => {
      const load = loads(told, [0, 10], [0, 0])
      told.add('b', 'commit', [20, 21], { version: 1 })
      const lower = told.add('b', 'lower', [22, 60], { version: 1, inPlace: true })
      shows(told, [31, 32], { name: [0, load], stock: [1, lower] })
    })

    expect(checks).toEqual(['partial record'])
  })

  it('accepts fields of which one is of a commit that was cut short', () => {
    const checks = story((told) => {
      told.add('b', 'commit', [0])
      told.line('main', { at: 1, died: 'b' })
      const load = loads(told, [2, 10], [0, 1])
      shows(told, [11, 12], { name: [0, load], stock: [1, load] })
    })

    expect(checks).toEqual([])
  })

  it('accepts a record that misses a commit of another field, of which nobody has been told yet', () => {
    const checks = story((told) => {
      const load = loads(told, [0, 10], [0, 0])
      told.add('c', 'commit', [15, 16], { version: 1, changes: ['name'] })
      told.add('c', 'lower', [17, 60], { version: 1, changes: ['name'] })
      const lower = changes(told, 20, 2, 'stock')
      shows(told, [31, 32], { name: [0, load], stock: [2, lower] })
    })

    expect(checks).toEqual([])
  })

  it('finds a record that is still absent after it was created, or what was loaded before', () => {
    const absent = (load: Span) => (told: Story) => {
      const read = told.add('a', 'read', [load[0] - 1, load[1] + 1], { asks: ['name'], absent: true })
      told.add('a', 'load', load, { version: 0, absent: true, of: read })
      told.add('b', 'commit', [20, 21], { version: 1 })
      told.add('b', 'lower', [22, 30])
      told.add('a', 'read', [80, 81], { asks: ['name'], absent: true })
    }

    expect(story(absent([2, 10]))).toEqual(['stale version'])
    const deleted = story((told) => {
      absent([2, 10])(told)
      told.add('b', 'commit', [40, 41], { version: 2 })
      const read = told.add('c', 'read', [49, 61], { asks: ['name'], absent: true })
      told.add('c', 'load', [50, 60], { version: 2, absent: true, of: read })
    })
    expect(deleted).toEqual([])
  })

  it('finds a field that differs from the database after quiet', () => {
    const settled = (fields: Record<string, number>) => (told: Story) => {
      const load = loads(told, [0, 10], [0, 0])
      told.add('b', 'commit', [20, 21], { version: 1, changes: ['stock'] })
      told.line('main', { at: 30, settled: 'k', version: 1, fields })
      shows(told, [31, 32], { name: [0, load], stock: [0, load] })
    }

    expect(story(settled({ name: 0, stock: 1 }))).toEqual(['diverged'])
    expect(story(settled({ name: 0, stock: 0 }))).toEqual([])
  })

  it('finds a field that a near cache shows for longer than its lag after it was changed in place', () => {
    const nearRead = (near: number) => (told: Story) => {
      const load = loads(told, [0, 10], [0, 0])
      changes(told, 20, 1, 'stock')
      shows(told, [near - 1, near + 1], { name: [0, load], stock: [0, load] }, { near })
    }

    expect(story(nearRead(150))).toEqual([])
    expect(story(nearRead(240))).toEqual(['stale in a near cache'])
    const told = new Story()
    nearRead(150)(told)
    expect(told.verdict()).toMatchObject({ near: 1, behind: 1, furthest: 120 })
  })

  it('finds a second load beside the first, which a change in place does not excuse', () => {
    const beside = (outcome: Outcome) => (told: Story) => {
      loads(told, [0, 100], [0, 0])
      changes(told, 20, 1, 'stock', outcome)
      loads(told, [50, 90], [0, 1], 'c')
    }

    expect(story(beside({ inPlace: true }))).toEqual(['two loads'])
    expect(story(beside({}))).toEqual([])
  })

  it('finds an entry that cannot be read, and a change that fails without a reason', () => {
    expect(story((told) => told.add('a', 'corrupt', [0, 1], { reason: 'no header' }))).toEqual(['corrupt'])
    expect(story((told) => told.add('a', 'lower', [0, 1], { failed: true, unexpected: 'TypeError' }))).toEqual([
      'breaks',
    ])
  })
})
