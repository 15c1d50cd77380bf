import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../test/manual-clock.ts'
import { Breaker } from './breaker.ts'

const limit = 500

/** A breaker whose commands and probes stay open until a test answers them. */
function breakerOf({ isConnected = true } = {}) {
  const clock = new ManualClock()
  const told: string[] = []
  const probes: { readonly key: string | undefined; answer(): Promise<void>; fail(message: string): Promise<void> }[] =
    []
  const connection = { isConnected }
  const breaker = new Breaker({
    limit,
    clock,
    ask: (key) => {
      if (!connection.isConnected) return undefined
      return new Promise((resolve, reject) => {
        probes.push({
          key,
          answer: () => settled(() => resolve('PONG')),
          fail: (message) => settled(() => reject(new Error(message))),
        })
      })
    },
    opened: (reason) => told.push(`opened: ${(reason as Error).message}`),
    closed: () => told.push('closed'),
  })
  return { breaker, clock, told, probes, connection }
}

async function settled(act: () => void): Promise<void> {
  act()
  await turn()
}

const turn = () => new Promise(setImmediate)
const never = () => new Promise<never>(() => {})
const missed = `no answer from Redis within ${limit} ms`
const refused = (reason: string) => `Redis does not answer (probing): ${reason}`
const reasonOf = (answer: Promise<unknown>) => answer.then(String, (error: Error) => error.message)

describe('a breaker that is closed', () => {
  it('hands on what its commands are answered with', async () => {
    const { breaker, told } = breakerOf()

    expect(await breaker.run(async () => 'value')).toBe('value')
    await expect(breaker.run(() => Promise.reject(new Error('OOM')))).rejects.toThrow('OOM')
    expect(told).toEqual([])
  })

  it('keeps one timer, and none once there is nothing to wait for', async () => {
    const { breaker, clock } = breakerOf()
    for (let command = 0; command < 100; command++) void breaker.run(async () => 'value')
    expect(clock.timers).toBe(1)
    await turn()

    clock.pass(limit)

    expect(clock.timers).toBe(0)
  })

  it('gives back, once and up to its limit, what a blocked event loop took', async () => {
    for (const [blocked, given] of [
      [200, 200],
      [9_000, limit],
    ] as const) {
      const { breaker, clock, told } = breakerOf()
      void reasonOf(breaker.run(never))

      clock.block(limit + blocked)
      clock.pass(given - 1)
      await turn()
      expect(told).toEqual([])
      clock.block(blocked)
      await turn()
      expect(told).toEqual([`opened: ${missed}`])
    }
  })

  it('gives each command its own deadline', async () => {
    const { breaker, clock, told } = breakerOf()
    let answer = (_value: string) => {}
    const first = breaker.run(() => new Promise<string>((resolve) => (answer = resolve)))
    clock.pass(400)
    void reasonOf(breaker.run(never))
    answer('value')
    expect(await first).toBe('value')

    clock.pass(499)
    await turn()
    expect(told).toEqual([])
    clock.pass(1)
    await turn()
    expect(told).toEqual([`opened: ${missed}`])
  })

  it('stays closed while each turn of the event loop still brings an answer that is late', async () => {
    const { breaker, clock, told } = breakerOf()
    const answers: (() => void)[] = []
    const commands = [1, 2, 3].map(() => breaker.run(() => new Promise<void>((resolve) => answers.push(resolve))))

    clock.pass(2 * limit)
    for (const answer of answers) {
      answer()
      await turn()
    }

    await Promise.all(commands)
    expect(told).toEqual([])
  })
})

describe('the first command without an answer in time', () => {
  it('is refused with all that wait and all that follow', async () => {
    const { breaker, clock, told } = breakerOf()
    const first = reasonOf(breaker.run(never))
    clock.pass(400)
    const second = reasonOf(breaker.run(never))

    clock.pass(100)

    expect(await first).toBe(missed)
    expect(await second).toBe(missed)
    expect(await reasonOf(breaker.run(never))).toBe(refused(missed))
    expect(told).toEqual([`opened: ${missed}`])
  })

  it('is followed by one probe, for its key, and by no timer', async () => {
    const { breaker, clock, probes } = breakerOf()
    void reasonOf(breaker.run(never, 'k'))
    void reasonOf(breaker.run(never, 'l'))
    clock.pass(limit)
    await turn()

    for (let command = 0; command < 100; command++) await reasonOf(breaker.run(never))
    clock.pass(60_000)

    expect(probes.map(({ key }) => key)).toEqual(['k'])
    expect(clock.timers).toBe(0)
  })
})

describe('a breaker that is open', () => {
  const open = (settings?: { isConnected: boolean }) => {
    const opened = breakerOf(settings)
    opened.breaker.open(new Error('not connected'))
    return opened
  }

  it('does not refuse what was under way when it was opened from outside, before its deadline', async () => {
    const { breaker, clock } = breakerOf()
    const command = reasonOf(breaker.run(never))
    breaker.open(new Error('not connected'))
    clock.pass(limit - 1)
    expect(await Promise.race([command, turn().then(() => 'waiting')])).toBe('waiting')

    clock.pass(1)

    expect(await command).toBe(missed)
  })

  it('is closed by the answer to its probe', async () => {
    const { breaker, probes, told } = open()

    await probes[0]?.answer()

    expect(await breaker.run(async () => 'value')).toBe('value')
    expect(told).toEqual(['opened: not connected', 'closed'])
  })

  it('is closed by a server that gives no permission for the probe', async () => {
    const { breaker, probes } = open()

    await probes[0]?.fail("NOPERM this user has no permissions to run the 'ping' command")

    expect(breaker.isOpen).toBe(false)
  })

  it('probes again, after a pause, where the server says "not now"', async () => {
    const { breaker, clock, probes } = open()

    await probes[0]?.fail('LOADING Redis is loading the dataset in memory')

    expect(breaker.isOpen).toBe(true)
    expect(probes).toHaveLength(1)
    expect(clock.nextDelay).toBeLessThan(1_000)
    clock.pass(clock.nextDelay)
    expect(probes).toHaveLength(2)
  })

  it('probes when it is told that there is a connection again', async () => {
    const { breaker, connection, probes, clock } = open({ isConnected: false })
    clock.pass(60_000)
    expect(probes).toHaveLength(0)
    connection.isConnected = true

    breaker.probe()

    await probes[0]?.answer()
    expect(breaker.isOpen).toBe(false)
  })

  it('is not closed by the answer to a probe that another has followed, or that was forgotten', async () => {
    const { breaker, probes } = open()
    breaker.probe()
    await probes[0]?.answer()
    expect(breaker.isOpen).toBe(true)
    breaker.forgetProbe()
    await probes[1]?.answer()
    expect(breaker.isOpen).toBe(true)

    breaker.probe()
    await probes[2]?.answer()

    expect(breaker.isOpen).toBe(false)
  })

  it('does not probe twice because an earlier one was refused', async () => {
    const { breaker, clock, probes } = open()
    await probes[0]?.fail('LOADING')
    breaker.probe()

    clock.pass(60_000)

    expect(probes).toHaveLength(2)
  })

  it('is told of once, however often it is opened', () => {
    const { breaker, told } = open()

    breaker.open(new Error('another reason'))

    expect(told).toEqual(['opened: not connected'])
  })

  it('probes no more once it is stopped, and tells nothing', async () => {
    const { breaker, clock, probes, told } = open()
    await probes[0]?.fail('LOADING')

    breaker.stop()
    clock.pass(60_000)
    breaker.close()

    expect(probes).toHaveLength(1)
    expect(told).toEqual(['opened: not connected'])
  })
})
