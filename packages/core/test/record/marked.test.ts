import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lower, raise } from '../../src/protocol/barrier.ts'
import { expire } from '../../src/protocol/expire.ts'
import { invalidate } from '../../src/protocol/invalidate.ts'
import {
  anothers,
  barred,
  mine,
  newKey,
  type Standing,
  type State,
  spans,
  standing,
  withoutTtl,
} from '../protocol/standing.ts'
import { hashed, idIn, marked, negativeRecord, type RecordAt, recordOf } from './standing-record.ts'

const record = recordOf({ name: 'Lamp', stock: '5' })
const atWork = marked(record)
const dead = marked(record, 1)
const cut: RecordAt = { ...record, header: atWork.header.slice(0, 30) }
const withMark = (mark: string): RecordAt => ({
  ...record,
  header: `${atWork.header.slice(0, 23)}${mark}${atWork.header.slice(25)}`,
})
const junk: RecordAt = { ...record, header: `${atWork.header.slice(0, 25)}a day or two.${atWork.header.slice(38)}` }

/** What is left of a writer: his part of a barrier. */
const his = [idIn(atWork), 'fresh'] as const
const kept = barred('x', [his], 'fresh')

/** What scripts that know nothing of records do to one. */
describe('a record', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  const calls: readonly [string, (key: string) => Promise<unknown>][] = [
    ['invalidated', (key) => invalidate(redis, [key])],
    ['expired', (key) => expire(redis, [key])],
  ]
  const unmarked: readonly [string, State][] = [
    ['as it is', hashed(record)],
    ['without a TTL', withoutTtl(hashed(record))],
    ['whose writer has died', hashed(dead)],
    ['that does not exist', hashed(negativeRecord())],
    ['whose header is cut', hashed(cut)],
    ['whose mark is junk', hashed(junk)],
    ['that has another mark', hashed(withMark('3r'))],
    ['of another format version', hashed(withMark('4w'))],
    ['without a header', (client, key) => client.hset(key, 'name', 'Lamp')],
  ]

  describe.each(calls)('that is %s', (_how, call) => {
    it.each(unmarked)('is gone: %s', async (_what, before) => {
      const key = newKey()
      await before(redis, key)

      await call(key)

      expect(await standing(redis, key)).toBeNull()
    })

    it('leaves its writer, who is at work: until his mark ends nothing is filled', async () => {
      const key = newKey()
      await hashed(atWork)(redis, key)

      await call(key)

      expect(await standing(redis, key)).toEqual(kept)
    })

    it('is gone though its writer is at work, where memory is full', async () => {
      const key = newKey()
      await hashed(atWork)(redis, key)
      await redis.config('SET', 'maxmemory', '1')

      const called = await call(key).catch((error: unknown) => error)
      await redis.config('SET', 'maxmemory', '0')

      expect(called).not.toBeInstanceOf(Error)
      expect(await standing(redis, key)).toBeNull()
    })
  })

  it.each<[string, State, Standing]>([
    ...unmarked.map(([what, before]) => [what, before, barred('-', [[mine, 'given']])] as [string, State, Standing]),
    ['whose writer is at work', hashed(atWork), barred('x', [his, [mine, 'given']])],
    [
      'whose writer it is',
      hashed({ ...atWork, header: `V${mine}${atWork.header.slice(23)}` }),
      barred('-', [[mine, 'given']]),
    ],
  ])('where a barrier is raised, %s', async (what, before, after) => {
    const key = newKey()
    await before(redis, key)

    expect(await raise(redis, key, { token: mine, ttl: spans.given })).toBe(
      what === 'whose writer it is' ? 'up' : 'raised',
    )
    expect(await standing(redis, key)).toEqual(after)
  })

  it.each<[string, State, Standing | null]>([
    ...unmarked.map(([what, before]) => [what, before, null] as [string, State, null]),
    ['whose writer is at work', hashed(atWork), kept],
    ['whose writer it is', hashed({ ...atWork, header: `V${mine}${atWork.header.slice(23)}` }), null],
  ])('where a barrier is lowered, %s', async (_what, before, after) => {
    const key = newKey()
    await before(redis, key)

    expect(await lower(redis, key, { token: mine, settle: 0 })).toBe('lowered')
    expect(await standing(redis, key)).toEqual(after)
  })

  it('is settled by a lowered barrier', async () => {
    const key = newKey()
    await hashed(record)(redis, key)

    expect(await lower(redis, key, { token: anothers, settle: spans.fresh })).toBe('lowered')
    expect(await standing(redis, key)).toEqual(barred('x', [[anothers, 'fresh']], 'fresh'))
  })
})
