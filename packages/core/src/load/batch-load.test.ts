import { gate } from '@cache-aside/testkit'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { endOfTick } from '../time/end-of-tick.ts'
import { BatchLoad, type BatchLoader, type BatchResult, type BatchSurroundings } from './batch-load.ts'

interface Riding {
  readonly value: Promise<unknown>
  /** Its `loadTimeout` is over. */
  timeOut(): void
}

const anyTurn = { execute: (load: () => Promise<void>) => load() }

function batchOf(
  keys: readonly string[],
  load: BatchLoader<BatchResult<unknown>>,
  around: Partial<BatchSurroundings> = {},
) {
  const batch = new BatchLoad(load, { turns: anyTurn, retry: undefined, retrying: () => {}, ...around })
  const members = new Map(keys.map((key) => [key, batch.member(key, key)]))
  const member = (key: string) => members.get(key) as ReturnType<typeof batch.member>
  /** The member has the right to load: what `runLoader` does. */
  const want = (key: string): Riding => {
    const abort = new AbortController()
    let over = () => {}
    const timedOut = new Promise<void>((resolve) => {
      over = resolve
    })
    let answer: (value: Promise<unknown>) => void
    const value = new Promise((resolve) => {
      answer = resolve
    })
    value.catch(() => {})
    void member(key).turns.execute(async () => {
      if (abort.signal.aborted) return
      const loaded = Promise.resolve(member(key).load({ signal: abort.signal } as never))
      answer(loaded)
      const settled = loaded.then(
        () => {},
        () => {},
      )
      await Promise.race([settled, timedOut])
    })
    return {
      value,
      timeOut() {
        over()
        abort.abort(new Error(`${key} is late`))
      },
    }
  }
  return { member, want }
}

/** A batch loader that notes what it was given, and brings each key's own name. */
function noting() {
  const calls: (readonly string[])[] = []
  const load = (keys: readonly string[]) => {
    calls.push(keys)
    return [...keys]
  }
  return { calls, load }
}

