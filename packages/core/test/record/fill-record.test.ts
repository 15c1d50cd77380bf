import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFields } from '../../src/record/fields.ts'
import { RecordShape } from '../../src/record/record-shape.ts'
import type { Entry, Lease } from '../../src/protocol/store.ts'
import {
  absent,
  answering,
  anothers,
  anythingElse,
  barrier,
  lease,
  leased,
  mine,
  myLease,
  newKey,
  type Standing,
  type State,
  spans,
  withoutTtl,
} from '../protocol/standing.ts'
import {
  hashed,
  headIn,
  negativeRecord,
  type RecordAt,
  rawOf,
  recordOf,
  shape,
  standingAt,
  written,
} from './standing-record.ts'

const record = recordOf({ name: 'Lamp', stock: '5', note: '' })
const another = recordOf({ name: 'Vase', stock: '1' })
const entryOf = (loaded: RecordAt): Entry => ({ raw: rawOf(loaded), freshFor: spans.given, ttl: spans.given })
const filled = written(record)

interface Case {
  readonly state: string
  readonly before: State
  readonly reply: 'accepted' | 'rejected'
  readonly after: 'unchanged' | Record<string, string> | Standing
}

const rejected = { reply: 'rejected', after: 'unchanged' } as const

describe('fillRecord', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const fill = (key: string, right: Lease = myLease, loaded: RecordAt = record) =>
    shape.fill(redis, key, right, entryOf(loaded))

  it.each<Case>([
    { state: 'absent', before: absent, ...rejected },
    { state: 'lease, expected', before: lease(mine), reply: 'accepted', after: filled },
    { state: 'lease, expected, without a TTL', before: withoutTtl(lease(mine)), reply: 'accepted', after: filled },
    { state: 'lease, another', before: lease(anothers), ...rejected },
    { state: 'record, this very one', before: hashed(record), reply: 'accepted', after: 'unchanged' },
    {
      state: 'record, this very one, with other fields',
      before: hashed({ ...record, fields: another.fields }),
      reply: 'accepted',
      after: 'unchanged',
    },
    { state: 'record, another', before: hashed(another), ...rejected },
    { state: 'barrier', before: barrier('-', [anothers, 'before']), ...rejected },
    { state: 'barrier, mine', before: barrier('x', [mine, 'before']), ...rejected },
    ...anythingElse.map(([state, before]) => ({ state, before, ...rejected })),
  ])('$state → $reply', async ({ before, reply, after }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standingAt(redis, key)

    expect(await fill(key)).toBe(reply)
    expect(await standingAt(redis, key)).toEqual(after === 'unchanged' ? was : after)
  })

  it('does not fill a record in place of the one that is expected: nobody refreshes one', async () => {
    const key = newKey()
    await hashed(another)(redis, key)

    expect(await fill(key, { head: headIn(another), ttl: spans.given })).toBe('rejected')
  })

  it('that is sent again is accepted again', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    await fill(key)

    expect(await fill(key)).toBe('accepted')
    expect(await standingAt(redis, key)).toEqual(filled)
  })

  it('that arrives after the record was voided, and leased to another, is rejected', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    await fill(key)
    await redis.unlink(key)
    expect(await fill(key)).toBe('rejected')
    await lease(anothers)(redis, key)

    expect(await fill(key)).toBe('rejected')
    expect(await standingAt(redis, key)).toEqual(leased(anothers, 'before'))
  })

  it('stores a "does not exist" without fields', async () => {
    const key = newKey()
    const negative = negativeRecord()
    await lease(mine)(redis, key)

    expect(await fill(key, myLease, negative)).toBe('accepted')
    expect(await standingAt(redis, key)).toEqual(written(negative))
  })

  it('stores every byte of as many fields as a record can have', async () => {
    const key = newKey()
    const declared = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, index) => [`field${index}`, 'string'] as const),
    )
    const wide = new RecordShape(readFields(declared, []))
    const fields = Object.fromEntries(Object.keys(declared).map((name) => [name, `${name}\r\n\u0000 é`]))
    const raw = Buffer.concat([Buffer.from(`${record.header}\n`), wide.codec.encode(fields)])
    await lease(mine)(redis, key)

    expect(await wide.fill(redis, key, myLease, { raw, freshFor: spans.given, ttl: spans.given })).toBe('accepted')
    expect(await standingAt(redis, key)).toEqual(written({ ...record, fields }))
    expect(await wide.acquire(redis, key, { token: anothers, ttl: 1 })).toMatchObject({ kind: 'value' })
  })

  it('is accepted from one of many that have the lease', async () => {
    const key = newKey()
    await lease(mine)(redis, key)
    const records = Array.from({ length: 20 }, () => recordOf(record.fields))

    const replies = await Promise.all(records.map((each) => fill(key, myLease, each)))

    expect(replies.filter((reply) => reply === 'accepted')).toHaveLength(1)
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(shape.fill(answering(reply), newKey(), myLease, entryOf(record))).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `fillRecord: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
