import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { jsonCodec } from '../entry/codec.ts'
import { encodeEntry, headOf, leaseHead, readEntry, type Seen } from '../entry/entry.ts'
import { isSettling, judgeByTags, type Origin } from '../entry/origin.ts'
import { newToken } from '../entry/token.ts'
import { MemoryStore } from './memory-store.ts'
import type { Eviction, NamespaceKeys } from './store.ts'

const token = 't'.repeat(22)
const another = 'a'.repeat(22)
const ttl = 60_000
const lease = { head: leaseHead(token), ttl }
const format = { codec: jsonCodec, name: 'json', maxValueSize: 1_000, freezes: false }
const origin: Origin = { generation: 'g'.repeat(16), tagMoment: undefined }
const raw = encodeEntry({
  id: newToken(),
  format: 'json',
  negative: false,
  packing: '-',
  freshFor: ttl,
  cost: 7,
  etag: undefined,
  origin,
  tags: [],
  payload: Buffer.from('"v"'),
})
const entry = { raw, freshFor: ttl, ttl }
const namespace: NamespaceKeys = { generation: 'shop/generation', tagClock: 'shop/tags' }
const renewal = { id: newToken(), freshFor: 1, ttl, origin }
/** The right to refresh the value. */
const refresh = { head: headOf(raw), ttl }

async function storeOf(keys: readonly string[], options?: { readonly maxEntries: number }): Promise<MemoryStore> {
  const store = new MemoryStore(options)
  for (const key of keys) await store.claim(key, { token, ttl })
  return store
}

const read = async (store: MemoryStore, key: string) => (await store.read(key, namespace, [])).raw

const voiding = { what: 'void', settle: 0, replicas: 0 } as const
const judged = async (store: MemoryStore, { generation, tagMoment }: Origin, tag: string) => {
  const readings = await store.readings(namespace, [tag])
  return readings.generation === generation ? judgeByTags(tagMoment, [tag], readings.tags) : 'void'
}

describe('MemoryStore', () => {
  it('keeps no more entries than it was told, and loses the least recently used first', async () => {
    const store = await storeOf(['a', 'b'], { maxEntries: 2 })
    await read(store, 'a')

    await store.claim('c', { token, ttl })

    expect(await read(store, 'b')).toBeNull()
    expect(await read(store, 'a')).not.toBeNull()
    expect(await read(store, 'c')).not.toBeNull()
  })

  it('reports what it lost for want of room', async () => {
    const store = await storeOf(['a'], { maxEntries: 1 })
    const heard: Eviction[] = []
    await store.watchEvictions('', (eviction) => heard.push(eviction))

    await store.claim('b', { token, ttl })

    expect(heard).toEqual([{ reason: 'evicted', key: 'a' }])
  })

  it('reports nothing of an entry that another takes the place of', async () => {
    const store = await storeOf(['a'])
    const heard: Eviction[] = []
    await store.watchEvictions('', (eviction) => heard.push(eviction))

    await store.claim('a', { token, ttl })
    await store.fill('a', lease, entry)
    await store.raise('a', { token, ttl })

    expect(heard).toEqual([])
  })

  it('shares nothing with another instance', async () => {
    await storeOf(['a'])

    expect(await read(new MemoryStore(), 'a')).toBeNull()
  })

  it('invalidates, and tells the others, although a listener to evictions throws', async () => {
    const store = await storeOf(['a', 'b'])
    const heard: Eviction[] = []
    await store.watchEvictions('', () => {
      throw new Error('listener broke')
    })
    await store.watchEvictions('', (eviction) => heard.push(eviction))

    await store.invalidate(['a', 'b'])

    expect(await Promise.all([read(store, 'a'), read(store, 'b')])).toEqual([null, null])
    expect(heard).toHaveLength(2)
  })

  it('has no replicas that an invalidation could wait for', async () => {
    const store = await storeOf(['a'])

    await expect(store.invalidate(['a'], 1)).rejects.toThrow('has no replicas')
    await expect(store.bump('shop/tags', ['a'], { ...voiding, replicas: 1 })).rejects.toThrow('has no replicas')
  })

  it('keeps 10000 tags of a namespace, and of more voids rather too much than too little', async () => {
    const store = new MemoryStore()
    const before = await store.origin(namespace, true)
    const tags = Array.from({ length: 10_001 }, (_, index) => `t${index}`)
    for (const tag of tags) await store.bump(namespace.tagClock, [tag], voiding)
    const after = await store.origin(namespace, true)

    for (const tag of ['t0', 't1', 't10000', 'another']) {
      expect(await judged(store, before, tag)).toBe('void')
      expect(await judged(store, after, tag)).toBe('valid')
    }
  })

  it('leaves what it was given as it is', async () => {
    const store = await storeOf(['a'])
    const given = Buffer.from(raw)

    await store.fill('a', lease, { ...entry, raw: given })
    await store.extend('a', refresh)
    await store.renew('a', refresh, renewal)
    await store.expire(['a'])

    expect(given).toEqual(raw)
  })

  it('leaves what it has handed out as it is', async () => {
    const store = await storeOf(['a'])
    await store.fill('a', lease, entry)
    const handedOut = (await read(store, 'a')) ?? Buffer.alloc(0)
    const before = Buffer.from(handedOut)

    await store.extend('a', refresh)
    await store.renew('a', refresh, renewal)
    await store.expire(['a'])

    expect(handedOut).toEqual(before)
  })
})

