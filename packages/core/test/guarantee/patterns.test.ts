import { gate, type RedisServer, startRedis } from '@cache-aside/testkit'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { CacheAside } from '../../src/cache/cache.ts'
import { invalidatePattern, type PatternProgress } from '../../src/cache/patterns.ts'
import { newToken } from '../../src/entry/token.ts'
import { InvalidOptionsError, isCacheError, StoreError } from '../../src/errors.ts'
import { globMatcher } from '../../src/protocol/glob.ts'
import { MemoryStore } from '../../src/protocol/memory-store.ts'
import { RedisStore } from '../../src/protocol/redis-store.ts'
import type { Store } from '../../src/protocol/store.ts'
import { heard, next } from './events-heard.ts'
import { onEveryStore } from './on-every-store.ts'

/** As it is, but for one operation. */
const but =
  <Operation extends keyof Store>(operation: Operation, instead: (store: Store) => Store[Operation]) =>
  (store: Store): Store =>
    new Proxy(store, {
      get: (target, name: keyof Store) => (name === operation ? instead(target) : target[name].bind(target)),
    })

const load = (cache: CacheAside, keys: readonly string[], value: unknown) =>
  Promise.all(keys.map((key) => cache.getOrLoad(key, () => value)))
async function cached(cache: CacheAside, keys: readonly string[]): Promise<string[]> {
  const lookups = await Promise.all(keys.map((key) => cache.get(key)))
  return keys.filter((_, index) => lookups[index]?.found)
}
const numbered = (start: string, count: number) => Array.from({ length: count }, (_, index) => `${start}${index}`)

