import { type RedisServer, startRedis } from '@cache-aside/testkit'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judgeByTags } from '../../src/entry/origin.ts'
import { newToken } from '../../src/entry/token.ts'
import { runScript } from '../../src/protocol/script.ts'
import { bumpScript } from '../../src/protocol/scripts.generated.ts'
import { bump, type Forward, moment, tagReadings } from '../../src/protocol/tag-clock.ts'
import { absent, answering, commandsDuring, newKey, type Span, type State, spans } from './standing.ts'
import {
  anothers,
  clock,
  clockStanding,
  digits,
  type Fields,
  freshId,
  knownId,
  lostParts,
  madeAnew,
  mine,
  serverMicroseconds,
  thirds,
} from './standing-clock.ts'

const hour = 3_600_000
const known: Fields = { id: knownId, clock: '<now>', floor: '<long ago>', due: '' }
const fresh: Fields = { id: freshId, clock: '<now>', floor: '<now>', due: '' }
/** A reading so far ahead is due then. */
const dueAt = (ahead: Span | undefined): string => (ahead ? `<${ahead}>` : '')

interface Case {
  readonly state: string
  readonly before?: string
  readonly ahead?: Span
  readonly after: string
  readonly reply?: 0
}

describe('bump', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  interface Given {
    readonly ahead?: Span | undefined
    readonly tags?: readonly string[]
    /** Milliseconds. */
    readonly kept?: number
    readonly token?: string
  }
  const run = (key: string, what: Forward['what'], { ahead, tags = ['a'], kept = hour, token }: Given = {}) => {
    const writer = what === 'raise' || what === 'lower' ? mine : ''
    const given = [token ?? newToken(), what, ahead ? spans[ahead] : 0, writer, kept, ...tags]
    return runScript(redis, bumpScript, [key], given)
  }
  const put = async (state: State) => {
    const key = newKey()
    await state(redis, key)
    return key
  }
  const fieldOf = (tag: string, content: string | undefined): Fields =>
    content === undefined ? {} : { [tag]: content }
  const readingsAt = async (key: string, tag: string) => {
    const raw = (await redis.hget(key, tag)) ?? ''
    return [Number(raw.slice(0, 16)), Number(raw.slice(16, 32))] as const
  }

  const table = (what: Forward['what'], cases: readonly Case[]) =>
    it.each(cases)(`${what}: $state`, async ({ before, ahead, after, reply = 1 }) => {
      const key = await put(clock(fieldOf(':a', before)))

      expect(await run(key, what, { ahead })).toBe(reply)
      expect(await clockStanding(redis, key)).toEqual({ ...known, due: dueAt(ahead), ':a': after })
    })

  table('void', [
    { state: 'a tag without a field', after: '<now><0>' },
    { state: 'a tag that was voided before', before: '<over><0>', after: '<now><0>' },
    { state: 'a tag that was expired before', before: '<long ago><over>', after: '<now><over>' },
    { state: 'a tag that settles', before: '<before><0>', after: '<before><0>' },
    { state: 'ahead, a tag without a field', ahead: 'fresh', after: '<fresh><0>' },
    {
      state: 'ahead, a tag that settles for a shorter time',
      before: '<before><0>',
      ahead: 'fresh',
      after: '<fresh><0>',
    },
    { state: 'ahead, a tag that settles for a longer time', before: '<given><0>', ahead: 'fresh', after: '<given><0>' },
    {
      state: 'a tag with a writer at work',
      before: `<before><0><over>${anothers}<before>`,
      after: `<before><0><now>${anothers}<before>`,
    },
    {
      state: 'a tag with writers at work, the last of them first',
      before: `<given><over><over>${thirds}<given>${anothers}<before>`,
      after: `<given><over><now>${thirds}<given>${anothers}<before>`,
    },
    {
      state: 'ahead, a tag with a writer at work for a shorter time',
      before: `<before><0><over>${anothers}<before>`,
      ahead: 'fresh',
      after: `<fresh><0><fresh>${anothers}<before>`,
    },
    {
      state: 'ahead, a tag with a writer at work for a longer time',
      before: `<given><0><over>${anothers}<given>`,
      ahead: 'fresh',
      after: `<given><0><fresh>${anothers}<given>`,
    },
    {
      state: 'a tag with a writer whose time is over',
      before: `<over><0><long ago>${anothers}<over>`,
      after: '<now><0>',
    },
    {
      state: 'a tag with one writer at work, and one whose time is over',
      before: `<before><0><long ago>${anothers}<over>${thirds}<before>`,
      after: `<before><0><now>${thirds}<before>`,
    },
  ])

  table('expire', [
    { state: 'a tag without a field, which was void before the floor', after: '<long ago><now>' },
    { state: 'a tag that was voided before', before: '<over><0>', after: '<over><now>' },
    { state: 'a tag that was expired before', before: '<long ago><over>', after: '<long ago><now>' },
    { state: 'a tag that is to be expired for longer', before: '<long ago><before>', after: '<long ago><before>' },
    { state: 'a tag that settles', before: '<before><0>', after: '<before><now>' },
    {
      state: 'a tag with a writer at work',
      before: `<before><0><over>${anothers}<before>`,
      after: `<before><now><over>${anothers}<before>`,
    },
    {
      state: 'a tag with a writer whose time is over: void before its end',
      before: `<over><0><long ago>${anothers}<over>`,
      after: '<over><now>',
    },
  ])

  table('raise', [
    { state: 'a tag without a field', ahead: 'given', after: `<given><0><long ago>${mine}<given>` },
    {
      state: 'a tag that was voided before',
      before: '<over><0>',
      ahead: 'given',
      after: `<given><0><over>${mine}<given>`,
    },
    {
      state: 'a tag that was expired before',
      before: '<long ago><over>',
      ahead: 'given',
      after: `<given><over><long ago>${mine}<given>`,
    },
    {
      state: 'a tag that settles for a longer time',
      before: '<given><0>',
      ahead: 'before',
      after: `<given><0><given>${mine}<before>`,
    },
    {
      state: 'a tag with a writer at work',
      before: `<before><0><over>${anothers}<before>`,
      ahead: 'given',
      after: `<given><0><over>${anothers}<before>${mine}<given>`,
    },
    {
      state: 'a tag with a writer at work for a longer time',
      before: `<given><0><over>${anothers}<given>`,
      ahead: 'before',
      after: `<given><0><over>${anothers}<given>${mine}<before>`,
    },
    {
      state: 'a tag with this writer at work',
      before: `<before><0><over>${mine}<before>`,
      ahead: 'given',
      after: `<given><0><over>${mine}<given>`,
      reply: 0,
    },
    {
      state: 'a tag with this writer at work, and another',
      before: `<given><0><over>${mine}<before>${anothers}<given>`,
      ahead: 'fresh',
      after: `<given><0><over>${anothers}<given>${mine}<fresh>`,
      reply: 0,
    },
    {
      state: 'a tag with this writer, whose time was over',
      before: `<over><0><long ago>${mine}<over>`,
      ahead: 'given',
      after: `<given><0><over>${mine}<given>`,
    },
    {
      state: 'a tag with another writer, whose time is over',
      before: `<over><0><long ago>${anothers}<over>`,
      ahead: 'given',
      after: `<given><0><over>${mine}<given>`,
    },
  ])

  table('lower', [
    { state: 'a tag with this writer alone', before: `<before><0><over>${mine}<before>`, after: '<now><0>' },
    { state: 'a tag that was expired since', before: `<before><over><over>${mine}<before>`, after: '<now><over>' },
    {
      state: 'ahead, a tag with this writer alone',
      before: `<before><0><over>${mine}<before>`,
      ahead: 'fresh',
      after: '<fresh><0>',
    },
    {
      state: 'a tag that settles since',
      before: `<fresh><0><fresh>${mine}<before>`,
      after: '<fresh><0>',
    },
    {
      state: 'a tag with this writer and another',
      before: `<given><0><over>${mine}<given>${anothers}<before>`,
      after: `<before><0><now>${anothers}<before>`,
    },
    {
      state: 'ahead, a tag with this writer and another',
      before: `<given><0><over>${mine}<given>${anothers}<before>`,
      ahead: 'fresh',
      after: `<fresh><0><fresh>${anothers}<before>`,
    },
    {
      state: 'a tag with this writer, whose time is over, and another',
      before: `<before><0><long ago>${mine}<over>${anothers}<before>`,
      after: `<before><0><now>${anothers}<before>`,
    },
    {
      state: 'a tag with another writer, whose time is over',
      before: `<over><0><long ago>${anothers}<over>`,
      after: '<now><0>',
    },
    { state: 'a tag with this writer, whose time is over', before: `<over><0><over>${mine}<over>`, after: '<now><0>' },
    { state: 'a tag without a field', after: '<now><0>' },
    { state: 'a tag that was voided before', before: '<over><0>', after: '<now><0>' },
  ])

  it.each<readonly [Forward['what'], Span | undefined, string]>([
    ['void', undefined, '<now><0>'],
    ['void', 'given', '<given><0>'],
    ['expire', undefined, '<now><now>'],
    ['raise', 'given', `<given><0><now>${mine}<given>`],
    ['lower', undefined, '<now><0>'],
  ])(
    '%s, ahead %s, where there is no clock: a new one that knows of nothing before now',
    async (what, ahead, after) => {
      for (const [, state] of [['absent', absent] as const, ...madeAnew]) {
        const key = await put(state)

        expect(await run(key, what, { ahead })).toBe(1)
        expect(await clockStanding(redis, key)).toEqual({ ...fresh, due: dueAt(ahead), ':a': after })
      }
    },
  )

  it('sets each of its tags forward by the same, and no other tag', async () => {
    const key = await put(clock({ ':b': '<over><0>', ':c': '<over><0>' }))

    await run(key, 'void', { tags: ['a', 'b'] })

    const [[a], [b]] = [await readingsAt(key, ':a'), await readingsAt(key, ':b')]
    expect(a).toBe(b)
    expect(await clockStanding(redis, key)).toEqual({ ...known, ':a': '<now><0>', ':b': '<now><0>', ':c': '<over><0>' })
  })

  it.each(['id', 'clock', 'floor', '', ':', 'é😀', ' *'])('takes %j for a tag like any other', async (tag) => {
    const key = await put(clock())

    await run(key, 'void', { tags: [tag] })

    expect(await clockStanding(redis, key)).toEqual({ ...known, [`:${tag}`]: '<now><0>' })
  })

  it('raises where one part of many is new, and finds all up where none is', async () => {
    const key = await put(clock({ ':a': `<before><0><over>${mine}<before>` }))

    expect(await run(key, 'raise', { tags: ['a', 'b'], ahead: 'given' })).toBe(1)
    expect(await run(key, 'raise', { tags: ['a', 'b'], ahead: 'given' })).toBe(0)
  })

  it('takes a writer out when its time is over for the server, though the clock is ahead', async () => {
    const [atWork, over] = [`<before><0><over>${anothers}<before>`, `<over><0><over>${anothers}<over>`]
    const key = await put(clock({ clock: '<given>', ':a': atWork, ':b': over }))

    await run(key, 'expire', { tags: ['a', 'b'] })

    expect(await clockStanding(redis, key)).toEqual({
      ...known,
      clock: '<given>',
      ':a': `<before><given><over>${anothers}<before>`,
      ':b': '<over><given>',
    })
  })

  describe('its readings', () => {
    it.each<readonly [Forward['what'], 0 | 1]>([
      ['void', 0],
      ['lower', 0],
      ['expire', 1],
    ])('by %s are later than every moment that was given before', async (what, which) => {
      for (const reading of ['<over>', '<given>']) {
        const key = await put(clock({ clock: reading }))
        for (let time = 0; time < 5; time++) {
          const before = await moment(redis, key)

          await run(key, what)

          expect((await readingsAt(key, ':a'))[which]).toBeGreaterThan(before.reading)
          expect((await moment(redis, key)).reading).toBeGreaterThanOrEqual((await readingsAt(key, ':a'))[which])
        }
      }
    })

    it('go on from the clock, by one, where that is ahead of the server', async () => {
      const ahead = (await serverMicroseconds(redis)) + 1_000 * hour
      const key = await put(clock({ clock: digits(ahead) }))

      await run(key, 'void')
      await run(key, 'expire', { tags: ['b'] })
      await run(key, 'void', { tags: ['c'], ahead: 'given' })

      expect(await readingsAt(key, ':a')).toEqual([ahead + 1, 0])
      expect((await readingsAt(key, ':b'))[1]).toBe(ahead + 2)
      expect(await readingsAt(key, ':c')).toEqual([ahead + 3 + 1_000 * spans.given, 0])
      expect(await redis.hget(key, 'clock')).toBe(digits(ahead + 3))
    })

    it('of a barrier are later than every moment that is given while it stands, also where the clock is ahead', async () => {
      const ahead = (await serverMicroseconds(redis)) + 1_000 * hour
      const key = await put(clock({ clock: digits(ahead) }))

      await run(key, 'raise', { ahead: 'before' })

      expect((await moment(redis, key)).reading).toBeLessThan((await readingsAt(key, ':a'))[0])
    })

    it('never go back, whatever is sent in whatever order', async () => {
      const whats = fc.constantFrom<Forward['what'][]>('void', 'expire', 'raise', 'lower')
      const aheads = fc.constantFrom<(Span | undefined)[]>(undefined, 'before', 'fresh')
      const clocks = fc.constantFrom('<over>', '<now>', '<given>')

      await fc.assert(
        fc.asyncProperty(clocks, fc.array(fc.tuple(whats, aheads), { maxLength: 12 }), async (reading, commands) => {
          const key = await put(clock({ clock: reading }))
          for (const [what, ahead] of commands) {
            const [expired, was] = [(await readingsAt(key, ':a'))[1], Number(await redis.hget(key, 'clock'))]
            const before = await moment(redis, key)
            const readings = await tagReadings(redis, key, ['a'])
            const wasVoid = judgeByTags(before, ['a'], readings) === 'void'

            await run(key, what, { ahead: what === 'expire' ? undefined : ahead })

            const after = await tagReadings(redis, key, ['a'])
            expect((await readingsAt(key, ':a'))[1]).toBeGreaterThanOrEqual(expired)
            expect(Number(await redis.hget(key, 'clock'))).toBeGreaterThan(was)
            if (wasVoid || what !== 'expire') expect(judgeByTags(before, ['a'], after)).toBe('void')
            else expect(judgeByTags(before, ['a'], after)).toBe('expired')
          }
        }),
        { numRuns: 60 },
      )
    })
  })

  describe('what is due', () => {
    it.each<readonly [string, string, Span | undefined, string]>([
      ['the first reading ahead', '', 'before', '<before>'],
      ['one that is due sooner', '<fresh><given>', 'before', '<before><fresh><given>'],
      ['one that is due later', '<before><fresh>', 'given', '<before><fresh><given>'],
      ['none', '<before><given>', undefined, '<before><given>'],
      ['what it goes beyond itself', '<long ago><over><before>', undefined, '<before>'],
      ['what it goes beyond itself, and one', '<over><given>', 'fresh', '<fresh><given>'],
      ['no digits', 'n'.repeat(16), 'fresh', '<fresh>'],
    ])('is in order, with %s', async (_what, before, ahead, after) => {
      for (const what of ['void', 'raise'] as const) {
        const key = await put(clock({ due: before }))

        await run(key, what, { ahead })

        expect((await clockStanding(redis, key))?.due).toBe(after)
      }
    })

    it('stays when a writer is done: others may be due with it', async () => {
      const key = await put(clock())
      await run(key, 'raise', { ahead: 'before' })

      await run(key, 'lower')

      expect((await clockStanding(redis, key))?.due).toBe('<before>')
    })

    it('is no sooner than a reading, and later by a sixteenth of its distance at most', async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 31_536_000_000 }), async (ahead) => {
          const key = await put(clock())

          await bump(redis, key, ['a'], { what: 'void', ahead, writer: '' })

          const [reading, due] = [(await readingsAt(key, ':a'))[0], Number(await redis.hget(key, 'due'))]
          expect(due).toBeGreaterThanOrEqual(reading)
          expect(due - reading).toBeLessThan((ahead * 1_000) / 16)
        }),
        { numRuns: 100 },
      )
    })

    it('is little, however many readings are ahead', async () => {
      const key = await put(clock())
      for (let time = 0; time < 1_000; time++) await run(key, 'raise', { ahead: 'before', tags: [`t${time}`] })

      expect((await redis.hget(key, 'due'))?.length).toBeLessThanOrEqual(32 * 16)
    })

    it('is beyond every reading ahead that is given, whatever is sent', async () => {
      const whats = fc.constantFrom<Forward['what'][]>('void', 'expire', 'raise', 'lower')
      const aheads = fc.constantFrom<(Span | undefined)[]>(undefined, 'before', 'fresh', 'given')

      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(whats, aheads), { minLength: 1, maxLength: 12 }), async (commands) => {
          const key = await put(clock())
          for (const [what, ahead] of commands) await run(key, what, { ahead })

          const dues = (await redis.hget(key, 'due')) ?? ''
          const last = Math.max(Number(await redis.hget(key, 'clock')), Number(dues.slice(-16)))
          for (const reading of await readingsAt(key, ':a')) expect(last).toBeGreaterThanOrEqual(reading)
        }),
        { numRuns: 60 },
      )
    })
  })

  describe('of old tags', () => {
    it.each<readonly [string, string, string | undefined, string]>([
      ['void long ago', '<long ago><0>', undefined, '<long ago>'],
      ['expired long ago', '<0><long ago>', undefined, '<long ago>'],
      ['void a while ago', '<over><0>', '<over><0>', '<0>'],
      ['expired a while ago, and void long ago', '<long ago><over>', '<long ago><over>', '<0>'],
      ['settling', '<before><0>', '<before><0>', '<0>'],
      ['with a writer at work', `<before><0><0>${mine}<before>`, `<before><0><0>${mine}<before>`, '<0>'],
      ['with a writer whose time was over long ago', `<long ago><0><0>${mine}<long ago>`, undefined, '<long ago>'],
      ['with a reading that is none', 'noon', 'noon', '<0>'],
    ])('%s: %s', async (_when, before, after, floor) => {
      const key = await put(clock({ floor: '<0>', ':old': before }))

      await run(key, 'void', { kept: hour })

      expect(await clockStanding(redis, key)).toEqual({ ...known, floor, ':a': '<now><0>', ...fieldOf(':old', after) })
    })

    it('it raises the floor to the latest that has gone, to the microsecond, and never lowers it', async () => {
      const now = await serverMicroseconds(redis)
      const [older, old] = [now - 3_000 * hour, now - 2_000 * hour].map(digits)
      const key = await put(clock({ floor: digits(0), ':b': `${older}${digits(0)}`, ':c': `${digits(0)}${old}` }))

      await run(key, 'void')

      expect(await redis.hget(key, 'floor')).toBe(old)
      expect(await redis.hexists(key, ':b')).toBe(0)

      await redis.hset(key, ':d', `${older}${digits(0)}`)
      await run(key, 'void')

      expect(await redis.hget(key, 'floor')).toBe(old)
      expect(await redis.hexists(key, ':d')).toBe(0)
    })

    it.each<Forward['what']>(['void', 'expire'])('what one has made %s is not valid once it has gone', async (what) => {
      const key = newKey()
      const origin = await moment(redis, key)
      await run(key, what, { tags: ['old'] })
      const before = judgeByTags(origin, ['old'], await tagReadings(redis, key, ['old']))

      while ((await redis.hexists(key, ':old')) === 1) await run(key, 'void', { kept: 0 })

      expect(before).toBe(what === 'void' ? 'void' : 'expired')
      expect(judgeByTags(origin, ['old'], await tagReadings(redis, key, ['old']))).toBe('void')
      expect(judgeByTags(await moment(redis, key), ['old'], await tagReadings(redis, key, ['old']))).toBe('valid')
    })

    it('one that comes again is void before the floor', async () => {
      const key = await put(clock({ floor: '<over>' }))

      await run(key, 'expire')

      expect(await clockStanding(redis, key)).toEqual({ ...known, floor: '<over>', ':a': '<over><now>' })
    })

    it('a few go with each call, until none is left', async () => {
      const key = await put(clock())
      const old = digits((await serverMicroseconds(redis)) - 2_000 * hour)
      await redis.hset(key, Object.fromEntries(Array.from({ length: 100 }, (_, tag) => [`:${tag}`, old + digits(0)])))

      for (let left = 105; left > 5; ) {
        await run(key, 'void')
        const now = await redis.hlen(key)
        expect(left - now).toBeLessThanOrEqual(8)
        left = now
      }

      expect(await clockStanding(redis, key)).toEqual({ ...known, ':a': '<now><0>' })
    })
  })

  it('that is sent again sets forward again', async () => {
    const key = await put(clock())
    const token = newToken()
    await run(key, 'void', { token })
    const between = await moment(redis, key)

    await run(key, 'void', { token })

    expect(judgeByTags(between, ['a'], await tagReadings(redis, key, ['a']))).toBe('void')
  })

  it('that arrives late, when the clock was lost meanwhile, makes one with another id', async () => {
    const key = newKey()
    const token = newToken()
    const ids = new Set<string | null>()

    for (let time = 0; time < 10; time++) {
      await run(key, 'void', { token })
      ids.add(await redis.hget(key, 'id'))
      await redis.unlink(key)
    }

    expect(ids.size).toBe(10)
  })

  it.each<readonly [string, State]>([['a clock that is gone', absent], ...lostParts])(
    'makes of %s one by which nothing is valid that was loaded before',
    async (_state, before) => {
      const key = await put(clock({ ':a': '<over><0>' }))
      const origin = await moment(redis, key)
      await redis.unlink(key)
      await before(redis, key)

      await run(key, 'expire', { tags: ['b'] })

      for (const tag of ['a', 'b', 'c'])
        expect(judgeByTags(origin, [tag], await tagReadings(redis, key, [tag]))).toBe('void')
    },
  )

  it('by a raise that arrives late, when the writer is done, bars no longer than its time', async () => {
    const key = await put(clock())
    await run(key, 'raise', { ahead: 'before' })
    await run(key, 'lower')

    await run(key, 'raise', { ahead: 'before' })

    expect((await clockStanding(redis, key))?.[':a']).toBe(`<before><0><now>${mine}<before>`)
  })

  it('costs the same however many tags there are', async () => {
    const key = await put(clock())
    const now = digits(await serverMicroseconds(redis))
    await redis.hset(key, Object.fromEntries(Array.from({ length: 1_000 }, (_, tag) => [`:${tag}`, now + digits(0)])))

    const commands = await commandsDuring(redis, () => run(key, 'void'))

    expect(commands).toMatchObject({ hget: 1, hset: 2, hmget: 1, hrandfield: 1 })
    expect(commands).not.toHaveProperty('hdel')
  })

  it('keeps tags for a week', async () => {
    const days = async (count: number) => digits((await serverMicroseconds(redis)) - count * 24_000 * hour) + digits(0)
    const key = await put(clock({ ':young': await days(6), ':old': await days(8) }))

    expect(await bump(redis, key, ['a'], { what: 'void', ahead: 0, writer: '' })).toBe(true)

    expect(await redis.hkeys(key)).toEqual(expect.arrayContaining([':a', ':young']))
    expect(await redis.hexists(key, ':old')).toBe(0)
  })

  it.each([
    [500, 1],
    [501, 2],
    [1_200, 3],
  ])('of %i tags is %i commands, which set every one forward', async (count, commands) => {
    const key = await put(clock())
    const tags = Array.from({ length: count }, (_, at) => `t${at}`)

    const sent = await commandsDuring(redis, () => bump(redis, key, tags, { what: 'void', ahead: 0, writer: '' }))

    expect(sent).toMatchObject({ evalsha: commands })
    expect(await redis.hlen(key)).toBe(4 + count)
  })

  it('is sent by its source where the server has forgotten it, and by its hash from then on', async () => {
    await redis.script('FLUSH')
    const key = await put(clock())

    await run(key, 'void')
    expect(await clockStanding(redis, key)).toEqual({ ...known, ':a': '<now><0>' })

    const commands = await commandsDuring(redis, () => run(key, 'void'))
    expect(commands).toMatchObject({ evalsha: 1 })
    expect(commands).not.toHaveProperty('eval')
  })

  it.each([null, 2, '1', [1]])('refuses the reply %j', async (reply) => {
    const voiding = { what: 'void', ahead: 0, writer: '' } as const
    await expect(bump(answering(reply), newKey(), ['a'], voiding)).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: `bump: a reply this version does not know: ${JSON.stringify(reply)}`,
    })
  })
})
