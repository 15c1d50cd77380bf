import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../test/manual-clock.ts'
import { ServerClock } from './server-clock.ts'

const serverTime = 1_800_000_000_000
const reply = [Buffer.from('1800000000'), Buffer.from('000000')]

function measuring() {
  const clock = new ManualClock()
  const serverClock = new ServerClock(clock)
  const asked: ((answer: unknown) => Promise<void>)[] = []
  const measure = () =>
    serverClock.measure(
      () =>
        new Promise((resolve) => {
          asked.push(async (answer) => {
            resolve(answer)
            await new Promise(setImmediate)
          })
        }),
    )
  return { clock, serverClock, measure, asked }
}

describe('the clock of the server', () => {
  it('is that of this process before the first answer', () => {
    const { clock, serverClock, measure } = measuring()
    measure()

    expect(serverClock.now()).toBe(clock.wall())
  })

  it('was what the server said in the middle of the round trip, and goes on with the monotonic clock', async () => {
    const { clock, serverClock, measure, asked } = measuring()
    measure()
    clock.pass(100)

    await asked[0]?.(reply)

    expect(serverClock.now()).toBe(serverTime + 50)
    clock.pass(1_000)
    clock.shift += 500 // Somebody sets the clock of this machine.
    expect(serverClock.now()).toBe(serverTime + 1_050)
  })

  it('reads the microseconds of the reply', async () => {
    const { serverClock, measure, asked } = measuring()
    measure()

    await asked[0]?.(['1800000000', '123456'])

    expect(serverClock.now()).toBe(serverTime + 123.456)
  })

  it('is asked for once in a minute, whether there was an answer or not', async () => {
    const { clock, measure, asked } = measuring()
    measure()
    clock.pass(59_999)
    measure()
    expect(asked).toHaveLength(1)

    clock.pass(1)
    measure()

    expect(asked).toHaveLength(2)
  })

  it('is asked for at once when another server may answer', async () => {
    const { serverClock, measure, asked } = measuring()
    measure()

    serverClock.forget()
    measure()

    expect(asked).toHaveLength(2)
  })

  it('is asked for at once when this machine has slept, which monotonic clocks do not notice', async () => {
    const { clock, measure, asked } = measuring()
    measure()
    clock.shift += 10_000

    measure()
    measure()

    expect(asked).toHaveLength(2)
  })

  it.each([
    ['an answer that took too long', 501, reply],
    ['no time at all', 0, 'OK'],
    ['a part of it', 0, ['1800000000']],
    ['text', 0, ['now', 'then']],
  ])('is not changed by %s', async (_what, trip, answer) => {
    const { clock, serverClock, measure, asked } = measuring()
    measure()
    clock.pass(trip)

    await asked[0]?.(answer)

    expect(serverClock.now()).toBe(clock.wall())
  })

  it('is not changed by a failure', async () => {
    const { clock, serverClock } = measuring()

    serverClock.measure(() => Promise.reject(new Error('NOPERM')))
    await new Promise(setImmediate)

    expect(serverClock.now()).toBe(clock.wall())
  })
})
