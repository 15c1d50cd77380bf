import { describe, expect, it } from 'vitest'
import type { CacheEvent } from '../events.ts'
import { Journal } from './journal.ts'
import { ManualClock } from '../../test/manual-clock.ts'

/** A journal whose calls to the store stay open until a test answers them. */
function journalOf({ limit = 10_000 } = {}) {
  const clock = new ManualClock()
  const events: CacheEvent[] = []
  const calls: { readonly what: readonly string[] | 'clear'; answer(): Promise<void>; fail(): Promise<void> }[] = []
  const call = (what: readonly string[] | 'clear') =>
    new Promise<void>((resolve, reject) => {
      calls.push({
        what,
        answer: () => settled(resolve),
        fail: () => settled(() => reject(new Error('READONLY'))),
      })
    })
  const journal = new Journal({
    limit,
    clock,
    invalidate: call,
    clear: () => call('clear'),
    report: (event) => events.push(event),
  })
  /** The call that is open. */
  const next = () => {
    const open = calls.shift()
    if (!open) throw new Error('nothing is being replayed')
    return open
  }
  return { journal, clock, events, calls, next }
}

async function settled(act: () => void): Promise<void> {
  act()
  await new Promise(setImmediate)
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `k${index}`)

describe('a journal', () => {
  it('has nothing pending, replays nothing and keeps no timer before the first key', async () => {
    const { journal, clock, events, calls } = journalOf()

    await journal.replay()

    expect(journal.isPending('k')).toBe(false)
    expect(calls).toEqual([])
    expect(events).toEqual([])
    expect(clock.timers).toBe(0)
  })

  it('has a key pending until its replay is acknowledged', async () => {
    const { journal, next } = journalOf()
    journal.add(['k'])
    const replay = journal.replay()
    expect(journal.isPending('k')).toBe(true)
    expect(journal.isPending('other')).toBe(false)

    await next().answer()
    await replay

    expect(journal.isPending('k')).toBe(false)
  })

  it('says how many keys were replayed once nothing is pending, and keeps no timer', async () => {
    const { journal, clock, events, next } = journalOf()
    journal.add(numbered(1_200))
    const replay = journal.replay()

    const sizes: number[] = []
    for (let batch = 0; batch < 3; batch++) {
      expect(events).toEqual([])
      const call = next()
      sizes.push(call.what.length)
      await call.answer()
    }
    await replay

    expect(sizes).toEqual([500, 500, 200])
    expect(events).toEqual([{ type: 'invalidate-replayed', count: 1_200, overflowed: false }])
    expect(clock.timers).toBe(0)
  })

  it('replays by itself after a pause, without being asked', async () => {
    const { journal, clock, next } = journalOf()
    journal.add(['k'])

    clock.pass(1_000)
    await next().answer()

    expect(journal.isPending('k')).toBe(false)
  })

  it('keeps a key that is added again while its replay is under way', async () => {
    const { journal, events, next } = journalOf()
    journal.add(['k', 'l'])
    const replay = journal.replay()
    const first = next()

    journal.add(['k'])
    await first.answer()

    expect(journal.isPending('k')).toBe(true)
    expect(journal.isPending('l')).toBe(false)
    expect(events).toEqual([])

    const second = next()
    expect(second.what).toEqual(['k'])
    await second.answer()
    await replay
    expect(journal.isPending('k')).toBe(false)
    expect(events).toEqual([{ type: 'invalidate-replayed', count: 2, overflowed: false }])
  })

  it('lets keys that are added again and again not hold up others', async () => {
    const { journal, next } = journalOf()
    journal.add(numbered(500))
    void journal.replay()
    const first = next()
    journal.add(['other'])
    journal.add(numbered(500))

    await first.answer()

    expect(next().what[0]).toBe('other')
  })

  it('runs one replay at a time', async () => {
    const { journal, calls, next } = journalOf()
    journal.add(['k'])

    const replays = [journal.replay(), journal.replay()]

    expect(calls).toHaveLength(1)
    await next().answer()
    await Promise.all(replays)
    expect(calls).toEqual([])
  })
})