/** design §1, P1. */
onEveryStore('no stale read after an invalidation by pattern', ({ open }) => {
  it('voids every key that matches, and no other', async () => {
    const [cache, other] = [open(), open()]
    const matching = numbered('user:123:', 1_200)
    const rest = ['user:123', 'user:1234:1', 'user:12:3', 'xuser:123:1', 'User:123:1']
    await load(cache, [...matching, ...rest], 'old')

    const result = await other.invalidatePattern('user:123:*')

    expect(result).toEqual({ invalidated: 1_200 })
    expect(await cached(cache, [...matching, ...rest])).toEqual(rest)
  })

  it('resolves where nothing matches', async () => {
    expect(await open().invalidatePattern('user:*')).toEqual({ invalidated: 0 })
  })

  it('reaches a key above 256 bytes by what it ends in', async () => {
    const cache = open()
    const long = `user:${'x'.repeat(300)}:orders`
    const keys = [long, `${long}:1`, 'user:1:orders', 'user:1:cart', `cart:${'x'.repeat(300)}`]
    await load(cache, keys, 'old')

    await cache.invalidatePattern('user:*:orders')

    // `${long}:1` begins alike: what is stored does not tell them apart.
    expect(await cached(cache, keys)).toEqual(keys.slice(3))
  })

  it('a load that began before does not fill after it', async () => {
    const [cache, other] = [open(), open()]
    const source = gate<string>()
    const early = cache.getOrLoad('user:1', source.load)
    await source.called

    await other.invalidatePattern('user:*')
    source.answer('old')

    expect(await early).toBe('old') // its call overlaps the invalidation
    expect(cache.stats().fillsRejected).toBe(1)
    expect(await cache.getOrLoad('user:1', () => 'new')).toBe('new')
  })

  it('a refresh that began before does not fill after it', async () => {
    const [cache, other] = [open({ failSafe: '1m' }), open({ failSafe: '1m' })]
    await load(cache, ['user:1'], 'old')
    await cache.expire('user:1')
    const source = gate<string>()
    const early = cache.getOrLoad('user:1', source.load)
    await source.called

    await other.invalidatePattern('user:*')
    source.answer('old still')
    await early

    expect(cache.stats().fillsRejected).toBe(1)
    expect(await cache.getOrLoad('user:1', () => 'new')).toBe('new')
  })

  it('a set that began before stores nothing after it', async () => {
    const claimed = gate<void>()
    const cache = open(
      {},
      but('fill', (store) => async (...args) => {
        await claimed.load()
        return store.fill(...args)
      }),
    )
    const set = cache.set('user:1', 'old')
    await claimed.called

    await open().invalidatePattern('user:*')
    claimed.answer()

    expect(await set).toBe(false)
    expect(await cached(cache, ['user:1'])).toEqual([])
  })

  it('a write through that began before stores nothing after it', async () => {
    const [cache, other] = [open(), open()]
    const write = gate<string>()
    const written = cache.writeThrough('user:1', write.load)
    await write.called

    await other.invalidatePattern('user:*')
    write.answer('old')
    await written

    expect(await cached(cache, ['user:1'])).toEqual([])
  })

  it('readers go on without caching while a writer is at work', async () => {
    const [cache, other] = [open(), open()]
    const write = gate<void>()
    const written = cache.mutate('user:1', write.load)
    await write.called

    await other.invalidatePattern('user:*')
    await load(other, ['user:1'], 'before the write')

    expect(await cached(other, ['user:1'])).toEqual([])
    write.answer()
    await written
  })

  it('a caller that comes later does not wait for a load that began before', async () => {
    const cache = open()
    const source = gate<string>()
    const early = cache.getOrLoad('user:1', source.load)
    await source.called

    await cache.invalidatePattern('user:*')

    expect(await cache.getOrLoad('user:1', () => 'new')).toBe('new')
    source.answer('old')
    await early
  })

  it('a caller that joins a load without a lease reads again', async () => {
    let isAway = true
    const cache = open(
      {},
      but('acquire', (store) => async (...args) => {
        if (isAway) throw new Error('away')
        return store.acquire(...args)
      }),
    )
    const source = gate<string>()
    const early = cache.getOrLoad('user:1', source.load)
    await source.called
    isAway = false
    await cache.invalidatePattern('user:*')

    const missed = next(cache, 'miss')
    const late = cache.getOrLoad('user:1', () => 'new')
    await missed
    source.answer('old')

    expect(await early).toBe('old')
    expect(await late).toBe('new')
  })

  it('settles what it has found', async () => {
    const [cache, other] = [open({ settle: '1m' }), open()]
    await load(other, ['user:1'], 'old')

    await cache.invalidatePattern('user:*')
    await load(other, ['user:1'], 'of a replica that lags')

    expect(await cached(other, ['user:1'])).toEqual([])
  })

  it('says how far it is', async () => {
    const cache = open()
    await load(cache, numbered('user:', 1_000), 'old')
    const told: number[] = []

    const result = await cache.invalidatePattern('user:*', { onProgress: ({ invalidated }) => told.push(invalidated) })

    expect(told.length).toBeGreaterThan(5)
    expect(told).toEqual(told.toSorted((one, another) => one - another))
    expect(told.at(-1)).toBe(result.invalidated)
  })

  it('goes on where the listener throws', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const cache = open()
    await load(cache, ['user:1'], 'old')
    const onProgress = () => {
      throw new Error('of the listener')
    }

    expect(await cache.invalidatePattern('user:*', { onProgress })).toEqual({ invalidated: 1 })
    expect(warned).toHaveBeenCalledOnce()
    warned.mockRestore()
  })

  it('reports the keys that are void', async () => {
    const cache = open()
    await load(cache, ['user:1', 'user:2', 'cart:1'], 'old')
    const events = heard(cache, 'invalidate')

    await cache.invalidatePattern('user:*')

    expect(events.flatMap(({ keys }) => keys).toSorted()).toEqual(['user:1', 'user:2'])
    expect(cache.stats().invalidations).toBe(2)
  })

  it('does nothing where the signal was aborted before', async () => {
    const cache = open()
    await load(cache, ['user:1'], 'old')
    const reason = new Error('too late')

    const voided = cache.invalidatePattern('user:*', { signal: AbortSignal.abort(reason) })

    await expect(voided).rejects.toBe(reason)
    expect(await cached(cache, ['user:1'])).toEqual(['user:1'])
  })

  it('stops where the signal is aborted, and leaves void what is', async () => {
    const cache = open()
    const keys = numbered('user:', 1_000)
    await load(cache, keys, 'old')
    const abort = new AbortController()
    let last: PatternProgress | undefined
    const onProgress = (progress: PatternProgress) => {
      last = progress
      abort.abort('enough')
    }

    const voided = cache.invalidatePattern('user:*', { signal: abort.signal, onProgress })

    await expect(voided).rejects.toBe('enough')
    expect(last?.invalidated).toBeLessThan(500)
    expect(await cached(cache, keys)).toHaveLength(1_000 - (last?.invalidated ?? 0))
  })

  it.each([
    ['pattern', [''], '""'],
    ['pattern', ['user:\n*'], '"user:\\\\n\\*"'],
    ['pattern', ['x'.repeat(1_025)], '1025 characters'],
    ['pattern', ['\ud800*'], 'half a surrogate pair'],
    ['pattern', [undefined], 'undefined'],
    ['pattern', [['user:*']], 'an array'],
    ['settle', ['user:*', { settle: 1 }], 'an unknown option'],
    ['signal', ['user:*', { signal: new AbortController() }], 'an object'],
    ['signal', ['user:*', { signal: null }], 'null'],
    ['onProgress', ['user:*', { onProgress: 'loud' }], '"loud"'],
    ['options', ['user:*', null], 'null'],
  ])('refuses a wrong %s: %j', async (option, args, got) => {
    const refused = open().invalidatePattern(...(args as [string]))

    await expect(refused).rejects.toThrow(InvalidOptionsError)
    await expect(refused).rejects.toThrow(new RegExp(`option "${option}": expected .*, got ${got}`))
  })

  it('refuses when the cache is closed', async () => {
    const cache = open()
    await cache.close()

    await expect(cache.invalidatePattern('*')).rejects.toSatisfy(
      (error) => isCacheError(error) && error.code === 'CLOSED',
    )
  })
})

