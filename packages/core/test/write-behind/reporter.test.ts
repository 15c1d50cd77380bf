import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { WriteBehindReporter } from '../../src/write-behind/reporter.ts'
import { systemClock } from '../../src/time/clock.ts'

const written = { type: 'written', keys: ['a', 'b'], entries: 3, duration: 1 } as const

describe('WriteBehindReporter', () => {
  it('tells every listener of a type, and counts', () => {
    const reporter = new WriteBehindReporter(systemClock)
    const heard: unknown[] = []
    reporter.events.on('written', (event) => heard.push(event))
    reporter.events.on('active', (event) => heard.push(event))

    reporter.report(written)
    reporter.report({ type: 'dead-letter', id: '1', key: 'k', error: 'no', dropped: 0 })
    reporter.count('put')
    reporter.count('retried', 2)

    expect(heard).toEqual([written])
    expect(reporter.counts).toEqual({ put: 1, refused: 0, written: 3, retried: 2, dead: 1 })
  })

  it('tells a listener no more that was taken off, or wanted one event', async () => {
    const reporter = new WriteBehindReporter(systemClock)
    let heard = 0
    const listener = () => (heard += 1)
    reporter.events.on('active', listener)
    const first = once(reporter.events as NodeJS.EventEmitter, 'active')

    reporter.report({ type: 'active' })
    reporter.events.off('active', listener)
    reporter.report({ type: 'active' })

    expect(await first).toEqual([{ type: 'active' }])
    expect(heard).toBe(1)
    expect((reporter.events as NodeJS.EventEmitter).listenerCount('active')).toBe(0)
  })

  it('goes on when a listener throws, with a process warning', async () => {
    const reporter = new WriteBehindReporter(systemClock)
    const warned = once(process, 'warning')
    let heard = 0
    reporter.events.on('active', () => {
      throw new Error('of the listener')
    })
    reporter.events.on('active', () => (heard += 1))

    reporter.report({ type: 'active' })

    expect(heard).toBe(1)
    expect(await warned).toMatchObject([{ message: 'of the listener' }])
  })

  it('tells of a change once, and how long it was', () => {
    let now = 5
    const reporter = new WriteBehindReporter({ ...systemClock, now: () => now })
    const heard: unknown[] = []
    reporter.events.on('degraded', (event) => heard.push(event))
    reporter.events.on('recovered', (event) => heard.push(event))

    reporter.recovered()
    reporter.degraded('away')
    now = 25
    reporter.degraded('still')
    reporter.recovered()
    reporter.recovered()

    expect(heard).toEqual([
      { type: 'degraded', reason: 'away' },
      { type: 'recovered', after: 20 },
    ])
  })
})