describe('a replay that fails', () => {
  it('leaves everything pending, says why, and resolves', async () => {
    const { journal, events, next } = journalOf()
    journal.add(['k', 'l'])
    const replay = journal.replay()

    await next().fail()
    await replay

    expect([journal.isPending('k'), journal.isPending('l')]).toEqual([true, true])
    expect(events).toEqual([{ type: 'store-error', operation: 'replay', key: 'k', error: new Error('READONLY') }])
  })

  it('is tried again after pauses that grow up to half a minute', async () => {
    const { journal, clock, next } = journalOf()
    journal.add(['k'])
    const pauses: number[] = []
    for (let attempt = 0; attempt < 8; attempt++) {
      pauses.push(clock.nextDelay)
      clock.pass(clock.nextDelay)
      await next().fail()
    }

    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
    expect(clock.timers).toBe(1)
  })

  it('begins with a short pause again after one that did not', async () => {
    const { journal, clock, next } = journalOf()
    journal.add(['k'])
    for (let attempt = 0; attempt < 4; attempt++) {
      clock.pass(clock.nextDelay)
      await next().fail()
    }
    clock.pass(clock.nextDelay)
    await next().answer()

    journal.add(['k'])

    expect(clock.nextDelay).toBe(1_000)
  })

  it('is tried again at once when somebody has asked meanwhile', async () => {
    const { journal, next } = journalOf()
    journal.add(['k'])
    void journal.replay()
    const first = next()

    const replay = journal.replay()
    await first.fail()
    await next().answer()
    await replay

    expect(journal.isPending('k')).toBe(false)
  })

  it('is tried again at once by the next replay', async () => {
    const { journal, clock, next } = journalOf()
    journal.add(['k'])
    void journal.replay()
    await next().fail()

    const replay = journal.replay()
    await next().answer()
    await replay

    expect(journal.isPending('k')).toBe(false)
    expect(clock.timers).toBe(0)
  })
})

describe('more keys than the limit', () => {
  it('make every key pending, until a clear is acknowledged', async () => {
    const { journal, events, next } = journalOf({ limit: 3 })
    journal.add(['a', 'b', 'c'])
    expect(journal.isPending('other')).toBe(false)
    journal.add(['d'])
    expect(journal.isPending('other')).toBe(true)

    const replay = journal.replay()
    const call = next()
    expect(call.what).toBe('clear')
    await call.answer()
    await replay

    expect(journal.isPending('a')).toBe(false)
    expect(events).toEqual([{ type: 'invalidate-replayed', count: 0, overflowed: true }])
  })

  it('are one clear, with those that were added before it began', async () => {
    const { journal, calls, next } = journalOf({ limit: 3 })
    journal.add(['a', 'b', 'c', 'd'])
    journal.add(['e'])
    void journal.replay()

    await next().answer()

    expect(journal.isPending('e')).toBe(false)
    expect(calls).toEqual([])
  })

  it('do not cover a key that is added while the clear is under way', async () => {
    const { journal, next } = journalOf({ limit: 3 })
    journal.add(['a', 'b', 'c', 'd'])
    void journal.replay()
    const clear = next()

    journal.add(['late'])
    await clear.answer()

    expect(journal.isPending('late')).toBe(true)
    expect(journal.isPending('a')).toBe(false)
    expect(next().what).toEqual(['late'])
  })

  it('that come while a clear is under way need another one', async () => {
    const { journal, next } = journalOf({ limit: 3 })
    journal.add(['a', 'b', 'c', 'd'])
    void journal.replay()
    const clear = next()

    journal.add(['e', 'f', 'g', 'h'])
    await clear.answer()

    expect(journal.isPending('a')).toBe(true)
    expect(next().what).toBe('clear')
  })

  it('stay pending when the clear fails, with those that were added meanwhile', async () => {
    const { journal, clock, next } = journalOf({ limit: 3 })
    journal.add(['a', 'b', 'c', 'd'])
    void journal.replay()
    const clear = next()
    journal.add(['late'])

    await clear.fail()
    expect(journal.isPending('a')).toBe(true)
    clock.pass(clock.nextDelay)
    await next().answer()

    expect([journal.isPending('a'), journal.isPending('late')]).toEqual([false, false])
  })
})

