import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  absent,
  answering,
  anothers,
  anythingElse,
  barrier,
  commandsDuring,
  lease,
  mine,
  newKey,
  type Span,
  type State,
  spans,
  stored,
  value,
  withoutTtl,
  withTtl,
} from '../protocol/standing.ts'
import { hashed, marked, negativeRecord, type RecordAt, recordOf, shape, standingAt } from './standing-record.ts'

const { header, fields } = recordOf({ name: 'Lamp', stock: '5', note: '' })
const record: RecordAt = { header: `${header.slice(0, 38)}${Date.now() + spans.before}${header.slice(51)}`, fields }
const withId = (id: string, { header: given }: RecordAt): RecordAt => ({ header: `V${id}${given.slice(23)}`, fields })
const changed = (from: number, text: string): RecordAt => ({
  ...record,
  header: `${record.header.slice(0, from)}${text}${record.header.slice(from + text.length)}`,
})
/** As `standingAt` tells it. */
const opened = (ttl: Span, etag = '') => ({
  ...record.fields,
  header: `V${mine}3w<${ttl === 'fresh' ? 'before' : ttl}><before>${record.header.slice(51)}${etag}`,
  ttl,
})

interface Case {
  readonly state: string
  readonly before: State
  readonly reply: boolean
  readonly after: 'unchanged' | Record<string, string>
}

const refused = { reply: false, after: 'unchanged' } as const

describe('openRecord', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const open = (key: string, id = mine) => shape.open(redis, key, { id, ttl: spans.given, format: 'record' })

  it.each<Case>([
    { state: 'record', before: hashed(record), reply: true, after: opened('given') },
    { state: 'record without a TTL', before: withoutTtl(hashed(record)), reply: true, after: opened('given') },
    {
      state: 'record, this very one',
      before: hashed(marked(withId(mine, record))),
      reply: true,
      after: 'unchanged',
    },
    { state: 'record, marked', before: hashed(marked(record)), ...refused },
    { state: 'record, marked until a while ago', before: hashed(marked(record, 1)), ...refused },
    { state: 'record, another format', before: hashed({ ...record, header: `${record.header}s` }), ...refused },
    { state: 'record, another version', before: hashed({ ...record, header: `${record.header}/2` }), ...refused },
    { state: 'record, of no format', before: hashed({ ...record, header: record.header.slice(0, -1) }), ...refused },
    {
      state: 'record, with an etag',
      before: hashed({ ...record, header: `${record.header} etag` }),
      reply: true,
      after: opened('given', ' etag'),
    },
    { state: '"does not exist"', before: hashed(negativeRecord()), ...refused },
    { state: 'lease', before: lease(anothers), ...refused },
    { state: 'lease, mine', before: lease(mine), ...refused },
    { state: 'barrier', before: barrier('-', [anothers, 'before']), ...refused },
    { state: 'absent', before: absent, ...refused },
    { state: 'hash without a header', before: (client, key) => client.hset(key, 'name', 'Lamp'), ...refused },
    { state: 'header that is cut', before: hashed({ ...record, header: record.header.slice(0, 88) }), ...refused },
    { state: 'header of another format version', before: hashed(changed(23, '4')), ...refused },
    { state: 'header that is none', before: hashed(changed(0, 'L')), ...refused },
    { state: 'a value that is a string', before: stored(value), ...refused },
    ...anythingElse.map(([state, before]) => ({ state, before, ...refused })),
  ])('$state → $reply', async ({ before, reply, after }) => {
    const key = newKey()
    await before(redis, key)
    const was = await standingAt(redis, key)

    expect(await open(key)).toBe(reply)
    expect(await standingAt(redis, key)).toEqual(after === 'unchanged' ? was : after)
  })

  it('leaves the TTL of a record that stands for longer than the mark', async () => {
    const key = newKey()
    await withTtl('fresh', hashed(record))(redis, key)

    expect(await shape.open(redis, key, { id: mine, ttl: spans.before, format: 'record' })).toBe(true)
    expect(await standingAt(redis, key)).toEqual(opened('fresh'))
  })

  it('that is sent again is accepted again, and changes nothing', async () => {
    const key = newKey()
    await hashed(record)(redis, key)
    await open(key)
    const was = await standingAt(redis, key)

    expect(await open(key)).toBe(true)
    expect(await standingAt(redis, key)).toEqual(was)
  })

  it('is accepted from one of many at once', async () => {
    const key = newKey()
    await hashed(record)(redis, key)
    const ids = Array.from({ length: 20 }, (_, index) => `${index}`.padStart(22, 'i'))

    const replies = await Promise.all(ids.map((id) => open(key, id)))

    expect(replies.filter(Boolean)).toHaveLength(1)
  })

  it('leaves the record to be read', async () => {
    const key = newKey()
    await hashed(record)(redis, key)
    await open(key)

    const read = await shape.read(redis, key)

    expect(shape.codec.decode(read?.subarray(read.indexOf('\n') + 1) ?? Buffer.alloc(0))).toEqual({
      name: 'Lamp',
      stock: 5,
      note: '',
    })
  })

  it('does not read the fields', async () => {
    const key = newKey()
    await hashed(record)(redis, key)

    expect(await commandsDuring(redis, () => open(key))).not.toHaveProperty('hmget')
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    await expect(shape.open(answering(reply), newKey(), { id: mine, ttl: 1, format: 'record' })).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `openRecord: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
