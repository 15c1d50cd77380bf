import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { moment, tagReadings } from '../../src/protocol/tag-clock.ts'
import { absent, answering, commandsDuring, newKey, type State } from './standing.ts'
import { clock, clockOf, knownId, mine, noClocks, serverMicroseconds, toldReading } from './standing-clock.ts'

const lost = { id: undefined, clock: 0, of: new Map() }

describe('tagReadings', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const put = async (state: State) => {
    const key = newKey()
    await state(redis, key)
    return key
  }

  it.each([
    ['void and expired', '<over><now>', ['<over>', '<now>']],
    ['void while a writer is at work', `<before><0><over>${mine}<before>`, ['<before>', '<0>']],
    ['settling', '<before><over>', ['<before>', '<over>']],
    ['without a field: void before the floor', undefined, ['<long ago>', '<0>']],
  ])('gives what a tag is: %s', async (_what, field, told) => {
    const key = await put(clock(field === undefined ? {} : { ':a': field }))

    const { id, of } = await tagReadings(redis, key, ['a'])

    const now = await serverMicroseconds(redis)
    const { voidBefore = NaN, expiredBefore = NaN } = of.get('a') ?? {}
    expect(id).toBe(knownId)
    expect([toldReading(voidBefore, now), toldReading(expiredBefore, now)]).toEqual(told)
  })

  it('gives each tag its own, with one command', async () => {
    const key = await put(clock({ ':a': '<over><0>', ':b': '<now><0>', ':id': '<before><0>' }))
    let of: ReadonlyMap<string, { readonly voidBefore: number }> = new Map()

    const commands = await commandsDuring(redis, async () => {
      ;({ of } = await tagReadings(redis, key, ['b', 'id', 'a', 'c']))
    })

    const now = await serverMicroseconds(redis)
    expect(commands).toEqual({ hmget: 1 })
    expect([...of].map(([tag, { voidBefore }]) => [tag, toldReading(voidBefore, now)])).toEqual([
      ['b', '<now>'],
      ['id', '<before>'],
      ['a', '<over>'],
      ['c', '<long ago>'],
    ])
  })

  it.each(['noon', '', '<over>', '<over><0', `x<over><0>`])('gives none of a tag whose field is %j', async (field) => {
    const key = await put(clock({ ':a': field, ':b': '<over><0>' }))

    const { id, of } = await tagReadings(redis, key, ['a', 'b'])

    expect(id).toBe(knownId)
    expect([...of.keys()]).toEqual(['b'])
  })

  it.each<readonly [string, State]>([
    ['nothing', absent],
    ...noClocks,
    ['a clock with a short id', clockOf({ id: 'k', clock: '<over>', floor: '<over>' })],
    ['a clock with a short floor', clockOf({ id: knownId, clock: '<over>', floor: '7' })],
  ])('takes %s for a clock that was lost, and the next moment makes one', async (_what, state) => {
    const key = await put(state)

    expect(await tagReadings(redis, key, ['a'])).toEqual(lost)

    const { id } = await moment(redis, key)
    expect((await tagReadings(redis, key, ['a'])).id).toBe(id)
  })

  it('rejects with what the server says', async () => {
    await redis.call('ACL', 'SETUSER', 'blind', 'on', '>pass', '~*', '+@all', '-hmget')
    const blind = server.client({ username: 'blind', password: 'pass' })

    await expect(tagReadings(blind, newKey(), ['a'])).rejects.toThrow('NOPERM')
  })

  it.each([null, 1, 'OK'])('refuses the reply %j', async (reply) => {
    await expect(tagReadings(answering(reply), newKey(), ['a'])).rejects.toMatchObject({ code: 'PROTOCOL' })
  })
})
