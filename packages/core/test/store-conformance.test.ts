import { randomUUID } from 'node:crypto'
import { jsonCodec, type Lease, type Store } from '@cache-aside/core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { headOf, leaseHead, readEntry, type SeenValue, valueHead } from '../src/entry/entry.ts'
import { newToken } from '../src/entry/token.ts'
import { evictionsHeard } from './evictions-heard.ts'
import {
  anothers,
  anotherValue,
  laterOrigin,
  mine,
  newKey,
  rawAt,
  taggedValue,
  thirds,
  value,
} from './protocol/standing.ts'
import { places, type Servers, startServers } from './store-places.ts'

let servers: Servers
beforeAll(async () => {
  servers = await startServers()
})
afterAll(() => servers.stop())

const ttl = 60_000
const freshFor = 30_000
const entry = { raw: value, freshFor, ttl }
const anotherEntry = { ...entry, raw: anotherValue }
const format = { codec: jsonCodec, name: 'json', maxValueSize: 2 ** 20, freezes: false }

const leaseOf = (token: string): Lease => ({ head: leaseHead(token), ttl })
const myLease = leaseOf(mine)
/** The right to refresh `value`. */
const refresh: Lease = { head: headOf(value), ttl }
const barred = { kind: 'barred' } as const
const acquired = (token: string) => ({ kind: 'acquired', head: leaseHead(token) }) as const
const heldFor = (most: number) => ({
  kind: 'held',
  remaining: expect.toSatisfy((left) => left > most / 2 && left <= most, `at most ${most}`) as number,
})

/** In how many milliseconds, within what a test may take. */
const soon = (length: number) =>
  expect.toSatisfy((time) => time > Date.now() + length / 2 && time <= Date.now() + length, `in ${length} ms`) as number