describe('BatchLoad', () => {
  afterEach(() => void vi.useRealTimers())

  it('calls its loader in the order of the members, when each member wants its turn or has stepped aside, and not before', async () => {
    const { calls, load } = noting()
    const batch = batchOf(['a', 'b', 'c'], load)

    const rides = [batch.want('c'), batch.want('a')]
    await endOfTick()
    await endOfTick()
    expect(calls).toEqual([])
    batch.member('b').stepAside()

    expect(await Promise.all(rides.map(({ value }) => value))).toEqual(['c', 'a'])
    expect(calls).toEqual([['a', 'c']])
  })

  it('calls nobody when all have stepped aside, however often', async () => {
    const { calls, load } = noting()
    const batch = batchOf(['a', 'b'], load)

    batch.member('a').stepAside()
    batch.member('a').stepAside()
    await endOfTick()
    const ride = batch.want('b')
    await ride.value

    expect(calls).toEqual([['b']])
  })

  it('gathers those that want a turn later, by tick', async () => {
    const { calls, load } = noting()
    const batch = batchOf(['a', 'b', 'c'], load)
    batch.member('b').stepAside()
    batch.member('c').stepAside()
    await batch.want('a').value

    await Promise.all(['b', 'c'].map((key) => batch.want(key).value))

    expect(calls).toEqual([['a'], ['b', 'c']])
  })

  it('lets those that wait ask again together', async () => {
    const { calls, load } = noting()
    const batch = batchOf(['a', 'b', 'c'], load)
    const pauses: (() => void)[] = []
    const begin = () => new Promise<void>((resolve) => pauses.push(resolve))
    const waiting = ['a', 'b'].map((key) => batch.member(key).pause(begin))
    batch.member('c').stepAside()

    pauses[0]?.()
    await Promise.all(waiting)
    const rides = [batch.want('a')]
    await endOfTick()
    await endOfTick()
    expect(calls).toEqual([])
    rides.push(batch.want('b'))

    await Promise.all(rides.map(({ value }) => value))
    expect(calls).toEqual([['a', 'b']])
    let again = false
    void batch
      .member('c')
      .pause(begin)
      .then(() => {
        again = true
      })
    pauses[1]?.() // One that is over already, for all of them.
    await endOfTick()
    expect(again).toBe(false)
  })

  it('takes one turn for a call, from before it until its members are over', async () => {
    const source = gate<string[]>()
    let taken = 0
    const turns: Promise<void>[] = []
    const around = {
      turns: {
        execute: (load: () => Promise<void>) => {
          taken += 1
          const turn = load()
          turns.push(turn)
          return turn
        },
      },
    }
    const batch = batchOf(['a', 'b'], source.load, around)

    const [first, last] = [batch.want('a'), batch.want('b')]
    await source.called
    let over = false
    const turn = Promise.all(turns).then(() => {
      over = true
    })
    first.timeOut()
    await endOfTick()
    expect(over).toBe(false)
    last.timeOut()

    await turn // The loader has not answered yet.
    expect(taken).toBe(1)
  })

  it('does not ask for a key whose time ran out before the turn', async () => {
    const { calls, load } = noting()
    const turn = gate<void>()
    const around = { turns: { execute: (takeTurn: () => Promise<void>) => turn.load().then(takeTurn) } }
    const batch = batchOf(['a', 'b'], load, around)
    const [late, ride] = [batch.want('a'), batch.want('b')]
    await turn.called

    late.timeOut()
    turn.answer()

    expect(await ride.value).toBe('b')
    expect(calls).toEqual([['b']])
  })

  it('does not call its loader when the time of all keys ran out before the turn', async () => {
    const { calls, load } = noting()
    const turn = gate<void>()
    let ended = Promise.resolve()
    const execute = (takeTurn: () => Promise<void>) => (ended = turn.load().then(takeTurn))
    const late = batchOf(['a'], load, { turns: { execute } }).want('a')
    await turn.called

    late.timeOut()
    turn.answer()
    await ended

    expect(calls).toEqual([])
  })

  it('aborts when the time of all its keys is over, with the reason of the last', async () => {
    const signals: AbortSignal[] = []
    const called = gate<never>()
    const load = (_keys: readonly string[], context: { signal: AbortSignal }) => {
      signals.push(context.signal)
      return called.load()
    }
    const batch = batchOf(['a', 'b'], load)
    const [first, last] = [batch.want('a'), batch.want('b')]
    await called.called

    first.timeOut()
    expect(signals[0]?.aborted).toBe(false)
    last.timeOut()

    expect(signals[0]?.reason).toEqual(new Error('b is late'))
  })

  it.each([
    ['an array of another length', ['one'], 'an array of 1 for 2 keys'],
    ['an object', { a: 1, b: 2 }, 'an object for 2 keys'],
    ['nothing', undefined, 'undefined for 2 keys'],
    ['a Map of other keys', new Map([[1, 'one']]), 'a Map with the key number 1, which it was not given'],
    ['a Map with a key too many', new Map([['c', 'one']]), 'a Map with the key "c", which it was not given'],
  ])('refuses %s', async (_what, result, message) => {
    const batch = batchOf(['a', 'b'], () => result as never)
    const rides = [batch.want('a'), batch.want('b')]

    const outcomes = await Promise.allSettled(rides.map(({ value }) => value))

    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(TypeError) as TypeError })
      expect(String((outcome as PromiseRejectedResult).reason)).toContain(message)
    }
  })

  describe('with a loader that fails for a moment', () => {
    const retry = { when: (error: unknown) => error instanceof RangeError, attempts: 2, delay: 1 }

    it('calls it again for all of its keys', async () => {
      const calls: (readonly string[])[] = []
      const retries: unknown[] = []
      const load = (keys: readonly string[]) => {
        if (calls.push(keys) < 3) throw new RangeError(`${calls.length}`)
        return [...keys]
      }
      const batch = batchOf(['a', 'b'], load, { retry, retrying: (...told) => retries.push(told) })

      const rides = [batch.want('a'), batch.want('b')]

      expect(await Promise.all(rides.map(({ value }) => value))).toEqual(['a', 'b'])
      expect(calls).toEqual([1, 2, 3].map(() => ['a', 'b']))
      expect(retries).toEqual([
        ['a', 1, new RangeError('1')],
        ['b', 1, new RangeError('1')],
        ['a', 2, new RangeError('2')],
        ['b', 2, new RangeError('2')],
      ])
    })

    it('calls it again for the keys that failed, and holds the others up for nobody', async () => {
      const calls: (readonly string[])[] = []
      const again = gate<(string | Error)[]>()
      const load = (keys: readonly string[]) => {
        if (calls.push(keys) > 1) return again.load()
        return ['one', new RangeError('b'), new TypeError('c'), new RangeError('d')]
      }
      const batch = batchOf(['a', 'b', 'c', 'd'], load, { retry })
      const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((key) => batch.want(key).value)

      expect(await a).toBe('one')
      await expect(c).rejects.toEqual(new TypeError('c'))
      await again.called
      again.answer(['two', new TypeError('d')])

      expect(await b).toBe('two')
      await expect(d).rejects.toEqual(new TypeError('d'))
      expect(calls).toEqual([
        ['a', 'b', 'c', 'd'],
        ['b', 'd'],
      ])
    })

    it('does not call it again for keys whose time ran out in the pause before', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout'] })
      let paused = () => {}
      const pausing = new Promise<void>((resolve) => {
        paused = resolve
      })
      const calls: (readonly string[])[] = []
      const load = (keys: readonly string[]) => {
        calls.push(keys)
        throw new RangeError('deadlock')
      }
      const ride = batchOf(['a'], load, { retry, retrying: paused }).want('a')
      await pausing

      ride.timeOut()
      await vi.runAllTimersAsync()

      expect(calls).toEqual([['a']])
    })

    it('fails each key with its own last error', async () => {
      const load = (keys: readonly string[]) => keys.map((key) => new RangeError(key))
      const batch = batchOf(['a', 'b'], load, { retry })
      const rides = [batch.want('a'), batch.want('b')]

      const outcomes = await Promise.allSettled(rides.map(({ value }) => value))

      expect(outcomes).toMatchObject([{ reason: new RangeError('a') }, { reason: new RangeError('b') }])
    })
  })
})
