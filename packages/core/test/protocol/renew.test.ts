import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headOf, valueHead } from '../../src/entry/entry.ts'
import { newToken } from '../../src/entry/token.ts'
import { expire } from '../../src/protocol/expire.ts'
import { fill } from '../../src/protocol/fill.ts'
import { renew } from '../../src/protocol/renew.ts'
import type { Lease } from '../../src/protocol/store.ts'
import {
  absent,
  answering,
  anotherEntry,
  anothers,
  anotherValue,
  anythingElse,
  barrier,
  commandsDuring,
  type Header,
  laterOrigin,
  lease,
  mine,
  myLease,
  newKey,
  origin,
  type Standing,
  type State,
  spans,
  standing,
  stored,
  taggedValue,
  value,
  valued,
  withoutTtl,
  withTtl,
} from './standing.ts'

type Reply = Awaited<ReturnType<typeof renew>>

const id = newToken()
const again = { id, freshFor: spans.fresh, ttl: spans.given, origin: laterOrigin }
const toRefresh: Lease = { head: headOf(value), ttl: spans.given }
/** The same payload, under another id. */
const thisVeryOne = Buffer.concat([valueHead(id), value.subarray(23)])
const header: Header = { id, freshUntil: 'fresh', freshFor: spans.fresh, origin: laterOrigin }
const renewed = valued(value, header)

interface Case {
  readonly state: string
  readonly before: State
  readonly right?: Lease
  readonly reply: Reply
  readonly after: Standing | 'unchanged'
}

const rejected = { reply: 'rejected', after: 'unchanged' } as const

describe('renew', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const renewIt = (key: string, right = toRefresh) => renew(redis, key, right, again)

  it.each<Case>([
    { state: 'value, expected', before: stored(value), reply: 'accepted', after: renewed },
    {
      state: 'value, expected, marked r and not fresh',
      before: stored(value, { mark: 'r', markUntil: 'before', freshUntil: 'over' }),
      reply: 'accepted',
      after: renewed,
    },
    {
      state: 'value, expected, marked f and expired by call',
      before: stored(value, { mark: 'f', markUntil: 'given' }),
      reply: 'accepted',
      after: renewed,
    },
    {
      state: 'value, expected, with tags',
      before: stored(taggedValue),
      right: { head: headOf(taggedValue), ttl: spans.given },
      reply: 'accepted',
      after: valued(taggedValue, header),
    },
    { state: 'value, expected, without a TTL', before: withoutTtl(stored(value)), reply: 'accepted', after: renewed },
    { state: 'value, this very one', before: stored(thisVeryOne), reply: 'accepted', after: 'unchanged' },
    {
      state: 'value, this very one, marked r since',
      before: withTtl('given', stored(thisVeryOne, { mark: 'r', markUntil: 'before', freshUntil: 'over' })),
      reply: 'accepted',
      after: 'unchanged',
    },
    { state: 'value, another', before: stored(anotherValue), ...rejected },
    { state: 'value, another, without a TTL', before: withoutTtl(stored(anotherValue)), ...rejected },
    { state: 'lease', before: lease(anothers), ...rejected },
    { state: 'lease, expected', before: lease(mine), right: myLease, ...rejected },
    { state: 'barrier', before: barrier('-', [anothers, 'before']), ...rejected },
    { state: 'absent', before: absent, ...rejected },
    ...anythingElse.map(([state, before]) => ({ state, before, ...rejected })),
  ])('$state → $reply', async ({ before, right, reply, after }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standing(redis, key)

    const got = await renewIt(key, right)

    expect(got).toBe(reply)
    expect(await standing(redis, key)).toEqual(after === 'unchanged' ? was : after)
  })

  it('that is sent again is accepted again', async () => {
    const key = newKey()
    await stored(value)(redis, key)
    await renewIt(key)

    expect(await renewIt(key)).toBe('accepted')
    expect(await standing(redis, key)).toEqual(renewed)
  })

  it.each<readonly [string, (key: string) => Promise<unknown>]>([
    ['was voided', (key) => redis.unlink(key)],
    ['was expired', (key) => expire(redis, [key])],
    ['was filled anew', (key) => fill(redis, key, { head: valueHead(id), ttl: 1 }, anotherEntry)],
    [
      'was renewed once more',
      (key) => renew(redis, key, { head: valueHead(id), ttl: 1 }, { ...again, id: newToken() }),
    ],
  ])('that arrives after the value %s is rejected', async (_what, act) => {
    const key = newKey()
    await stored(value)(redis, key)
    await renewIt(key)
    await act(key)
    const was = await standing(redis, key)

    expect(await renewIt(key)).toBe('rejected')
    expect(await standing(redis, key)).toEqual(was)
  })

  it('lets no fill through that was to refresh the same value', async () => {
    const key = newKey()
    await stored(value)(redis, key)
    await renewIt(key)

    expect(await fill(redis, key, toRefresh, anotherEntry)).toBe('rejected')
    expect(await standing(redis, key)).toEqual(renewed)
  })

  it('leaves a tagged value its moment of the tag clock where it is given none', async () => {
    const key = newKey()
    await stored(taggedValue)(redis, key)
    const { generation } = laterOrigin

    await renew(
      redis,
      key,
      { head: headOf(taggedValue), ttl: spans.given },
      { ...again, origin: { ...laterOrigin, tagMoment: undefined } },
    )

    expect(await standing(redis, key)).toEqual(valued(taggedValue, { ...header, origin: { ...origin, generation } }))
  })

  it('leaves every byte of a large payload as it is', async () => {
    const key = newKey()
    const large = Buffer.concat([value, Buffer.alloc(2 ** 20, '\u0000\n\r\u00ff')])
    await stored(large)(redis, key)

    await renewIt(key)

    expect(await standing(redis, key)).toEqual(valued(large, header))
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = newKey()
    await stored(value)(redis, key)

    expect(await renewIt(key)).toBe('accepted')
    expect(await standing(redis, key)).toEqual(renewed)

    const commands = await commandsDuring(redis, () => renewIt(newKey()))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(renew(answering(reply), newKey(), toRefresh, again)).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `renew: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