describe('all there is', () => {
  it('is pending, every key of it, until a clear is acknowledged', async () => {
    const { journal, events, next } = journalOf()
    journal.add(['k'])
    journal.addAll()
    expect(journal.isPending('other')).toBe(true)

    const replay = journal.replay()
    const call = next()
    expect(call.what).toBe('clear')
    await call.answer()
    await replay

    expect([journal.isPending('k'), journal.isPending('other')]).toEqual([false, false])
    expect(events).toEqual([{ type: 'invalidate-replayed', count: 0, overflowed: true }])
  })

  it('is replayed after a pause, though nobody asks for it', async () => {
    const { journal, clock, next } = journalOf()
    journal.addAll()

    clock.pass(clock.nextDelay)

    expect(next().what).toBe('clear')
  })

  it('that is added while keys are replayed is cleared then', async () => {
    const { journal, calls, next } = journalOf()
    journal.add(['k'])
    void journal.replay()
    const keys = next()

    journal.addAll()
    await keys.answer()
    expect(journal.isPending('other')).toBe(true)
    const clear = next()
    expect(clear.what).toBe('clear')
    await clear.answer()

    expect(journal.isPending('k')).toBe(false)
    expect(calls).toEqual([])
  })

  it('that is added while a clear is under way needs another one', async () => {
    const { journal, next } = journalOf()
    journal.addAll()
    void journal.replay()
    const clear = next()

    journal.addAll()
    await clear.answer()

    expect(journal.isPending('k')).toBe(true)
    expect(next().what).toBe('clear')
  })

  it('is lost with a journal that is closed', async () => {
    const { journal, events } = journalOf()
    await journal.close(1_000)

    journal.addAll()

    expect(events).toEqual([{ type: 'invalidate-lost', count: 0, overflowed: true }])
  })
})

describe('closing a journal', () => {
  it('tries once more, and says nothing when that succeeds', async () => {
    const { journal, clock, events, next } = journalOf()
    journal.add(['k'])
    const closed = journal.close(1_000)

    await next().answer()
    await closed

    expect(events).toEqual([{ type: 'invalidate-replayed', count: 1, overflowed: false }])
    expect(clock.timers).toBe(0)
  })

  it('says how many keys are lost when that fails, and keeps no timer', async () => {
    const { journal, clock, events, next } = journalOf()
    journal.add(['k', 'l'])
    const closed = journal.close(1_000)

    await next().fail()
    await closed

    expect(events).toContainEqual({ type: 'invalidate-lost', count: 2, overflowed: false })
    expect(clock.timers).toBe(0)
  })

  it('waits no longer than it is told to', async () => {
    const { journal, clock, events, next } = journalOf({ limit: 1 })
    journal.add(['k', 'l'])
    const closed = journal.close(1_000)
    const late = next()

    clock.pass(1_000)
    await closed
    await late.answer()

    expect(events).toEqual([{ type: 'invalidate-lost', count: 0, overflowed: true }])
    expect(clock.timers).toBe(0)
  })

  it('says nothing where nothing is pending', async () => {
    const { journal, clock, events } = journalOf()

    await journal.close(1_000)

    expect(events).toEqual([])
    expect(clock.timers).toBe(0)
  })

  it('loses at once what is added later', async () => {
    const { journal, clock, events } = journalOf()
    await journal.close(1_000)

    journal.add(['k', 'l'])

    expect(events).toEqual([{ type: 'invalidate-lost', count: 2, overflowed: false }])
    expect(clock.timers).toBe(0)
  })
})
