import { setImmediate as nextTurn } from 'node:timers/promises'
import { cacheKey, InvalidOptionsError, UncacheableValueError } from '@cache-aside/core'
import { json, RecordCache } from '@cache-aside/core/record'
import { gate } from '@cache-aside/testkit'
import { describe, expect, it } from 'vitest'
import { heard } from '../guarantee/events-heard.ts'
import { fields, lamp, type Opened, onEveryPlace, settings } from './records.ts'

const never = () => Promise.reject(new Error('nothing is to be loaded'))
const notFound = { found: false, value: undefined } as const

onEveryPlace('a record cache', ({ open }) => {
  describe('records', () => {
    it('are loaded once, and come back as they are declared', async () => {
      const { products, cache } = open()

      expect(await products.get('p-1')).toEqual(notFound)
      expect(await products.getOrLoad('p-1', () => lamp)).toEqual(lamp)
      expect(await products.getOrLoad('p-1', never)).toEqual(lamp)
      expect(await open().products.get('p-1')).toEqual({ found: true, value: lamp })
      expect(cache.stats()).toMatchObject({ loads: 1, hits: 1 })
    })

    it('have the declared fields alone, when they are loaded too', async () => {
      const { products } = open()
      const row = { ...lamp, secret: 's', '@': 'V' }

      expect(await products.getOrLoad('p-1', () => row)).toEqual(lamp)
      expect(await products.getOrLoad('p-1', never)).toEqual(lamp)
    })

    it('are the caller’s own to change', async () => {
      const { products } = open()
      const loaded = await products.getOrLoad('p-1', () => ({ ...lamp, since: new Date(0) }))
      loaded?.since.setFullYear(1999)

      expect(await products.getOrLoad('p-1', never)).toEqual(lamp)
    })

    it('have keys of their own, whatever the id', async () => {
      const { products } = open()
      const ids = ['a:b', 'a%3Ab', 'a b', '', 'ä', 1, 2n]
      for (const id of ids) await products.getOrLoad(id, () => ({ ...lamp, name: `of ${id}` }))

      for (const id of ids) {
        expect(products.key(id)).toBe(cacheKey('product', id))
        expect(await products.getOrLoad(id, never)).toMatchObject({ name: `of ${id}` })
      }
      await expect(products.getOrLoad(Number.NaN, never)).rejects.toMatchObject({ code: 'INVALID_KEY' })
    })

    it('are fresh or not cached, whatever their cache does with others', async () => {
      const eager = { earlyRefresh: 1e9, earlyRefreshAt: 1e-9 }
      const { products, cache, redis, at } = open({ staleWhileRevalidate: '1h', failSafe: '2h', ...eager })
      const refreshes = heard(cache, 'refresh')
      // What a load costs is counted in whole milliseconds.
      const slow = async () => {
        for (const began = performance.now(); performance.now() - began < 2; ) await nextTurn()
        return lamp
      }
      await products.getOrLoad('p-1', slow)

      for (let read = 0; read < 10; read++) expect(await products.getOrLoad('p-1', slow)).toEqual(lamp)

      expect(refreshes).toEqual([])
      if (redis) expect(await redis.pttl(at('p-1'))).toBeLessThanOrEqual(600_000)
    })

    it('are not compressed: each field is text by itself', async () => {
      const { products, redis, at } = open({ compression: 'gzip' })
      const large = { ...lamp, name: 'Lamp'.repeat(10_000) }
      await products.getOrLoad('p-1', () => large)

      expect(await products.updateFields('p-1', () => ({ stock: 4 }))).toBe('updated')
      expect(await products.getOrLoad('p-1', never)).toEqual({ ...large, stock: 4 })
      expect(await products.getFields('p-1', ['name'], never)).toEqual({ name: large.name })
      if (redis) expect(await redis.hget(at('p-1'), 'name')).toBe(large.name)
    })

    it('that are too large are handed out, and not cached', async () => {
      const { products } = open({ maxValueSize: 1_000 })
      const large = { ...lamp, name: 'Lamp'.repeat(1_000), secret: 's' }

      expect(await products.getOrLoad('p-1', () => large)).toEqual({ ...lamp, name: large.name })
      expect(await products.get('p-1')).toEqual(notFound)
    })

    it('whose loader declines are handed out as all others, and not cached', async () => {
      const { products, redis, at } = open()
      const declining = { ...lamp, secret: 's' }

      expect(
        await products.getOrLoad('p-1', ({ decline }) => {
          decline()
          return declining
        }),
      ).toEqual(lamp)

      expect(await products.get('p-1')).toEqual(notFound)
      if (redis) expect(await redis.exists(at('p-1'))).toBe(0)
    })

    it('have the TTL that their loader gives them', async () => {
      const { products, redis, at } = open()
      await products.getOrLoad('p-1', ({ setTtl }) => {
        setTtl('1h')
        return lamp
      })

      expect(await products.getOrLoad('p-1', never)).toEqual(lamp)
      if (redis) expect(await redis.pttl(at('p-1'))).toBeGreaterThan(3_000_000)
    })

    it('that do not exist are cached as such', async () => {
      const { products } = open()

      expect(await products.getOrLoad('p-1', () => null)).toBeNull()
      expect(await products.getOrLoad('p-1', never)).toBeNull()
      expect(await products.get('p-1')).toEqual({ found: true, value: null })
      expect(await products.getFields('p-1', ['stock'], never)).toBeNull()
    })

    it('whose row has another type in a field are refused, and nothing of them is cached', async () => {
      const { products, redis, at } = open()
      const loading = products.getOrLoad('p-1', () => ({ ...lamp, stock: 'secret' as never }))

      await expect(loading).rejects.toBeInstanceOf(UncacheableValueError)
      await expect(loading).rejects.toMatchObject({
        key: 'product:p-1',
        message: 'store "product:p-1": field "stock": expected a finite number, got string',
      })
      expect(await products.get('p-1')).toEqual(notFound)
      if (redis) expect(await redis.exists(at('p-1'))).toBe(0)
    })
  })

  describe('some fields', () => {
    it('are read by themselves, in any order', async () => {
      const { products, cache } = open()
      await products.getOrLoad('p-1', () => lamp)

      expect(await products.getFields('p-1', ['stock', 'name', 'note'], never)).toEqual({
        name: lamp.name,
        stock: 5,
        note: null,
      })
      expect(cache.stats()).toMatchObject({ loads: 1, hits: 1, misses: 1 })
    })

    it('of a record that is not cached are loaded with all others', async () => {
      const { products, cache } = open()

      expect(await products.getFields('p-1', ['stock'], () => lamp)).toEqual({ stock: 5 })
      expect(await products.getOrLoad('p-1', never)).toEqual(lamp)
      expect(cache.stats()).toMatchObject({ loads: 1, misses: 1, hits: 1 })
    })

    it('of a record that does not exist are null', async () => {
      const { products } = open()

      expect(await products.getFields('p-1', ['stock'], () => null)).toBeNull()
      expect(await products.getFields('p-1', ['name'], never)).toBeNull()
    })

    it.each([[[]], [['colour']], ['stock'], [['stock', '@']]])('cannot be %j', async (names) => {
      const { products } = open()

      await expect(products.getFields('p-1', names as never, never)).rejects.toBeInstanceOf(InvalidOptionsError)
    })

    it('that are void are not read', async () => {
      const { products, cache } = open()
      await products.getOrLoad('p-1', () => lamp)
      await cache.clear()

      expect(await products.getFields('p-1', ['stock'], () => ({ ...lamp, stock: 4 }))).toEqual({ stock: 4 })
    })
  })

  describe('an update', () => {
    it('changes the fields that it writes, and no others', async () => {
      const { products, cache } = open()
      const other = open()
      const updates = heard(cache, 'update')
      await products.getOrLoad('p-1', () => lamp)

      expect(await products.updateFields('p-1', async () => ({ stock: 4, note: 'sold' }))).toBe('updated')

      const updated = { ...lamp, stock: 4, note: 'sold' }
      expect(await products.getOrLoad('p-1', never)).toEqual(updated)
      expect(await other.products.getOrLoad('p-1', never)).toEqual(updated)
      expect(await other.products.getFields('p-1', ['stock'], never)).toEqual({ stock: 4 })
      expect(updates).toEqual([{ type: 'update', operation: 'updateFields', key: 'product:p-1' }])
      expect(cache.stats()).toMatchObject({ updates: 1, invalidations: 0, loads: 1 })
    })

    it('writes null, and what was null', async () => {
      const { products, redis, at } = open()
      await products.getOrLoad('p-1', () => ({ ...lamp, note: 'new' }))

      expect(await products.updateFields('p-1', () => ({ note: null }))).toBe('updated')
      expect(await products.getOrLoad('p-1', never)).toEqual(lamp)
      if (redis) expect(await redis.hexists(at('p-1'), 'note')).toBe(0)
      expect(await products.updateFields('p-1', () => ({ note: '' }))).toBe('updated')
      expect(await products.getOrLoad('p-1', never)).toEqual({ ...lamp, note: '' })
    })

    it('that follows another is made too', async () => {
      const { products } = open()
      const other = open()
      await products.getOrLoad('p-1', () => lamp)

      for (const stock of [4, 3, 2]) {
        const by = stock === 3 ? other.products : products
        expect(await by.updateFields('p-1', () => ({ stock }))).toBe('updated')
        expect(await products.getFields('p-1', ['stock'], never)).toEqual({ stock })
      }
    })

    it('of a record that is not cached caches nothing', async () => {
      const { products, cache, redis, at } = open()
      const updates = heard(cache, 'update')

      expect(await products.updateFields('p-1', () => ({ stock: 4 }))).toBe('uncached')

      expect(await products.get('p-1')).toEqual(notFound)
      if (redis) expect(await redis.exists(at('p-1'))).toBe(0)
      expect(updates).toEqual([])
      expect(cache.stats()).toMatchObject({ updates: 0, invalidations: 1 })
    })

    it('of one that is cached as "does not exist" voids that', async () => {
      const { products, redis, at } = open()
      await products.getOrLoad('p-1', () => null)

      expect(await products.updateFields('p-1', () => ({ stock: 4 }))).toBe('uncached')

      if (redis) expect(await redis.exists(at('p-1'))).toBe(0)
      expect(await products.getOrLoad('p-1', () => lamp)).toEqual(lamp)
    })

    it.each<[string, object, string]>([
      ['another type', { stock: 'secret' }, 'field "stock": expected a finite number, got string'],
      ['half a surrogate pair', { name: 'secret\ud800' }, 'field "name": expected well-formed text, got string'],
      ['null', { since: null }, 'field "since": expected a valid date, got null'],
      ['undefined', { stock: undefined }, 'field "stock": expected a finite number, got undefined'],
      ['NaN', { stock: Number.NaN }, 'field "stock": expected a finite number, got number'],
      ['what is not declared', { colour: 'secret' }, 'a declared field is expected, such as { stock: 4 }'],
      ['the header', { '@': 'secret' }, 'a declared field is expected, such as { stock: 4 }'],
      ['no fields', 'secret' as unknown as object, 'fields are expected, such as { stock: 4 }'],
    ])('whose write returns %s is refused, and the record void', async (_what, written, reason) => {
      const { products } = open()
      await products.getOrLoad('p-1', () => lamp)

      const refused = products.updateFields('p-1', () => written)

      await expect(refused).rejects.toBeInstanceOf(UncacheableValueError)
      await expect(refused).rejects.toMatchObject({ key: 'product:p-1', message: `store "product:p-1": ${reason}` })
      expect(await products.get('p-1')).toEqual(notFound)
    })

    it('takes what is declared of a row that has more', async () => {
      const { products, redis, at } = open()
      await products.getOrLoad('p-1', () => lamp)

      const row = { stock: 4, colour: 'red', '@': 'V' }
      expect(await products.updateFields('p-1', () => row)).toBe('updated')

      expect(await products.getOrLoad('p-1', never)).toEqual({ ...lamp, stock: 4 })
      if (redis) expect(await redis.hexists(at('p-1'), 'colour')).toBe(0)
    })

    it('begins the TTL anew that its loader has set', async () => {
      const { products, redis, at } = open()
      await products.getOrLoad('p-1', ({ setTtl }) => {
        setTtl('2h')
        return lamp
      })

      expect(await products.updateFields('p-1', () => ({ stock: 4 }))).toBe('updated')

      expect(await products.getOrLoad('p-1', never)).toEqual({ ...lamp, stock: 4 })
      if (redis) expect(await redis.pttl(at('p-1'))).toBeGreaterThan(6_000_000)
    })

    it('that is larger than a value may be voids the record', async () => {
      const { products, cache } = open({ maxValueSize: 1_000 })
      const corrupt: unknown[] = []
      cache.events.on('corrupt', (event) => corrupt.push(event))
      await products.getOrLoad('p-1', () => lamp)

      expect(await products.updateFields('p-1', () => ({ note: 'x'.repeat(2_000) }))).toBe('uncached')

      expect(await products.get('p-1')).toEqual(notFound)
      expect(corrupt).toEqual([])
    })

    it('whose write returns null voids the record', async () => {
      const { products } = open()
      await products.getOrLoad('p-1', () => lamp)

      expect(await products.updateFields('p-1', async () => null)).toBe('uncached')
      expect(await products.get('p-1')).toEqual(notFound)
      expect(await products.updateFields('p-1', () => null)).toBe('uncached')
    })

    it('whose write throws rejects with that, and the record is void', async () => {
      const { products } = open()
      const error = new TypeError('no such column')
      await products.getOrLoad('p-1', () => lamp)

      await expect(products.updateFields('p-1', () => Promise.reject(error))).rejects.toBe(error)
      expect(await products.get('p-1')).toEqual(notFound)

      await products.getOrLoad('p-1', () => lamp)
      const thrown = products.updateFields('p-1', () => {
        throw error
      })
      await expect(thrown).rejects.toBe(error)
      expect(await products.get('p-1')).toEqual(notFound)
    })

    it('with a settle time is never made: what replaces the record could be loaded from a replica that lags', async () => {
      const { products } = open({ settle: '1h' })
      await open().products.getOrLoad('p-1', () => lamp)

      expect(await products.updateFields('p-1', () => ({ stock: 4 }))).toBe('uncached')

      expect(await products.getOrLoad('p-1', () => ({ ...lamp, stock: 5 }))).toMatchObject({ stock: 5 })
      expect(await open().products.get('p-1')).toEqual(notFound)
    })

    it('needs a write: what is written already is refused, and the record left as it is', async () => {
      const { products } = open()
      await products.getOrLoad('p-1', () => lamp)

      await expect(products.updateFields('p-1', { stock: 4 } as never)).rejects.toMatchObject({
        problems: [{ option: 'write', got: 'an object' }],
      })

      expect(await products.get('p-1')).toMatchObject({ found: true, value: { stock: lamp.stock } })
    })

    it('needs an open cache', async () => {
      const { products, cache } = open()
      await products.getOrLoad('p-1', () => lamp)
      await cache.close()
      let written = false

      await expect(products.updateFields('p-1', () => ((written = true), {}))).rejects.toMatchObject({ code: 'CLOSED' })

      expect(written).toBe(false)
      await expect(products.invalidate('p-1')).rejects.toMatchObject({ code: 'CLOSED' })
      expect(await products.get('p-1')).toEqual(notFound)
      expect(await products.getOrLoad('p-1', () => ({ ...lamp, stock: 4 }))).toMatchObject({ stock: 4 })
      expect(await products.getFields('p-1', ['stock'], () => ({ ...lamp, stock: 4 }))).toEqual({ stock: 4 })
    })
  })

  describe('a record is void', () => {
    const cached = async (...ids: string[]): Promise<Opened & { readonly other: Opened }> => {
      const opened = open()
      for (const id of ids) await opened.products.getOrLoad(id, () => lamp)
      return { ...opened, other: open() }
    }

    it('after invalidate, of one or of many', async () => {
      const { products, other } = await cached('p-1', 'p-2', 'p-3', 'p-4')

      expect(await other.products.invalidate('p-1')).toBe('acknowledged')
      expect(await other.products.invalidate(['p-2', 'p-3'], { scope: 'everywhere' })).toBe('acknowledged')
      expect(await other.products.invalidate([])).toBe('acknowledged')

      const scope = 'nowhere' as 'everywhere'
      await expect(other.products.invalidate('p-4', { scope })).rejects.toBeInstanceOf(InvalidOptionsError)
      for (const id of ['p-1', 'p-2', 'p-3']) expect(await products.get(id)).toEqual(notFound)
      expect(await products.getOrLoad('p-4', never)).toEqual(lamp)
    })

    it.each<[string, (opened: Opened) => Promise<unknown>]>([
      ['cache.invalidate', ({ cache, products }) => cache.invalidate(products.key('p-1'))],
      ['cache.expire', ({ cache, products }) => cache.expire(products.key('p-1'))],
      ['cache.invalidatePattern', ({ cache }) => cache.invalidatePattern('product:*')],
      ['cache.clear', ({ cache }) => cache.clear()],
      ['cache.mutate', ({ cache, products }) => cache.mutate(products.key('p-1'), () => {})],
    ])('after %s', async (_by, voids) => {
      const { products, other } = await cached('p-1')

      await voids(other)

      expect(await products.get('p-1')).toEqual(notFound)
      expect(await products.getOrLoad('p-1', () => ({ ...lamp, stock: 4 }))).toMatchObject({ stock: 4 })
      expect(await products.getOrLoad('p-1', never)).toMatchObject({ stock: 4 })
    })

    it('while a writer is at work on it by cache.mutate: it is loaded, and not cached', async () => {
      const { products, other } = await cached('p-1')
      const write = gate<void>()
      const mutating = other.cache.mutate(products.key('p-1'), write.load)
      await write.called

      for (const stock of [5, 4]) {
        expect(await products.getOrLoad('p-1', () => ({ ...lamp, stock }))).toMatchObject({ stock })
        expect(await products.getFields('p-1', ['stock'], () => ({ ...lamp, stock }))).toEqual({ stock })
      }
      expect(await products.updateFields('p-1', () => ({ stock: 3 }))).toBe('uncached')
      expect(await products.getOrLoad('p-1', () => ({ ...lamp, stock: 3 }))).toMatchObject({ stock: 3 })
      expect(await products.get('p-1')).toEqual(notFound)
      write.answer()
      await mutating

      expect(await products.getOrLoad('p-1', () => ({ ...lamp, stock: 2 }))).toMatchObject({ stock: 2 })
      expect(await products.getOrLoad('p-1', never)).toMatchObject({ stock: 2 })
    })
  })

  describe('declarations', () => {
    const { name, stock, ...others } = fields

    it('of the same fields in another order share their records', async () => {
      const { products } = open()
      const { cache } = open()
      const turned = new RecordCache({ ...settings, cache, fields: { ...others, stock, name } })
      await products.getOrLoad('p-1', () => lamp)

      expect(await turned.updateFields('p-1', () => ({ stock: 4 }))).toBe('updated')
      expect(await turned.getOrLoad('p-1', never)).toEqual({ ...lamp, stock: 4 })
      expect(await products.getOrLoad('p-1', never)).toEqual({ ...lamp, stock: 4 })
    })

    it('of other types take nothing of each other’s: it is outdated, and replaced', async () => {
      const { products } = open()
      const { cache } = open()
      const outdated = heard(cache, 'outdated')
      const another = new RecordCache({ ...settings, cache, fields: { ...fields, stock: 'string' } })
      await products.getOrLoad('p-1', () => lamp)

      expect(await another.get('p-1')).toEqual(notFound)
      expect(await another.getFields('p-1', ['name'], () => ({ ...lamp, stock: 'five' }))).toEqual({ name: lamp.name })

      expect(outdated[0]).toMatchObject({ key: 'product:p-1' })
      expect(await another.getOrLoad('p-1', never)).toEqual({ ...lamp, stock: 'five' })
      expect(await products.getOrLoad('p-1', () => lamp)).toEqual(lamp)
    })

    it('of other types do not change each other’s records: those are void after an update', async () => {
      const { products, cache } = open()
      const corrupt = heard(cache, 'corrupt')
      const another = new RecordCache({ ...settings, cache: open().cache, fields: { ...fields, stock: 'date' } })
      await products.getOrLoad('p-1', () => lamp)

      expect(await another.updateFields('p-1', () => ({ stock: new Date(0) }))).toBe('uncached')

      expect(await products.getOrLoad('p-1', () => ({ ...lamp, stock: 4 }))).toMatchObject({ stock: 4 })
      expect(corrupt).toEqual([])
    })

    it('a record of another version is void after an update, not changed', async () => {
      const [euros, cents] = [open({ version: '1' }), open({ version: '2' })]
      await euros.products.getOrLoad('p-1', () => lamp)

      expect(await cents.products.updateFields('p-1', () => ({ stock: 500 }))).toBe('uncached')

      expect(await euros.products.getOrLoad('p-1', () => ({ ...lamp, stock: 4 }))).toMatchObject({ stock: 4 })
    })
  })
})

describe('options', () => {
  it('that are wrong are all listed', () => {
    const options = {
      cache: {},
      name: 'a:b',
      ttl: 'soon',
      negativeTtl: -1,
      jitter: 2,
      failSafe: '1h',
      fields: { price: 'money', '@': 'string' },
    }

    const wrong = () => new RecordCache(options as never)

    expect(wrong).toThrow(InvalidOptionsError)
    try {
      wrong()
    } catch (error) {
      const { problems } = error as InvalidOptionsError
      expect(problems.map(({ option }) => option).toSorted()).toEqual([
        'cache',
        'failSafe',
        'fields',
        'fields.price',
        'jitter',
        'name',
        'negativeTtl',
        'ttl',
      ])
    }
  })

  it.each([undefined, null, 'product', []])('have to be an object: %j', (options) => {
    expect(() => new RecordCache(options as never)).toThrow(InvalidOptionsError)
  })

  it.each([undefined, null, {}, 'cache'])('need a cache: %j', (cache) => {
    const wrong = () => new RecordCache({ cache, name: 'product', fields: { a: json() } } as never)

    expect(wrong).toThrow(/option "cache": expected a CacheAside/)
  })
})
