import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newToken } from '../../src/entry/token.ts'
import { runScript } from '../../src/protocol/script.ts'
import { momentScript } from '../../src/protocol/scripts.generated.ts'
import { bump, moment } from '../../src/protocol/tag-clock.ts'
import { absent, answering, commandsDuring, newKey, type State } from './standing.ts'
import {
  clock,
  clockStanding,
  digits,
  type Fields,
  freshId,
  knownId,
  noClocks,
  serverMicroseconds,
  toldReading,
} from './standing-clock.ts'

const fresh = /^[0-9a-f]{16}$/
const voiding = { what: 'void', ahead: 0, writer: '' } as const
const known: Fields = { id: knownId, floor: '<long ago>' }

describe('moment', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  /** One command, so that a copy of it can arrive later. */
  const commandOf = (key: string) => {
    const token = newToken()
    return async () => String(((await runScript(redis, momentScript, [key], [token])) as unknown[])[0])
  }
  const put = async (state: State) => {
    const key = newKey()
    await state(redis, key)
    return key
  }

  it.each<readonly [string, State, string, Fields]>([
    ['a clock', clock(), '<now>', known],
    ['a clock that is ahead of the server', clock({ clock: '<given>' }), '<given>', known],
    [
      'a clock with tags',
      clock({ ':a': '<over><0>', ':b': '<before><0><over>w<before>' }),
      '<now>',
      { ...known, ':a': '<over><0>', ':b': '<before><0><over>w<before>' },
    ],
  ])('%s → its id and the later of its reading and the server’s', async (_state, before, reading, after) => {
    const key = await put(before)

    const got = await moment(redis, key)

    expect(got.id).toBe(knownId)
    expect(toldReading(got.reading, await serverMicroseconds(redis))).toBe(reading)
    expect(await clockStanding(redis, key)).toEqual({ ...after, clock: reading })
    expect(await redis.hget(key, 'clock')).toBe(digits(got.reading))
  })

  it.each<readonly [string, State]>([['absent', absent], ...noClocks])(
    '%s → a clock that knows of nothing before now',
    async (_state, before) => {
      const key = await put(before)

      const got = await moment(redis, key)

      expect(got.id).toMatch(fresh)
      expect(toldReading(got.reading, await serverMicroseconds(redis))).toBe('<now>')
      expect(await clockStanding(redis, key)).toEqual({ id: freshId, clock: '<now>', floor: '<now>' })
      expect(await redis.hget(key, 'id')).toBe(got.id)
      expect(await moment(redis, key)).toMatchObject({ id: got.id })
    },
  )

  it('never goes back, by whatever the clock is ahead', async () => {
    for (const reading of ['<over>', '<given>']) {
      const key = await put(clock({ clock: reading }))
      const readings: number[] = []

      for (let time = 0; time < 10; time++) {
        readings.push((await moment(redis, key)).reading)
        if (time % 3 === 0) await bump(redis, key, ['a'], voiding)
      }

      expect(readings).toEqual(readings.toSorted((one, other) => one - other))
    }
  })

  it('stands as it was given, though the server’s time goes back then', async () => {
    const key = await put(clock())
    const { reading } = await moment(redis, key)
    const later = digits(reading + 10_000_000)
    await redis.hset(key, 'clock', later) // As it was given when the server’s time was later by so much.

    expect((await moment(redis, key)).reading).toBe(Number(later))
    await bump(redis, key, ['a'], voiding)

    expect(Number((await redis.hget(key, ':a'))?.slice(0, 16))).toBeGreaterThan(Number(later))
  })

  it('is one for all who ask at once where there is no clock', async () => {
    const key = newKey()

    const moments = await Promise.all(Array.from({ length: 10 }, () => moment(redis, key)))

    expect(new Set(moments.map(({ id }) => id)).size).toBe(1)
  })

  it('that is asked for again by the same command is of the same clock', async () => {
    const command = commandOf(newKey())

    expect(await command()).toBe(await command())
  })

  it('that a copy of a command asks for when the clock was lost meanwhile is of another clock', async () => {
    const key = newKey()
    const command = commandOf(key)
    const ids = new Set<string>()

    for (let time = 0; time < 10; time++) {
      ids.add(await command())
      await redis.unlink(key)
    }

    expect(ids.size).toBe(10)
  })

  it('costs the same however many tags there are', async () => {
    const key = await put(clock())
    await redis.hset(
      key,
      Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`:${index}`, '0'.repeat(32)])),
    )

    const commands = await commandsDuring(redis, () => moment(redis, key))

    expect(commands).toMatchObject({ time: 1, hmget: 1, hset: 1 })
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()

    expect((await moment(redis, key)).id).toMatch(fresh)

    const commands = await commandsDuring(redis, () => moment(redis, key))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it.each([null, 1, 'OK', [], ['id'], [null, null]])('refuses the reply %j', async (reply) => {
    await expect(moment(answering(reply), newKey())).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `moment: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })

  it.each([
    ['an id that is too short', [Buffer.from('k'), Buffer.from('0'.repeat(16))]],
    ['a reading that is none', [Buffer.from(knownId), Buffer.from('noon............')]],
    ['a reading that is too short', [Buffer.from(knownId), Buffer.from('0'.repeat(15))]],
  ])('refuses %s', async (_what, reply) => {
    await expect(moment(answering(reply), newKey())).rejects.toMatchObject({ code: 'PROTOCOL' })
  })
})
