import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Amendment } from '../../src/cache/shape.ts'
import type { FieldChange } from '../../src/record/record-shape.ts'
import {
  absent,
  answering,
  anothers,
  anythingElse,
  barrier,
  commandsDuring,
  lease,
  newKey,
  type State,
  withoutTtl,
  withTtl,
} from '../protocol/standing.ts'
import { hashed, idIn, marked, type RecordAt, recordOf, shape, standingAt, written } from './standing-record.ts'

const seen = recordOf({ name: 'Lamp', stock: '5', note: 'new' })
const mine = recordOf({})
const another = recordOf({ name: 'Vase', stock: '1' })
const withHead = (head: string, { header, fields }: RecordAt): RecordAt => ({
  header: `${head}${header.slice(23)}`,
  fields,
})
/** What becomes of the one that was seen. */
const after = (fields: RecordAt['fields']) => written({ ...withHead(mine.header.slice(0, 23), seen), fields })

type Change = Readonly<Record<string, string | null>>

const amendment = (change: Change): Amendment<FieldChange> => ({
  opened: idIn(seen),
  id: idIn(mine),
  change: new Map(Object.entries(change).map(([name, text]) => [name, text === null ? null : Buffer.from(text)])),
})

interface Case {
  readonly state: string
  readonly before: State
  readonly reply: 'accepted' | 'rejected'
  readonly after: 'unchanged' | Record<string, string>
}

const rejected = { reply: 'rejected', after: 'unchanged' } as const
const accepted = { reply: 'accepted', after: after({ name: 'Lamp', stock: '4', note: 'new' }) } as const

describe('updateRecord', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const update = (key: string, change: Change) => shape.amend(redis, key, amendment(change))

  it.each<Case>([
    { state: 'record, opened', before: hashed(marked(seen)), ...accepted },
    { state: 'record, opened, by a mark that is over', before: hashed(marked(seen, 1)), ...accepted },
    { state: 'record, opened, unmarked', before: hashed(seen), ...accepted },
    { state: 'record, opened, without a TTL', before: withoutTtl(hashed(seen)), ...accepted },
    { state: 'record, opened, with a longer TTL', before: withTtl('fresh', hashed(seen)), ...accepted },
    {
      state: 'record, opened, without the field',
      before: hashed({ ...seen, fields: { name: 'Lamp', note: 'new' } }),
      ...accepted,
    },
    {
      state: 'record, this very one',
      before: hashed(withHead(mine.header.slice(0, 23), seen)),
      reply: 'accepted',
      after: 'unchanged',
    },
    { state: 'record, another', before: hashed(another), ...rejected },
    { state: 'lease', before: lease(anothers), ...rejected },
    { state: 'barrier', before: barrier('-', [anothers, 'before']), ...rejected },
    { state: 'absent', before: absent, ...rejected },
    ...anythingElse.map(([state, before]) => ({ state, before, ...rejected })),
  ])('$state → $reply', async ({ before, reply, after: then }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standingAt(redis, key)

    expect(await update(key, { stock: '4' })).toBe(reply)
    expect(await standingAt(redis, key)).toEqual(then === 'unchanged' ? was : then)
  })

  it.each<[string, Change, RecordAt['fields']]>([
    ['one field', { stock: '4' }, { name: 'Lamp', stock: '4', note: 'new' }],
    ['some', { stock: '4', name: '' }, { name: '', stock: '4', note: 'new' }],
    ['one that is null from then on', { note: null }, { name: 'Lamp', stock: '5' }],
    ['one, and another that is null from then on', { note: null, stock: '-0' }, { name: 'Lamp', stock: '-0' }],
    ['none: only the TTL is renewed', {}, seen.fields],
    ['every byte', { name: 'Zoë \r\n\u0000🦊' }, { name: 'Zoë \r\n\u0000🦊', stock: '5', note: 'new' }],
  ])('writes %s', async (_what, change, fields) => {
    const key = newKey()
    await hashed(seen)(redis, key)

    expect(await update(key, change)).toBe('accepted')
    expect(await standingAt(redis, key)).toEqual(after(fields))
  })

  it('that is sent again is accepted again, and changes nothing', async () => {
    const key = newKey()
    await hashed(seen)(redis, key)
    await update(key, { stock: '4' })
    const was = await standingAt(redis, key)

    expect(await update(key, { stock: '3' })).toBe('accepted')
    expect(await standingAt(redis, key)).toEqual(was)
  })

  it('that is sent again after another update, or after the record was loaded again, is rejected', async () => {
    const key = newKey()
    await hashed(seen)(redis, key)
    await update(key, { stock: '4' })
    await shape.amend(redis, key, {
      ...amendment({ stock: '3' }),
      opened: idIn(mine),
      id: idIn(another),
    })
    const was = await standingAt(redis, key)

    expect(await update(key, { stock: '4' })).toBe('rejected')
    expect(await standingAt(redis, key)).toEqual(was)
  })

  it('is accepted from one of many that opened the same record', async () => {
    const key = newKey()
    await hashed(seen)(redis, key)
    const ids = Array.from({ length: 20 }, (_, index) => `${index}`.padStart(22, 'i'))

    const replies = await Promise.all(ids.map((id) => shape.amend(redis, key, { ...amendment({ stock: '4' }), id })))

    expect(replies.filter((reply) => reply === 'accepted')).toHaveLength(1)
  })

  it('does not read the fields', async () => {
    const key = newKey()
    await hashed(seen)(redis, key)

    const commands = await commandsDuring(redis, () => update(key, { stock: '4' }))

    expect(commands).toMatchObject({ hget: 1, hset: 1 })
    expect(commands).not.toHaveProperty('hmget')
    expect(commands).not.toHaveProperty('hdel')
  })

  it('that Redis refuses, because its memory is full, leaves the record as it was', async () => {
    const key = newKey()
    await hashed(seen)(redis, key)
    const was = await standingAt(redis, key)
    await redis.config('SET', 'maxmemory', '1')

    const refused = update(key, { stock: '4', note: null })

    await expect(refused).rejects.toThrow('OOM')
    await redis.config('SET', 'maxmemory', '0')
    expect(await standingAt(redis, key)).toEqual(was)
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(shape.amend(answering(reply), newKey(), amendment({}))).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `updateRecord: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