describe('an invalidation by pattern', () => {
  it.each(['reject', 'journal'] as const)(
    'rejects where Redis goes away, and says how many keys are void (%s)',
    async (onUnreachable) => {
      await using server = await startRedis()
      const cache = new CacheAside({ namespace: 'shop', redis: server.url, onUnreachable })
      await load(cache, numbered('user:', 1_000), 'old')
      let last: PatternProgress | undefined
      const onProgress = (progress: PatternProgress) => {
        last = progress
        server.pause()
      }

      const voided = cache.invalidatePattern('user:*', { onProgress })

      await expect(voided).rejects.toThrow(StoreError)
      await expect(voided).rejects.toThrow(`(${last?.invalidated} keys are void, others may not be: repeat it)`)
      expect(last?.invalidated).toBeGreaterThan(0)
      expect(last?.invalidated).toBeLessThan(1_000)
      server.resume()
      await cache.close()
    },
  )
})

describe('a pattern', () => {
  let server: RedisServer
  const stores: RedisStore[] = []
  beforeAll(async () => {
    server = await startRedis()
  })
  afterEach(async () => {
    await server.cli('FLUSHALL')
    await Promise.all(stores.splice(0).map((store) => store.close()))
  })
  afterAll(() => server.stop())

  const inRedis = (keyPrefix: string) => {
    const store = new RedisStore(server.client({ keyPrefix }), { commandTimeout: 10_000 })
    stores.push(store)
    return store
  }
  /** A namespace, its neighbours, and a child of it; those who share a server have a keyPrefix each. */
  const namespaces = ['a.b', 'aXb', 'a', 'a.b2', 'a.b/acme', 'a-b', '-a.b']
  const part = fc.constantFrom('*', '?', '[', ']', '^', '-', '\\', ':', '/', 'a', 'b', '.', '2', '[!-~]', '[^a]', '..')
  const text = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''))

  it.each<[string, () => Store[]]>([
    ['one server', () => ['', 'app:', 'a.b.'].map(inRedis)],
    ['one server, with a keyPrefix of glob characters', () => ['a[p*]?^:', '', 'apx^:'].map(inRedis)],
    ['the memory store', () => [new MemoryStore()]],
  ])('never reaches outside its namespace, on %s', async (_where, open) => {
    const [store, ...others] = open() as [Store, ...Store[]]
    const attempt = { token: newToken(), ttl: 600_000 }
    const standing = async (of: Store, prefix: string) => {
      const keys: string[] = []
      for await (const some of of.find(prefix, '*')) keys.push(...some)
      return keys.toSorted()
    }

    await fc.assert(
      fc.asyncProperty(text, fc.array(text, { maxLength: 3 }), async (pattern, rests) => {
        const keys = namespaces.flatMap((namespace) => [...rests, '1'].map((rest) => `${namespace}:${rest}`))
        await Promise.all([store, ...others].flatMap((each) => keys.map((key) => each.claim(key, attempt))))
        const matches = globMatcher(pattern)
        const spared = keys.filter((key) => !(key.startsWith('a.b:') && matches(key.slice('a.b:'.length))))

        await invalidatePattern(pattern, undefined, {
          prefix: 'a.b:',
          find: (...args) => store.find(...args),
          invalidate: (storeKeys) => store.invalidate(storeKeys),
          forget: () => {},
          report: () => {},
        })

        const found = await Promise.all(['a', '-'].map((start) => standing(store, start)))
        expect(new Set(found.flat().filter((key) => keys.includes(key)))).toEqual(new Set(spared))
        for (const other of others) {
          const untouched = await standing(other, 'a.b:')
          expect(keys.filter((key) => key.startsWith('a.b:') && !untouched.includes(key))).toEqual([])
        }
      }),
      { numRuns: 100 },
    )
  })
})
