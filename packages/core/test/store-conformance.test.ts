import { randomUUID } from 'node:crypto'
import type { Store } from '@cache-aside/core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { evictionsHeard } from './evictions-heard.ts'
import { anothers, anotherValue, mine, newKey, value } from './protocol/standing.ts'
import { places, type Servers, startServers } from './store-places.ts'

let servers: Servers
beforeAll(async () => {
  servers = await startServers()
})
afterAll(() => servers.stop())

const ttl = 60_000
const withinTtl = expect.toSatisfy((left) => left > 0 && left <= ttl, 'a part of the TTL') as number

describe.each(places)('%s', (_place, open) => {
  let store: Store
  let another: Store
  beforeAll(async () => {
    store = open(servers)
    another = open(servers)
    await Promise.all([store.connect(), another.connect()])
  })
  afterAll(() => Promise.all([store.close(), another.close()]))

  const newValue = async (key = newKey()) => {
    await store.acquire(key, { token: mine, ttl })
    await store.fill(key, { token: mine, entry: value, ttl })
    return key
  }
  const newLease = async (key = newKey()) => {
    await store.acquire(key, { token: mine, ttl })
    return key
  }

  /** Where somebody else's token finds nothing of its own. */
  const standing = [
    ['nothing', async () => newKey()],
    ['another’s lease', async () => newLease()],
    ['another’s value', async () => newValue()],
  ] as const

  describe('read', () => {
    it('gives null where nothing stands', async () => {
      expect(await store.read(newKey())).toBeNull()
    })

    it('gives what another has stored', async () => {
      expect(await another.read(await newValue())).toEqual(value)
    })

    it('gives each of many at once its own', async () => {
      const keys = Array.from({ length: 50 }, newKey)
      const entries = keys.map((key) => Buffer.concat([value, Buffer.from(key)]))
      for (const [index, key] of keys.entries()) {
        await newLease(key)
        await store.fill(key, { token: mine, entry: entries[index] ?? value, ttl })
      }

      expect(await Promise.all(keys.map((key) => store.read(key)))).toEqual(entries)
    })

    it('gives every byte of a payload', async () => {
      const key = await newLease()
      const bytes = Buffer.concat([value, Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))])
      await store.fill(key, { token: mine, entry: bytes, ttl })

      expect(await another.read(key)).toEqual(bytes)
    })
  })

  describe('acquire', () => {
    it('takes the lease of a key where nothing stands', async () => {
      const key = newKey()

      expect(await store.acquire(key, { token: mine, ttl })).toEqual({ kind: 'acquired' })
      expect(await another.read(key)).toEqual(Buffer.from(`L${mine}`))
    })

    it('takes it again with the same token', async () => {
      expect(await store.acquire(await newLease(), { token: mine, ttl })).toEqual({ kind: 'acquired' })
    })

    it('says how long another holds the lease', async () => {
      expect(await another.acquire(await newLease(), { token: anothers, ttl })).toEqual({
        kind: 'held',
        remaining: withinTtl,
      })
    })

    it('gives the value that stands', async () => {
      expect(await another.acquire(await newValue(), { token: anothers, ttl })).toEqual({ kind: 'value', raw: value })
    })

    it('takes the place of the entry whose head it names', async () => {
      const replacing = value.subarray(0, 23)

      expect(await another.acquire(await newValue(), { token: anothers, ttl, replacing })).toEqual({ kind: 'acquired' })
    })

    it('does not take the place of an entry with another head', async () => {
      const replacing = anotherValue.subarray(0, 23)

      expect(await another.acquire(await newValue(), { token: anothers, ttl, replacing })).toEqual({
        kind: 'value',
        raw: value,
      })
    })

    it('gives the lease to one of many at once', async () => {
      const key = newKey()
      const tokens = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(22))

      const replies = await Promise.all(tokens.map((each) => store.acquire(key, { token: each, ttl })))

      expect(replies.map(({ kind }) => kind).toSorted()).toEqual(['acquired', 'held', 'held', 'held', 'held'])
    })
  })

  describe('claim', () => {
    it('voids the value', async () => {
      const key = await newValue()

      await another.claim(key, { token: anothers, ttl })

      expect(await store.read(key)).toEqual(Buffer.from(`L${anothers}`))
    })

    it('takes the lease from whoever has it', async () => {
      const key = await newLease()

      await another.claim(key, { token: anothers, ttl })

      expect(await store.fill(key, { token: mine, entry: value, ttl })).toBe('rejected')
      expect(await another.fill(key, { token: anothers, entry: value, ttl })).toBe('accepted')
    })
  })

  describe('fill', () => {
    it('is accepted where its lease stands', async () => {
      expect(await store.fill(await newLease(), { token: mine, entry: value, ttl })).toBe('accepted')
    })

    it('is accepted again when it is sent again', async () => {
      expect(await store.fill(await newValue(), { token: mine, entry: value, ttl })).toBe('accepted')
    })

    it('is rejected where its lease was voided', async () => {
      const key = await newLease()
      await another.invalidate([key])

      expect(await store.fill(key, { token: mine, entry: value, ttl })).toBe('rejected')
      expect(await store.read(key)).toBeNull()
    })

    it.each(standing)('is rejected where %s stands, and changes nothing', async (_what, place) => {
      const key = await place()
      const before = await store.read(key)

      expect(await another.fill(key, { token: anothers, entry: anotherValue, ttl })).toBe('rejected')
      expect(await store.read(key)).toEqual(before)
    })
  })

  describe('extend', () => {
    it('gives a lease that stands a new TTL', async () => {
      const key = await newLease()

      expect(await store.extend(key, { token: mine, ttl: 10 * ttl })).toBe('extended')
      expect(await another.acquire(key, { token: anothers, ttl })).toEqual({
        kind: 'held',
        remaining: expect.toSatisfy((left) => left > ttl && left <= 10 * ttl) as number,
      })
    })

    it.each(standing)('finds its lease lost where %s stands, and changes nothing', async (_what, place) => {
      const key = await place()
      const before = await store.read(key)

      expect(await another.extend(key, { token: anothers, ttl: 10 * ttl })).toBe('lost')
      expect(await store.read(key)).toEqual(before)
    })
  })

  describe('release', () => {
    it('ends a lease that stands', async () => {
      const key = await newLease()

      expect(await store.release(key, mine)).toBe('released')
      expect(await another.read(key)).toBeNull()
    })

    it.each(standing)('finds its lease lost where %s stands, and changes nothing', async (_what, place) => {
      const key = await place()
      const before = await store.read(key)

      expect(await another.release(key, anothers)).toBe('lost')
      expect(await store.read(key)).toEqual(before)
    })
  })

  describe('invalidate', () => {
    it('voids values and leases in every slot', async () => {
      const keys = Array.from({ length: 200 }, newKey)
      await Promise.all(keys.map((key, index) => (index % 2 === 0 ? newValue(key) : newLease(key))))

      await another.invalidate(keys)

      expect(new Set(await Promise.all(keys.map((key) => store.read(key))))).toEqual(new Set([null]))
    })

    it('voids no other key', async () => {
      const spared = await newValue()

      await another.invalidate([await newValue(), newKey()])

      expect(await store.read(spared)).toEqual(value)
    })

    it('of a key that is void, or of none, is no failure', async () => {
      await store.invalidate([newKey()])
      await store.invalidate([])
    })
  })

  describe('remaining', () => {
    it('is how long a value will stand', async () => {
      expect(await another.remaining(await newValue())).toEqual(withinTtl)
    })

    it('is null for a lease and where nothing stands', async () => {
      expect(await store.remaining(await newLease())).toBeNull()
      expect(await store.remaining(newKey())).toBeNull()
    })
  })

  describe('a TTL', () => {
    it('ends a value', async () => {
      const key = await newLease()
      const heard = evictionsHeard()
      const watch = await another.watchEvictions(key, heard.listener)
      onTestFinished(() => watch.close())
      await store.fill(key, { token: mine, entry: value, ttl: 20 })

      expect(await heard.of(key)).toEqual({ reason: 'expired', key })
      expect(await store.read(key)).toBeNull()
      expect(await store.remaining(key)).toBeNull()
    })

    it('ends a lease, and what was loaded under it is not stored', async () => {
      const key = newKey()
      const heard = evictionsHeard()
      const watch = await another.watchEvictions(key, heard.listener)
      onTestFinished(() => watch.close())
      await store.acquire(key, { token: mine, ttl: 20 })

      await heard.of(key)

      expect(await another.acquire(key, { token: anothers, ttl })).toEqual({ kind: 'acquired' })
      expect(await store.fill(key, { token: mine, entry: value, ttl })).toBe('rejected')
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
})