describe('MemoryStore, as time goes by,', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
    // The clock by which TTLs end. It was taken hold of before, so it cannot be replaced as a whole.
    vi.spyOn(performance, 'now').mockImplementation(() => Date.now())
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.useRealTimers()
  })

  const passed = (milliseconds: number) => vi.advanceTimersByTime(milliseconds)
  const kindOf = (seen: Buffer | null): Seen['kind'] => readEntry(seen, format).kind
  const storeOfValue = async (kept = ttl) => {
    const store = await storeOf(['a'])
    await store.fill('a', lease, { ...entry, ttl: kept })
    return store
  }

  it('keeps an entry as long as its TTL, and no longer', async () => {
    const store = await storeOfValue()

    passed(ttl - 1)
    expect(kindOf(await read(store, 'a'))).toBe('value')

    passed(2)
    expect(await read(store, 'a')).toBeNull()
  })

  it('reports an entry that has ended, although nobody asks for it', async () => {
    const store = await storeOfValue()
    const heard: Eviction[] = []
    await store.watchEvictions('', (eviction) => heard.push(eviction))

    passed(ttl + 1)

    expect(heard).toEqual([{ reason: 'expired', key: 'a' }])
  })

  it.each([
    ['is begun', (store: MemoryStore) => store.acquire('a', { token, ttl: 2 * ttl, stale: headOf(raw) })],
    ['goes on', (store: MemoryStore) => store.extend('a', { ...refresh, ttl: 2 * ttl })],
  ])('keeps a value while its refresh %s', async (_what, act) => {
    const store = await storeOfValue()
    await act(store)

    passed(2 * ttl - 1)
    expect(kindOf(await read(store, 'a'))).toBe('value')

    passed(2)
    expect(await read(store, 'a')).toBeNull()
  })

  it.each([
    ['is begun', (store: MemoryStore) => store.acquire('a', { token, ttl: 1, stale: headOf(raw) })],
    ['goes on', (store: MemoryStore) => store.extend('a', { ...refresh, ttl: 1 })],
    ['has failed', (store: MemoryStore) => store.extend('a', { ...refresh, ttl: 2 * ttl }, 'failed')],
  ])('keeps a value no longer and no shorter than before when a refresh %s', async (_what, act) => {
    const store = await storeOfValue()
    await act(store)

    passed(ttl - 1)
    expect(kindOf(await read(store, 'a'))).toBe('value')

    passed(2)
    expect(await read(store, 'a')).toBeNull()
  })

  it('keeps a value that was expired by call as long as before', async () => {
    const store = await storeOfValue()
    passed(ttl / 2)
    await store.expire(['a'])

    passed(ttl / 2 - 1)
    expect(kindOf(await read(store, 'a'))).toBe('value')

    passed(2)
    expect(await read(store, 'a')).toBeNull()
  })

  it('gives a value that was renewed its new TTL', async () => {
    const store = await storeOfValue()
    await store.renew('a', refresh, { ...renewal, ttl: 10 })

    passed(9)
    expect(kindOf(await read(store, 'a'))).toBe('value')

    passed(2)
    expect(await read(store, 'a')).toBeNull()
  })

  it('lets a refresh be taken again once its mark is over', async () => {
    const store = await storeOfValue(10 * ttl)
    const acquire = () => store.acquire('a', { token: another, ttl, stale: headOf(raw) })
    await acquire()

    passed(ttl - 1)
    expect(await acquire()).toEqual({ kind: 'held', remaining: 1 })

    passed(1)
    expect(await acquire()).toEqual({ kind: 'acquired', head: headOf(raw) })
  })

  it('says how long a lease is held', async () => {
    const store = await storeOf(['a'])
    passed(ttl - 5)

    expect(await store.acquire('a', { token: another, ttl })).toEqual({ kind: 'held', remaining: 5 })
  })

  it.each([
    ['the first', ttl, 2 * ttl],
    ['the last', 2 * ttl, ttl],
  ])('keeps a barrier up until its last writer’s time is over, be it that of %s', async (_which, one, other) => {
    const store = new MemoryStore()
    await store.raise('a', { token, ttl: one })
    await store.raise('a', { token: another, ttl: other })
    await store.invalidate(['a'])

    passed(2 * ttl - 1)
    expect(kindOf(await read(store, 'a'))).toBe('barrier')

    passed(2)
    expect(await read(store, 'a')).toBeNull()
  })

  it('keeps a barrier up while its writer says so', async () => {
    const store = new MemoryStore()
    for (let time = 0; time < 5; time++) {
      await store.raise('a', { token, ttl })
      passed(ttl - 1)
    }

    expect(kindOf(await read(store, 'a'))).toBe('barrier')
    expect(await store.lower('a', { token, settle: 0, entry })).toBe('stored')
  })

  it('bars as long as a write has to settle', async () => {
    const store = new MemoryStore()
    await store.raise('a', { token, ttl })
    await store.lower('a', { token, settle: 2 * ttl })

    passed(2 * ttl - 1)
    expect(await store.acquire('a', { token: another, ttl })).toEqual({ kind: 'barred' })

    passed(2)
    expect(await store.acquire('a', { token: another, ttl })).toMatchObject({ kind: 'acquired' })
  })

  it.each<readonly [string, (store: MemoryStore) => Promise<unknown>]>([
    ['invalidated', (store) => store.invalidate(['a'])],
    ['expired', (store) => store.expire(['a'])],
    ['lowered', (store) => store.lower('a', { token, settle: 0, entry })],
  ])('leaves nothing of a barrier that is %s in its last moment', async (_how, act) => {
    const store = new MemoryStore()
    await store.raise('a', { token, ttl })
    passed(ttl)

    await act(store)

    expect(await read(store, 'a')).toBeNull()
  })

  it('counts a writer whose time ended as one who was at work', async () => {
    const store = new MemoryStore()
    await store.raise('a', { token, ttl: 2 * ttl })
    await store.raise('a', { token: another, ttl })
    passed(ttl)

    expect(await store.lower('a', { token, settle: 0, entry })).toBe('lowered')
    expect(await read(store, 'a')).toBeNull()
  })

  it('finds a part up whose time is over while another’s stands', async () => {
    const store = new MemoryStore()
    await store.raise('a', { token: another, ttl: 2 * ttl })
    await store.raise('a', { token, ttl })
    passed(ttl)
    await store.invalidate(['a'])

    expect(await store.raise('a', { token, ttl })).toBe('up')
  })

  it('lets nothing with a tag be valid until its writer’s time is over', async () => {
    const store = new MemoryStore()
    await store.raiseTags(namespace.tagClock, ['a'], { token, ttl })

    passed(ttl - 1)
    const meanwhile = await store.origin(namespace, true)
    expect(await judged(store, meanwhile, 'a')).toBe('void')

    passed(2)
    expect(await judged(store, await store.origin(namespace, true), 'a')).toBe('valid')
    await store.bump(namespace.tagClock, ['a'], { ...voiding, what: 'expire' })
    expect(await judged(store, meanwhile, 'a')).toBe('void')
    expect(await store.raiseTags(namespace.tagClock, ['a'], { token, ttl })).toBe('raised')
  })

  it('keeps a barrier of tags up while its writer says so', async () => {
    const store = new MemoryStore()
    await store.raiseTags(namespace.tagClock, ['a'], { token, ttl })

    for (let time = 0; time < 5; time++) {
      passed(ttl - 1)
      expect(await store.raiseTags(namespace.tagClock, ['a'], { token, ttl })).toBe('up')
    }
    expect(await judged(store, await store.origin(namespace, true), 'a')).toBe('void')
  })

  it.each([
    ['void', (store: MemoryStore) => store.bump('shop/tags', ['a'], { ...voiding, settle: ttl })],
    ['written', (store: MemoryStore) => store.lowerTags('shop/tags', ['a'], { token, settle: ttl })],
  ])('lets nothing with a tag that is %s be valid until that has settled', async (_how, act) => {
    const store = new MemoryStore()
    await act(store)

    passed(ttl - 1)
    const meanwhile = await store.origin(namespace, true)
    expect(await judged(store, meanwhile, 'a')).toBe('void')

    passed(2)
    expect(await judged(store, meanwhile, 'a')).toBe('void')
    expect(await judged(store, await store.origin(namespace, true), 'a')).toBe('valid')
  })

  it('says that a clear settles until it has', async () => {
    const store = new MemoryStore()
    await store.clear(namespace.generation, ttl)
    await store.clear(namespace.generation, 1)

    passed(ttl - 1)
    expect(isSettling((await store.origin(namespace, false)).generation)).toBe(true)

    passed(1)
    const { generation } = await store.origin(namespace, false)
    expect(isSettling(generation)).toBe(false)
    expect((await store.readings(namespace, [])).generation).toBe(generation)
  })

  it('voids what was loaded before, though the time of day has gone back since', async () => {
    const store = new MemoryStore()
    const before = await store.origin(namespace, true)
    vi.setSystemTime(Date.now() - 10 * ttl)
    const later = await store.origin(namespace, true)

    await store.bump(namespace.tagClock, ['a'], voiding)

    expect(later.tagMoment?.reading).toBe(before.tagMoment?.reading)
    expect(await judged(store, later, 'a')).toBe('void')
    expect(await judged(store, await store.origin(namespace, true), 'a')).toBe('valid')
  })

  it('bars a tag for a writer, though the time of day has gone back since', async () => {
    const store = new MemoryStore()
    await store.origin(namespace, true)
    vi.setSystemTime(Date.now() - 10 * ttl)

    await store.raiseTags(namespace.tagClock, ['a'], { token, ttl })

    expect(await judged(store, await store.origin(namespace, true), 'a')).toBe('void')
  })
})