describe.each(places)('%s', (_place, open) => {
  let store: Store
  let another: Store
  beforeAll(async () => {
    store = open(servers)
    another = open(servers)
    await Promise.all([store.connect(), another.connect()])
  })
  afterAll(() => Promise.all([store.close(), another.close()]))

  const newLease = async (key = newKey()) => {
    await store.acquire(key, { token: mine, ttl })
    return key
  }
  const newValue = async (key = newKey()) => {
    await newLease(key)
    await store.fill(key, myLease, entry)
    return key
  }
  const newBarrier = async (key = newKey()) => {
    await store.raise(key, { token: mine, ttl })
    return key
  }
  const valueAt = async (key: string): Promise<SeenValue> => {
    const seen = readEntry(await rawAt(another, key), format)
    if (seen.kind !== 'value') throw new Error(`expected a value, got: ${seen.kind}`)
    return seen
  }
  const payloadAt = async (key: string) => (await valueAt(key)).payload.toString()
  const headAt = async (key: string) => headOf((await rawAt(another, key)) ?? Buffer.alloc(0))

  /** What is no right of another's. */
  const standing = [
    ['nothing', async () => newKey()],
    ['a lease', async () => newLease()],
    ['a value', async () => newValue()],
    ['a barrier', async () => newBarrier()],
  ] as const
  /** Of another's: to fill a lease, and to refresh a value. */
  const rights = [
    ['another’s lease', leaseOf(anothers)],
    ['another value', { head: headOf(anotherValue), ttl }],
  ] as const
  const strangers = standing.flatMap(([what, place]) =>
    rights.map(([whose, right]) => [whose, what, right, place] as const),
  )

  describe('read', () => {
    it('gives null where nothing stands', async () => {
      expect(await rawAt(store, newKey())).toBeNull()
    })

    it('gives what another has stored, but for the end of its freshness', async () => {
      const raw = await rawAt(another, await newValue())

      expect(raw?.subarray(0, 38)).toEqual(value.subarray(0, 38))
      expect(raw?.subarray(51)).toEqual(value.subarray(51))
    })

    it('gives each of many at once its own', async () => {
      const keys = Array.from({ length: 50 }, newKey)
      for (const key of keys) {
        await newLease(key)
        await store.fill(key, myLease, { ...entry, raw: Buffer.concat([value, Buffer.from(key)]) })
      }

      const raws = await Promise.all(keys.map((key) => rawAt(store, key)))

      expect(raws.map((raw) => raw?.subarray(value.length).toString())).toEqual(keys)
    })

    it('gives every byte of a payload', async () => {
      const key = await newLease()
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
      await store.fill(key, myLease, { ...entry, raw: Buffer.concat([value, bytes]) })

      expect((await rawAt(another, key))?.subarray(value.length)).toEqual(bytes)
    })
  })

  describe('acquire', () => {
    it('takes the lease of a key where nothing stands', async () => {
      const key = newKey()

      expect(await store.acquire(key, { token: mine, ttl })).toEqual(acquired(mine))
      expect(await rawAt(another, key)).toEqual(leaseHead(mine))
    })

    it('takes it again with the same token', async () => {
      expect(await store.acquire(await newLease(), { token: mine, ttl })).toEqual(acquired(mine))
    })

    it('says how long another holds the lease', async () => {
      expect(await another.acquire(await newLease(), { token: anothers, ttl })).toEqual(heldFor(ttl))
    })

    it('gives the value that stands', async () => {
      const key = await newValue()

      expect(await another.acquire(key, { token: anothers, ttl })).toEqual({
        kind: 'value',
        raw: await rawAt(store, key),
      })
    })

    it('is barred where a writer is at work', async () => {
      expect(await another.acquire(await newBarrier(), { token: anothers, ttl })).toEqual(barred)
    })

    it('takes the place of the entry whose head it names as void', async () => {
      const key = await newValue()

      expect(await another.acquire(key, { token: anothers, ttl, void: headOf(value) })).toEqual(acquired(anothers))
      expect(await rawAt(store, key)).toEqual(leaseHead(anothers))
    })

    it.each([
      ['a value', newValue, { kind: 'value' }],
      ['a lease', newLease, { kind: 'held' }],
      ['a barrier', newBarrier, barred],
    ] as const)('does not take the place of %s with another head', async (_what, place, reply) => {
      const key = await place()
      const before = await rawAt(store, key)

      const got = await another.acquire(key, { token: anothers, ttl, void: headOf(anotherValue) })

      expect(got).toMatchObject(reply)
      expect(await rawAt(store, key)).toEqual(before)
    })

    it('takes the place of what is no entry of a cache', async () => {
      const key = await newLease()
      await store.fill(key, myLease, {
        ...entry,
        raw: Buffer.from('somebody else’s text, longer than the head of an entry'),
      })

      expect(await another.acquire(key, { token: anothers, ttl })).toEqual(acquired(anothers))
    })

    it('of a stale value marks it, and leaves the rest as it is', async () => {
      const key = await newValue()
      const before = await valueAt(key)

      const got = await another.acquire(key, { token: anothers, ttl, stale: headOf(value) })

      expect(got).toEqual({ kind: 'acquired', head: headOf(value) })
      expect(await valueAt(key)).toEqual({ ...before, mark: { kind: 'refreshing', until: soon(ttl) } })
    })

    it('of a stale value says how long another refreshes it', async () => {
      const key = await newValue()
      await store.acquire(key, { token: mine, ttl, stale: headOf(value) })

      expect(await another.acquire(key, { token: anothers, ttl: 10 * ttl, stale: headOf(value) })).toEqual(heldFor(ttl))
      expect(await another.acquire(key, { token: anothers, ttl })).toMatchObject({ kind: 'value' })
    })

    it('of a stale value whose refresh has failed takes it', async () => {
      const key = await newValue()
      await store.extend(key, refresh, 'failed')

      const got = await another.acquire(key, { token: anothers, ttl, stale: headOf(value) })

      expect(got).toEqual({ kind: 'acquired', head: headOf(value) })
      expect((await valueAt(key)).mark).toEqual({ kind: 'refreshing', until: soon(ttl) })
    })

    it('of a stale value that is gone takes a lease', async () => {
      const key = newKey()

      expect(await store.acquire(key, { token: mine, ttl, stale: headOf(value) })).toEqual(acquired(mine))
    })

    it('of a stale value that another has taken the place of gives that one, unmarked', async () => {
      const key = await newValue()

      expect(await another.acquire(key, { token: anothers, ttl, stale: headOf(anotherValue) })).toEqual({
        kind: 'value',
        raw: await rawAt(store, key),
      })
      expect((await valueAt(key)).mark).toBeUndefined()
    })

    it.each([
      ['where nothing stands', newKey, undefined],
      ['of a stale value', newValue, headOf(value)],
    ] as const)('%s gives the right to one of many at once', async (_where, place, stale) => {
      const key = await place()
      const tokens = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(22))

      const replies = await Promise.all(tokens.map((token) => store.acquire(key, { token, ttl, stale })))

      expect(replies.map(({ kind }) => kind).toSorted()).toEqual(['acquired', 'held', 'held', 'held', 'held'])
    })
  })

  describe('claim', () => {
    it.each(standing.slice(0, 3))('puts its lease where %s stands', async (_what, place) => {
      const key = await place()

      expect(await another.claim(key, { token: anothers, ttl })).toBe('claimed')
      expect(await rawAt(store, key)).toEqual(leaseHead(anothers))
    })

    it('takes the right to fill from whoever has it', async () => {
      const key = await newLease()

      await another.claim(key, { token: anothers, ttl })

      expect(await store.fill(key, myLease, entry)).toBe('rejected')
      expect(await another.fill(key, leaseOf(anothers), entry)).toBe('accepted')
    })

    it('is barred where a writer is at work, who stores nothing then', async () => {
      const key = await newBarrier()

      expect(await another.claim(key, { token: anothers, ttl })).toBe('barred')
      expect(await another.fill(key, leaseOf(anothers), entry)).toBe('rejected')
      expect(await store.lower(key, { token: mine, settle: 0, entry })).toBe('lowered')
      expect(await rawAt(another, key)).toBeNull()
    })
  })

  describe('fill', () => {
    it('is accepted where its lease stands, and is fresh from then on', async () => {
      const key = await newLease()

      expect(await store.fill(key, myLease, entry)).toBe('accepted')
      expect((await valueAt(key)).lifetime.freshUntil).toEqual(soon(freshFor))
    })

    it('is accepted where the value stands that it refreshes, and unmarks it', async () => {
      const key = await newValue()
      await store.acquire(key, { token: mine, ttl, stale: headOf(value) })

      expect(await store.fill(key, refresh, anotherEntry)).toBe('accepted')
      expect(await valueAt(key)).toMatchObject({
        head: headOf(anotherValue),
        mark: undefined,
        lifetime: { freshUntil: soon(freshFor) },
      })
    })

    it('is accepted again when it is sent again, and changes nothing', async () => {
      const key = await newValue()
      const before = await rawAt(store, key)

      expect(await store.fill(key, myLease, entry)).toBe('accepted')
      expect(await rawAt(store, key)).toEqual(before)
    })

    it.each([
      ['invalidated', (key: string) => another.invalidate([key])],
      ['expired', (key: string) => another.expire([key])],
      ['claimed', (key: string) => another.claim(key, { token: anothers, ttl })],
      ['released', (key: string) => another.release(key, myLease)],
      ['barred', (key: string) => another.raise(key, { token: anothers, ttl })],
      ['filled', (key: string) => another.fill(key, myLease, anotherEntry)],
    ])('is rejected where its lease was %s', async (_how, act) => {
      const key = await newLease()
      await act(key)
      const before = await rawAt(store, key)

      expect(await store.fill(key, myLease, entry)).toBe('rejected')
      expect(await rawAt(store, key)).toEqual(before)
    })

    it.each([
      ['invalidated', (key: string) => another.invalidate([key])],
      ['expired', (key: string) => another.expire([key])],
      ['claimed', (key: string) => another.claim(key, { token: anothers, ttl })],
      ['released', (key: string) => another.release(key, refresh)],
      ['barred', (key: string) => another.raise(key, { token: anothers, ttl })],
      ['refreshed', (key: string) => another.fill(key, refresh, { ...entry, raw: valueUnder(newToken()) })],
      ['renewed', (key: string) => another.renew(key, refresh, { id: newToken(), freshFor, ttl, origin: laterOrigin })],
    ])('is rejected where the value that it refreshes was %s', async (_how, act) => {
      const key = await newValue()
      await act(key)
      const before = await rawAt(store, key)

      expect(await store.fill(key, refresh, anotherEntry)).toBe('rejected')
      expect(await rawAt(store, key)).toEqual(before)
    })

    it.each(strangers)(
      'of %s is rejected where %s stands, and changes nothing',
      async (_whose, _what, right, place) => {
        const key = await place()
        const before = await rawAt(store, key)

        expect(await another.fill(key, right, { ...entry, raw: valueUnder(newToken()) })).toBe('rejected')
        expect(await rawAt(store, key)).toEqual(before)
      },
    )
  })

  describe('renew', () => {
    const id = newToken()
    const again = { id, freshFor: 2 * freshFor, ttl, origin: laterOrigin }
    const { generation } = laterOrigin

    it('makes a value fresh again under another id, of its origin, unmarked, and leaves the rest as it is', async () => {
      const key = await newValue()
      await store.acquire(key, { token: mine, ttl, stale: headOf(value) })
      const before = await valueAt(key)

      expect(await store.renew(key, refresh, again)).toBe('accepted')
      expect(await valueAt(key)).toEqual({
        ...before,
        head: valueHead(id),
        mark: undefined,
        lifetime: { ...before.lifetime, freshUntil: soon(2 * freshFor), freshFor: 2 * freshFor },
        origin: { generation, tagMoment: undefined },
      })
    })

    it('gives a value with tags the moment of its origin too', async () => {
      const key = await newLease()
      await store.fill(key, myLease, { ...entry, raw: taggedValue })
      const before = await valueAt(key)

      expect(await store.renew(key, { head: headOf(taggedValue), ttl }, again)).toBe('accepted')
      expect(await valueAt(key)).toMatchObject({ tags: before.tags, value: before.value, origin: laterOrigin })
    })

    it('makes a value fresh again that was expired by call', async () => {
      const key = await newValue()
      await store.expire([key])

      expect(await store.renew(key, { head: await headAt(key), ttl }, again)).toBe('accepted')
      expect((await valueAt(key)).lifetime.freshUntil).toEqual(soon(2 * freshFor))
    })

    it('is accepted again when it is sent again, and changes nothing', async () => {
      const key = await newValue()
      await store.renew(key, refresh, again)
      const before = await rawAt(store, key)

      expect(await store.renew(key, refresh, again)).toBe('accepted')
      expect(await rawAt(store, key)).toEqual(before)
    })

    it.each([
      ['invalidated', (key: string) => another.invalidate([key])],
      ['expired', (key: string) => another.expire([key])],
      ['claimed', (key: string) => another.claim(key, { token: anothers, ttl })],
      ['barred', (key: string) => another.raise(key, { token: anothers, ttl })],
      ['refreshed', (key: string) => another.fill(key, refresh, anotherEntry)],
    ])('is rejected where the value was %s', async (_how, act) => {
      const key = await newValue()
      await act(key)
      const before = await rawAt(store, key)

      expect(await store.renew(key, refresh, again)).toBe('rejected')
      expect(await rawAt(store, key)).toEqual(before)
    })

    it.each(strangers)(
      'of %s is rejected where %s stands, and changes nothing',
      async (_whose, _what, right, place) => {
        const key = await place()
        const before = await rawAt(store, key)

        expect(await another.renew(key, right, again)).toBe('rejected')
        expect(await rawAt(store, key)).toEqual(before)
      },
    )

    it('is rejected where a lease stands, whoever’s', async () => {
      const key = await newLease()

      expect(await store.renew(key, myLease, again)).toBe('rejected')
      expect(await rawAt(store, key)).toEqual(leaseHead(mine))
    })
  })

  describe('extend', () => {
    it('gives a lease that stands a new TTL', async () => {
      const key = await newLease()

      expect(await store.extend(key, { ...myLease, ttl: 10 * ttl })).toBe('extended')
      expect(await another.acquire(key, { token: anothers, ttl })).toEqual(heldFor(10 * ttl))
    })

    it.each([
      ['under way', undefined, 'refreshing'],
      ['failed', 'failed', 'failed'],
    ] as const)('marks a value whose refresh is %s, and leaves the rest as it is', async (_how, mark, kind) => {
      const key = await newValue()
      const before = await valueAt(key)

      expect(await store.extend(key, { ...refresh, ttl: 10 * ttl }, mark)).toBe('extended')
      expect(await valueAt(key)).toEqual({ ...before, mark: { kind, until: soon(10 * ttl) } })
    })

    it('keeps others from a refresh that is under way', async () => {
      const key = await newValue()
      await store.extend(key, { ...refresh, ttl: 10 * ttl })

      expect(await another.acquire(key, { token: anothers, ttl, stale: headOf(value) })).toEqual(heldFor(10 * ttl))
    })

    it.each(strangers)('of %s is lost where %s stands, and changes nothing', async (_whose, _what, right, place) => {
      const key = await place()
      const before = await rawAt(store, key)

      expect(await another.extend(key, { ...right, ttl: 10 * ttl })).toBe('lost')
      expect(await another.extend(key, { ...right, ttl: 10 * ttl }, 'failed')).toBe('lost')
      expect(await rawAt(store, key)).toEqual(before)
    })
  })

  describe('release', () => {
    it.each([
      ['a lease', newLease, myLease],
      ['a value that was to be refreshed', newValue, refresh],
    ] as const)('ends %s', async (_what, place, right) => {
      const key = await place()

      expect(await store.release(key, right)).toBe('released')
      expect(await rawAt(another, key)).toBeNull()
    })

    it.each(strangers)('of %s is lost where %s stands, and changes nothing', async (_whose, _what, right, place) => {
      const key = await place()
      const before = await rawAt(store, key)

      expect(await another.release(key, right)).toBe('lost')
      expect(await rawAt(store, key)).toEqual(before)
    })
  })

  describe('invalidate', () => {
    it('voids values and leases in every slot', async () => {
      const keys = Array.from({ length: 200 }, newKey)
      await Promise.all(keys.map((key, index) => (index % 2 === 0 ? newValue(key) : newLease(key))))

      await another.invalidate(keys)

      expect(new Set(await Promise.all(keys.map((key) => rawAt(store, key))))).toEqual(new Set([null]))
    })

    it('leaves a barrier up, whose writer stores nothing then', async () => {
      const key = await newBarrier()

      await another.invalidate([key])

      expect(await another.acquire(key, { token: anothers, ttl })).toEqual(barred)
      expect(await store.lower(key, { token: mine, settle: 0, entry })).toBe('lowered')
      expect(await rawAt(another, key)).toBeNull()
    })

    it('voids no other key', async () => {
      const spared = await newValue()

      await another.invalidate([await newValue(), newKey()])

      expect(await payloadAt(spared)).toBe('{"name":"Zoë"}')
    })

    it('of a key that is void, or of none, is no failure', async () => {
      await store.invalidate([newKey()])
      await store.invalidate([])
    })
  })

  describe('expire', () => {
    it('ends the freshness of values in every slot, under another id, and leaves the rest as it is', async () => {
      const keys = Array.from({ length: 50 }, newKey)
      for (const key of keys) await newValue(key)
      const before = await valueAt(keys[0] ?? '')

      await another.expire(keys)

      const expired = await Promise.all(keys.map(valueAt))
      for (const seen of expired) {
        expect(seen).toEqual({
          ...before,
          head: expect.not.toSatisfy((head: Buffer) => head.equals(headOf(value))) as Buffer,
          lifetime: { ...before.lifetime, freshUntil: 0 },
        })
      }
      expect(new Set(expired.map(({ head }) => head.toString())).size).toBe(keys.length)
    })

    it('voids a value of another format version', async () => {
      const key = await newLease()
      const raw = Buffer.from(value)
      raw.write('1', 23)
      await store.fill(key, myLease, { ...entry, raw })

      await another.expire([key])

      expect(await rawAt(store, key)).toBeNull()
    })

    it('unmarks a value: it may be refreshed at once', async () => {
      const key = await newValue()
      await store.acquire(key, { token: mine, ttl, stale: headOf(value) })

      await another.expire([key])

      const stale = await headAt(key)
      expect(await another.acquire(key, { token: anothers, ttl, stale })).toEqual({ kind: 'acquired', head: stale })
      expect(await another.fill(key, { head: stale, ttl }, anotherEntry)).toBe('accepted')
    })

    it('voids a lease', async () => {
      const key = await newLease()

      await another.expire([key])

      expect(await rawAt(store, key)).toBeNull()
    })

    it('leaves a barrier up, whose writer stores nothing then', async () => {
      const key = await newBarrier()

      await another.expire([key])

      expect(await another.acquire(key, { token: anothers, ttl })).toEqual(barred)
      expect(await store.lower(key, { token: mine, settle: 0, entry })).toBe('lowered')
    })

    it('of a key that is void, or of none, is no failure', async () => {
      const key = newKey()
      await store.expire([key])
      await store.expire([])

      expect(await rawAt(store, key)).toBeNull()
    })
  })

  describe('raise', () => {
    it.each(standing.slice(0, 3))('voids %s, and bars whoever comes', async (_what, place) => {
      const key = await place()

      expect(await another.raise(key, { token: anothers, ttl })).toBe('raised')
      expect(await store.acquire(key, { token: mine, ttl })).toEqual(barred)
      expect(readEntry(await rawAt(store, key), format)).toEqual({ kind: 'barrier' })
    })

    it('finds a barrier up that is its own', async () => {
      const key = await newBarrier()

      expect(await store.raise(key, { token: mine, ttl })).toBe('up')
    })

    it('finds its part up while another’s stands, though its time is over', async () => {
      const key = newKey()
      await another.raise(key, { token: anothers, ttl })
      await store.raise(key, { token: mine, ttl: 20 })
      await after(20)

      expect(await store.raise(key, { token: mine, ttl })).toBe('up')
    })

    it('does not count a part whose time is over as another writer, once its barrier has fallen', async () => {
      const key = newKey()
      await another.raise(key, { token: anothers, ttl: 20 })
      await after(20)

      expect(await store.raise(key, { token: mine, ttl })).toBe('raised')
      expect(await store.lower(key, { token: mine, settle: 0, entry })).toBe('stored')
    })
  })

  describe('lower', () => {
    const lowering = { token: mine, settle: 0 }

    it('takes a barrier down', async () => {
      const key = await newBarrier()

      expect(await store.lower(key, lowering)).toBe('lowered')
      expect(await rawAt(another, key)).toBeNull()
    })

    it('stores what was written where no other writer was at work, fresh from then on', async () => {
      const key = await newBarrier()

      expect(await store.lower(key, { ...lowering, entry })).toBe('stored')
      expect(await payloadAt(key)).toBe('{"name":"Zoë"}')
      expect((await valueAt(key)).lifetime.freshUntil).toEqual(soon(freshFor))
    })

    it('is stored again when it is sent again, and changes nothing', async () => {
      const key = await newBarrier()
      await store.lower(key, { ...lowering, entry })
      const before = await rawAt(store, key)

      expect(await store.lower(key, { ...lowering, entry })).toBe('stored')
      expect(await rawAt(store, key)).toEqual(before)
    })

    it('stores nothing of either of two writers, and bars until both are done', async () => {
      const key = await newBarrier()
      await another.raise(key, { token: anothers, ttl })

      expect(await store.lower(key, { ...lowering, entry })).toBe('lowered')
      expect(await store.acquire(key, { token: thirds, ttl })).toEqual(barred)
      expect(await another.lower(key, { token: anothers, settle: 0, entry: anotherEntry })).toBe('lowered')
      expect(await rawAt(store, key)).toBeNull()
    })

    it('stores nothing where another writer’s time ended meanwhile', async () => {
      const key = newKey()
      await store.raise(key, { token: mine, ttl })
      await another.raise(key, { token: anothers, ttl: 20 })
      await after(20)

      expect(await store.lower(key, { ...lowering, entry })).toBe('lowered')
      expect(await rawAt(store, key)).toBeNull()
    })

    it.each(standing.slice(0, 3))('voids %s where its barrier has fallen', async (_what, place) => {
      for (const how of [lowering, { ...lowering, entry: anotherEntry }]) {
        const key = await place()

        expect(await another.lower(key, how)).toBe('lowered')
        expect(await rawAt(store, key)).toBeNull()
      }
    })

    it('leaves a barrier up that others have raised since its own has fallen, and they store nothing', async () => {
      const key = newKey()
      await another.raise(key, { token: anothers, ttl })

      expect(await store.lower(key, { ...lowering, entry })).toBe('lowered')
      expect(await store.acquire(key, { token: thirds, ttl })).toEqual(barred)
      expect(await another.lower(key, { token: anothers, settle: 0, entry: anotherEntry })).toBe('lowered')
      expect(await rawAt(store, key)).toBeNull()
    })

    it.each(standing)('bars for a while to settle, where %s stands', async (_what, place) => {
      const key = await place()

      expect(await store.lower(key, { token: mine, settle: ttl, entry: anotherEntry })).toBe('lowered')
      expect(await another.acquire(key, { token: anothers, ttl })).toEqual(barred)
      expect(await another.raise(key, { token: anothers, ttl })).toBe('raised')
      expect(await another.lower(key, { token: anothers, settle: 0, entry })).toBe('lowered')
      expect(await another.acquire(key, { token: anothers, ttl })).toEqual(barred)
    })

    it('bars no longer than it has to settle', async () => {
      const key = await newBarrier()
      const heard = evictionsHeard()
      const watch = await another.watchEvictions(key, heard.listener)
      onTestFinished(() => watch.close())

      await store.lower(key, { token: mine, settle: 20 })

      expect(await heard.of(key)).toEqual({ reason: 'expired', key })
      expect(await another.acquire(key, { token: anothers, ttl })).toEqual(acquired(anothers))
    })
  })

  describe('find', () => {
    const found = async (prefix: string, pattern: string) => {
      const keys: string[] = []
      for await (const step of another.find(prefix, pattern)) keys.push(...step)
      return [...new Set(keys)].toSorted()
    }

    it('finds every key with the prefix, in every slot, whatever stands there, and no other', async () => {
      const [sought, spared] = [`find-${randomUUID()}`, `find-${randomUUID()}`]
      const keys = Array.from({ length: 1_200 }, (_, index) => `${sought}:${index}`)
      const states = [newLease, newValue, newBarrier] as const
      await Promise.all(keys.map((key, index) => states[(index % 3) as 0 | 1 | 2](key)))
      for (const key of [`${spared}:1`, `${sought}2:1`, `x${sought}:1`]) await newLease(key)

      expect(await found(`${sought}:`, '*')).toEqual(keys.toSorted())
    })

    it('takes a prefix by the letter, and a pattern as a glob', async () => {
      const id = randomUUID()
      const prefix = `find.[ab]*?-${id}:`
      for (const key of [`${prefix}a1`, `${prefix}a2`, `${prefix}b1`, `find.azz-${id}:a1`]) await newLease(key)

      expect(await found(prefix, 'a?')).toEqual([`${prefix}a1`, `${prefix}a2`])
    })

    it('of a prefix that no key has finds none', async () => {
      expect(await found(`find-${randomUUID()}:`, '*')).toEqual([])
    })
  })

  describe('now', () => {
    it('is the time by which entries are fresh', async () => {
      const key = await newValue()

      const left = (await valueAt(key)).lifetime.freshUntil - store.now()

      expect(left).toBeGreaterThan(freshFor / 2)
      expect(left).toBeLessThan(freshFor + 1_000)
    })
  })

  describe('a TTL', () => {
    const expiryOf = async (key: string) => {
      const heard = evictionsHeard()
      const watch = await another.watchEvictions(key, heard.listener)
      onTestFinished(() => watch.close())
      return () => heard.of(key)
    }

    it('ends a value', async () => {
      const key = await newLease()
      const expiry = await expiryOf(key)
      await store.fill(key, myLease, { ...entry, freshFor: 20, ttl: 20 })

      expect(await expiry()).toEqual({ reason: 'expired', key })
      expect(await rawAt(store, key)).toBeNull()
    })

    it('ends a value that was renewed', async () => {
      const key = await newValue()
      const expiry = await expiryOf(key)
      await store.renew(key, refresh, { id: newToken(), freshFor: 20, ttl: 20, origin: laterOrigin })

      expect(await expiry()).toEqual({ reason: 'expired', key })
    })

    it('ends a value that was expired by call, when it would have ended', async () => {
      const key = await newLease()
      const expiry = await expiryOf(key)
      await store.fill(key, myLease, { ...entry, freshFor: 50, ttl: 50 })
      await store.expire([key])

      expect(await expiry()).toEqual({ reason: 'expired', key })
    })

    it('ends a value whose refresh has failed, when it would have ended', async () => {
      const key = await newLease()
      const expiry = await expiryOf(key)
      await store.fill(key, myLease, { ...entry, freshFor: 50, ttl: 50 })
      await store.extend(key, refresh, 'failed')

      expect(await expiry()).toEqual({ reason: 'expired', key })
    })

    it('ends a lease, and what was loaded under it is not stored', async () => {
      const key = newKey()
      const expiry = await expiryOf(key)
      await store.acquire(key, { token: mine, ttl: 20 })

      await expiry()

      expect(await another.acquire(key, { token: anothers, ttl })).toEqual(acquired(anothers))
      expect(await store.fill(key, myLease, entry)).toBe('rejected')
    })

    it('ends a barrier, and what its writer has written is not stored', async () => {
      const key = newKey()
      const expiry = await expiryOf(key)
      await store.raise(key, { token: mine, ttl: 20 })

      expect(await expiry()).toEqual({ reason: 'expired', key })
      expect(await store.lower(key, { token: mine, settle: 0, entry })).toBe('lowered')
      expect(await rawAt(store, key)).toBeNull()
    })
  })

  describe('watchEvictions', () => {
    it('reports what was deleted', async () => {
      const key = await newValue()
      const heard = evictionsHeard()
      const watch = await store.watchEvictions(key, heard.listener)
      onTestFinished(() => watch.close())

      await another.invalidate([key])

      expect(watch.notifications).toBe('on')
      expect(await heard.of(key)).toEqual({ reason: 'deleted', key })
    })

    it('reports keys with its prefix only, and each once', async () => {
      // One slot, so that what is deleted first is reported first.
      const tag = `{${randomUUID()}}`
      const [within, without] = [await newValue(`shop:${tag}`), await newValue(`shop2:${tag}`)]
      const heard = evictionsHeard()
      const watch = await store.watchEvictions('shop:', heard.listener)
      onTestFinished(() => watch.close())

      await another.invalidate([without])
      await another.invalidate([within])
      await heard.of(within)

      expect(heard.all.filter(({ key }) => key.includes(tag))).toEqual([{ reason: 'deleted', key: within }])
    })

    it('reports nothing of a value that is expired by call, refreshed or marked', async () => {
      const key = await newValue()
      const heard = evictionsHeard()
      const watch = await store.watchEvictions(key, heard.listener)
      onTestFinished(() => watch.close())

      await another.extend(key, refresh)
      await another.expire([key])
      await another.fill(key, { head: await headAt(key), ttl }, anotherEntry)
      await another.invalidate([key])
      await heard.of(key)

      expect(heard.all).toEqual([{ reason: 'deleted', key }])
    })

    it('reports nothing after it was closed', async () => {
      const key = await newValue()
      const [closed, awake] = [evictionsHeard(), evictionsHeard()]
      const watch = await store.watchEvictions(key, closed.listener)
      const witness = await store.watchEvictions(key, awake.listener)
      onTestFinished(() => witness.close())

      await watch.close()
      await another.invalidate([key])
      await awake.of(key)

      expect(closed.all).toEqual([])
    })
  })

  /** Resolves once so many milliseconds are over, for the server too: what was given them before has ended. */
  async function after(milliseconds: number): Promise<void> {
    const key = newKey()
    const heard = evictionsHeard()
    const watch = await another.watchEvictions(key, heard.listener)
    // Two clocks measure it.
    await another.acquire(key, { token: thirds, ttl: milliseconds + 10 })
    await heard.of(key)
    await watch.close()
  }
})

/** The same value, under another id. */
const valueUnder = (id: string) => Buffer.concat([valueHead(id), value.subarray(23)])
