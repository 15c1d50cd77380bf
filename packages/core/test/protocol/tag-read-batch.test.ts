import { once } from 'node:events'
import { gate, type RedisServer, startFaultProxy, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { TagReadings } from '../../src/entry/origin.ts'
import { bump, moment, tagReadings } from '../../src/protocol/tag-clock.ts'
import { TagReadBatch } from '../../src/protocol/tag-read-batch.ts'
import { commandsDuring, newKey } from './standing.ts'

const voiding = { what: 'void', ahead: 0, writer: '' } as const

/** Resolves in the next turn of the event loop, when everything of this one has run. */
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('readings of tags', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const batchOf = (client: Redis) => new TagReadBatch((tagClock, tags) => tagReadings(client, tagClock, tags))
  /** What was sent: of each clock, its tags. */
  const noting = () => {
    const asked: (readonly [string, readonly string[]])[] = []
    const batch = new TagReadBatch((tagClock, tags) => {
      asked.push([tagClock, tags])
      return tagReadings(redis, tagClock, tags)
    })
    return { asked, batch }
  }

  it('of one tick are one command for each clock, with each tag once', async () => {
    const [one, other] = [newKey(), newKey()]
    const { asked, batch } = noting()

    const commands = await commandsDuring(redis, () =>
      Promise.all([
        batch.read(one, ['a', 'b']),
        batch.read(other, ['a']),
        batch.read(one, ['b', 'c']),
        batch.read(one, ['a']),
      ]),
    )

    expect(commands).toEqual({ hmget: 2 })
    expect(asked).toEqual([
      [one, ['a', 'b', 'c']],
      [other, ['a']],
    ])
  })

  it('of more tags than one command should bear are several', async () => {
    const clock = newKey()
    await moment(redis, clock)
    const { asked, batch } = noting()
    const tagsOf = (caller: number) => Array.from({ length: 64 }, (_, tag) => `${caller}:${tag}`)

    const readings = await Promise.all(Array.from({ length: 40 }, (_, caller) => batch.read(clock, tagsOf(caller))))

    expect(asked.map(([, tags]) => tags.length)).toEqual([1_024, 1_024, 512])
    expect(readings.map(({ of }, caller) => tagsOf(caller).every((tag) => of.has(tag)))).not.toContain(false)
  })

  it('are what each caller asks for, at least', async () => {
    const [one, other] = [newKey(), newKey()]
    const { id } = await moment(redis, one)
    await bump(redis, one, ['a'], voiding)
    const batch = batchOf(redis)

    const [a, b, none] = await Promise.all([batch.read(one, ['a']), batch.read(one, ['b']), batch.read(other, ['a'])])

    expect([a.id, b.id, none.id]).toEqual([id, id, undefined])
    expect(a.of.get('a')).toEqual((await tagReadings(redis, one, ['a'])).of.get('a'))
    expect(b.of.get('b')).toEqual((await tagReadings(redis, one, ['b'])).of.get('b'))
    expect(none.of.size).toBe(0)
  })

  it('of two ticks are two commands', async () => {
    const key = newKey()
    const { asked, batch } = noting()

    const first = batch.read(key, ['a'])
    await nextTurn()
    await Promise.all([first, batch.read(key, ['a'])])

    expect(asked).toEqual([
      [key, ['a']],
      [key, ['a']],
    ])
  })

  it('of callers that were woken together are one command', async () => {
    const key = newKey()
    const { asked, batch } = noting()
    const alarm = gate<void>()
    const woken = alarm.load()
    const callers = ['a', 'b', 'c', 'd'].map(async (tag, depth) => {
      await woken
      for (let step = 0; step < depth; step++) await Promise.resolve()
      return batch.read(key, [tag])
    })

    alarm.answer()
    await Promise.all(callers)

    expect(asked).toEqual([[key, ['a', 'b', 'c', 'd']]])
  })

  it('never join a batch that was sent: what was voided since then is seen', async () => {
    using proxy = await startFaultProxy(server)
    const slow = server.client({ port: proxy.port })
    await once(slow, 'ready')
    const monitor = await redis.monitor()
    onTestFinished(() => monitor.disconnect())
    const key = newKey()
    const { reading } = await moment(redis, key)
    const batch = batchOf(slow)
    const voidBefore = ({ of }: TagReadings) => of.get('a')?.voidBefore ?? NaN

    proxy.blackHole('toClient')
    const early = batch.read(key, ['a'])
    await commandSeen(monitor, 'hmget', key)
    await bump(redis, key, ['a'], voiding)
    const late = batch.read(key, ['a'])
    proxy.heal()

    expect(voidBefore(await early)).toBeLessThanOrEqual(reading)
    expect(voidBefore(await late)).toBeGreaterThan(reading)
  })

  it('of a batch that failed all reject, and the next batch is asked again', async () => {
    const key = newKey()
    let attempts = 0
    const batch = new TagReadBatch(async (tagClock, tags) => {
      if (++attempts === 1) throw new Error('no answer')
      return tagReadings(redis, tagClock, tags)
    })
    const readAll = () => Promise.allSettled([batch.read(key, ['a']), batch.read(key, ['b'])])

    const failed = await readAll()
    const succeeded = await readAll()

    expect(failed).toMatchObject([1, 2].map(() => ({ status: 'rejected', reason: { message: 'no answer' } })))
    expect(succeeded.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
  })
})

async function commandSeen(monitor: Redis, ...command: readonly string[]): Promise<void> {
  for (;;) {
    const [, seen] = (await once(monitor, 'monitor')) as [time: string, seen: string[]]
    if (command.every((part, index) => seen[index]?.toLowerCase() === part.toLowerCase())) return
  }
}
