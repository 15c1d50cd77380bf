import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judgeByTags } from '../../src/entry/origin.ts'
import { newToken } from '../../src/entry/token.ts'
import { runScript } from '../../src/protocol/script.ts'
import { momentScript } from '../../src/protocol/scripts.generated.ts'
import { bump, type Forward, moment, tagReadings } from '../../src/protocol/tag-clock.ts'
import { absent, answering, commandsDuring, newKey, type State } from './standing.ts'
import {
  anothers,
  clock,
  clockStanding,
  digits,
  type Fields,
  freshId,
  knownId,
  madeAnew,
  mine,
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
  /** What a connection is told that asks for every change of this key. */
  const heardChanges = async (key: string) => {
    const changes: string[] = []
    const connection = server.client({ protocol: 2 })
    connection.on('message', () => changes.push('told'))
    await connection.client('TRACKING', 'ON', 'REDIRECT', await connection.client('ID'), 'BCAST', 'PREFIX', key)
    await connection.subscribe('__redis__:invalidate')
    return changes
  }

  it.each<readonly [string, Fields, string]>([
    ['a clock', {}, '<over>'],
    ['a clock that is ahead of the server', { clock: '<given>' }, '<given>'],
    ['a clock with tags', { ':a': '<over><0>', ':b': '<before><0><over>w<before>' }, '<over>'],
    ['a clock with readings that are due later', { due: '<before><given>' }, '<over>'],
    [
      'a clock that is ahead of the server, with a reading that is due later',
      { clock: '<before>', due: '<fresh>' },
      '<before>',
    ],
    ['a clock whose dues are none', { due: 'n'.repeat(16) }, '<over>'],
  ])('%s → its id and its reading, unchanged', async (_state, fields, reading) => {
    const key = await put(clock(fields))
    const before = await redis.hgetall(key)

    const got = await moment(redis, key)

    expect(got.id).toBe(knownId)
    expect(toldReading(got.reading, await serverMicroseconds(redis))).toBe(reading)
    expect(digits(got.reading)).toBe(before.clock)
    expect(await redis.hgetall(key)).toEqual(before)
  })

  it.each<readonly [string, string, string]>([
    ['one that is due', '<over>', ''],
    ['some that are due', '<over><over><now>', ''],
    ['one that is due, and others later', '<over><before><given>', '<before><given>'],
  ])('a clock with readings ahead of it, %s → brought forward to the server’s time', async (_state, due, left) => {
    const key = await put(clock({ clock: '<long ago>', due, ':a': '<over><0>' }))

    const got = await moment(redis, key)

    expect(got.id).toBe(knownId)
    expect(toldReading(got.reading, await serverMicroseconds(redis))).toBe('<now>')
    expect(await clockStanding(redis, key)).toEqual({ ...known, clock: '<now>', due: left, ':a': '<over><0>' })
    expect(await redis.hget(key, 'clock')).toBe(digits(got.reading))
    expect(await moment(redis, key)).toEqual(got)
  })

  it.each<readonly [string, State]>([['absent', absent], ...madeAnew])(
    '%s → a clock that knows of nothing before now',
    async (_state, before) => {
      const key = await put(before)

      const got = await moment(redis, key)

      expect(got.id).toMatch(fresh)
      expect(toldReading(got.reading, await serverMicroseconds(redis))).toBe('<now>')
      expect(await clockStanding(redis, key)).toEqual({ id: freshId, clock: '<now>', floor: '<now>', due: '' })
      expect(await redis.hgetall(key)).toMatchObject({
        id: got.id,
        clock: digits(got.reading),
        floor: digits(got.reading),
      })
      expect(await moment(redis, key)).toEqual(got)
    },
  )

  it('never goes back, by whatever the clock is ahead', async () => {
    for (const fields of [{}, { clock: '<given>' }, { clock: '<given>', due: '<over>' }]) {
      const key = await put(clock(fields))
      const readings = [Number(await redis.hget(key, 'clock'))]

      for (let time = 0; time < 10; time++) {
        readings.push((await moment(redis, key)).reading)
        if (time % 3 === 0) await bump(redis, key, ['a'], voiding)
      }

      expect(readings).toEqual(readings.toSorted((one, other) => one - other))
    }
  })

  it('is never beyond what the clock stands at', async () => {
    for (const fields of [{}, { clock: '<given>' }, { due: '<over>', clock: '<long ago>' }, { due: '<before>' }]) {
      const key = await put(clock(fields))

      const { reading } = await moment(redis, key)

      expect(await redis.hget(key, 'clock')).toBe(digits(reading))
    }
  })

  it('changes nothing that a process is told of, but where it brings the clock forward', async () => {
    const key = await put(clock({ due: '<before>', ':a': '<before><0>' }))
    const changes = await heardChanges(key)

    for (let time = 0; time < 20; time++) await moment(redis, key)
    await bump(redis, key, ['a'], voiding)
    await expect.poll(() => changes).toEqual(['told'])

    await redis.hset(key, 'due', digits((await moment(redis, key)).reading + 1))
    await expect.poll(() => changes).toEqual(['told', 'told'])
    for (let time = 0; time < 20; time++) await moment(redis, key)
    await bump(redis, key, ['a'], voiding)
    await expect.poll(() => changes).toEqual(['told', 'told', 'told', 'told'])
  })

  it.each<readonly [string, Forward]>([
    ['a barrier', { what: 'raise', ahead: 100, writer: mine }],
    ['an invalidation that settles', { what: 'void', ahead: 100, writer: '' }],
    ['an expiry that settles', { what: 'expire', ahead: 100, writer: '' }],
  ])('is beyond %s once that is over, and brings the clock forward once for it', async (_what, forward) => {
    const key = await put(clock())
    await bump(redis, key, ['a'], forward)
    const judged = async () => judgeByTags(await moment(redis, key), ['a'], await tagReadings(redis, key, ['a']))

    expect(await judged()).toBe(forward.what === 'expire' ? 'expired' : 'void')
    await expect.poll(judged).toBe('valid')

    const commands = await commandsDuring(redis, () => moment(redis, key))
    expect(commands).not.toHaveProperty('hset')
    expect(await redis.hget(key, 'due')).toBe('')
  })

  it('is beyond a barrier that is over while that of another tag stands', async () => {
    const key = await put(clock())
    await bump(redis, key, ['busy'], { what: 'raise', ahead: 3_600_000, writer: mine })
    await bump(redis, key, ['dead'], { what: 'raise', ahead: 100, writer: anothers })
    const judged = async (tag: string) =>
      judgeByTags(await moment(redis, key), [tag], await tagReadings(redis, key, [tag]))

    await expect.poll(() => judged('dead')).toBe('valid')
    expect(await judged('busy')).toBe('void')
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

  it('costs the same however many tags there are, and writes nothing', async () => {
    const key = await put(clock())
    await redis.hset(
      key,
      Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`:${index}`, '0'.repeat(32)])),
    )

    const commands = await commandsDuring(redis, () => moment(redis, key))

    expect(commands).toEqual({ evalsha: 1, time: 1, hmget: 1 })
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
