import { type Gate, gate } from '@cache-aside/testkit'
import { describe, expect, it } from 'vitest'
import { heard, next } from '../guarantee/events-heard.ts'
import { lamp, type Opened, onEveryPlace, productsOf } from './records.ts'

const never = () => Promise.reject(new Error('nothing is to be loaded'))
const notFound = { found: false, value: undefined } as const
const left = (stock: number) => ({ ...lamp, stock })

type Written = Parameters<Opened['products']['updateFields']>[1] extends () => infer Result ? Awaited<Result> : never

/** A write that is under way: it commits when its gate is answered. */
async function writing({
  products,
}: Opened): Promise<{ readonly write: Gate<Written>; readonly updated: Promise<'updated' | 'uncached' | 'pending'> }> {
  const write = gate<Written>()
  const updated = products.updateFields('p-1', write.load)
  updated.catch(() => {})
  await Promise.race([write.called, updated])
  return { write, updated }
}

onEveryPlace('an update of a record', ({ open }) => {
  describe('and a load that is under way', () => {
    it.each(['another process', 'the same process'])('of %s: what it brings is not cached', async (whose) => {
      const writer = open()
      const reader = whose === 'another process' ? open() : writer
      const source = gate<typeof lamp>()
      const early = reader.products.getOrLoad('p-1', source.load)
      await source.called

      expect(await writer.products.updateFields('p-1', () => ({ stock: 4 }))).toBe('uncached')
      // Nobody who asks from now on is given what that load brings.
      const late = reader.products.getOrLoad('p-1', () => left(4))
      // Nor waits for it, where this process knows.
      if (reader === writer) expect(await late).toEqual(left(4))
      source.answer(lamp)
      expect(await late).toEqual(left(4))

      expect(await early).toMatchObject({ name: lamp.name }) // Its call overlaps the update.
      expect(await reader.products.getOrLoad('p-1', never)).toEqual(left(4))
      expect(await open().products.getOrLoad('p-1', never)).toEqual(left(4))
      expect(reader.cache.stats().fillsRejected).toBe(1)
    })

    it('of the same process: nobody who reads during the write waits for it', async () => {
      const process = open()
      const source = gate<typeof lamp>()
      const early = process.products.getOrLoad('p-1', source.load)
      await source.called
      const { write, updated } = await writing(process)

      expect(await process.products.getOrLoad('p-1', () => left(6))).toEqual(left(6))

      source.answer(lamp)
      write.answer({ stock: 4 })
      await Promise.all([early, updated])
      expect(await process.products.get('p-1')).toEqual(notFound)
    })

    it('since before the write: its record is void, though it was cached by then', async () => {
      const [writer, reader] = [open(), open()]
      const { write, updated } = await writing(writer)
      expect(await reader.products.getOrLoad('p-1', () => lamp)).toEqual(lamp)

      write.answer({ stock: 4 })

      expect(await updated).toBe('uncached')
      expect(await reader.products.get('p-1')).toEqual(notFound)
      expect(await reader.products.getOrLoad('p-1', () => left(4))).toEqual(left(4))
    })

    it('since the record was voided in the middle of the write: what it brings is void', async () => {
      const [writer, reader] = [open(), open()]
      await reader.products.getOrLoad('p-1', () => lamp)
      const { write, updated } = await writing(writer)
      await reader.products.invalidate('p-1')
      const source = gate<typeof lamp>()
      const read = reader.products.getOrLoad('p-1', source.load)
      await source.called

      write.answer({ stock: 4 })
      expect(await updated).toBe('uncached')
      source.answer(lamp)

      await read
      expect(await reader.products.get('p-1')).toEqual(notFound)
    })
  })

  describe('and another', () => {
    it.each([
      [0, 1],
      [1, 0],
    ] as const)('that overlaps: the record is void, whichever ends first (%d, then %d)', async (first, second) => {
      const [one, other, reader] = [open(), open(), open()]
      await reader.products.getOrLoad('p-1', () => lamp)
      const writers = [await writing(one), await writing(other)] as const

      writers[first].write.answer({ stock: 4 })
      await writers[first].updated
      // Who reads now is given no more than what is committed, and not what was before.
      expect(await reader.products.getOrLoad('p-1', () => left(4))).toEqual(left(4))
      writers[second].write.answer({ stock: 3 })

      expect(await writers[second].updated).toBe('uncached')
      expect(await reader.products.get('p-1')).toEqual(notFound)
      expect(await reader.products.getOrLoad('p-1', () => left(3))).toEqual(left(3))
      expect(await one.products.updateFields('p-1', () => ({ stock: 2 }))).toBe('updated')
    })

    it('of another field that overlaps: neither is lost', async () => {
      const [one, other] = [open(), open()]
      await one.products.getOrLoad('p-1', () => lamp)
      const [stock, note] = [await writing(one), await writing(other)]

      note.write.answer({ note: 'new' })
      await note.updated
      stock.write.answer({ stock: 4 })
      await stock.updated

      expect(await one.products.get('p-1')).toEqual(notFound)
    })

    it('that begins when it has ended is made', async () => {
      const [one, other] = [open(), open()]
      await one.products.getOrLoad('p-1', () => lamp)

      expect(await one.products.updateFields('p-1', () => ({ stock: 4 }))).toBe('updated')
      expect(await other.products.updateFields('p-1', () => ({ note: 'new' }))).toBe('updated')

      expect(await one.products.getOrLoad('p-1', never)).toEqual({ ...left(4), note: 'new' })
    })

    it('whose writer never ends: the record is void after the first that does', async () => {
      const [dead, living] = [open(), open()]
      await living.products.getOrLoad('p-1', () => lamp)
      const { write } = await writing(dead)

      expect(await living.products.updateFields('p-1', () => ({ note: 'new' }))).toBe('uncached')

      expect(await living.products.getOrLoad('p-1', () => left(4))).toEqual(left(4))
      write.answer({})
    })
  })

  describe('whose writer is at work', () => {
    it('is read as it was', async () => {
      const [writer, reader] = [open(), open()]
      await reader.products.getOrLoad('p-1', () => lamp)
      const { write, updated } = await writing(writer)

      expect(await reader.products.getOrLoad('p-1', never)).toEqual(lamp)
      expect(await reader.products.getFields('p-1', ['stock'], never)).toEqual({ stock: 5 })

      write.answer({ stock: 4 })
      expect(await updated).toBe('updated')
      expect(await reader.products.getOrLoad('p-1', never)).toEqual(left(4))
    })

    it('is read no more once its mark is over: the writer may be dead', async () => {
      const writer = open({ barrierTtl: 50 })
      const reader = open()
      await reader.products.getOrLoad('p-1', () => lamp)
      const { write, updated } = await writing(writer)

      const loadedAnew = async () => {
        await reader.products.getFields('p-1', ['stock'], () => left(4))
        return reader.products.get('p-1')
      }
      await expect.poll(loadedAnew, { timeout: 15_000 }).toEqual({ found: true, value: left(4) })
      write.answer({ stock: 3 })

      expect(await updated).toBe('uncached')
      expect(await reader.products.getOrLoad('p-1', () => left(3))).toEqual(left(3))
    })

    it.each<[string, (opened: Opened) => Promise<unknown>]>([
      ['invalidated', ({ products }) => products.invalidate('p-1')],
      ['invalidated with everything', ({ cache }) => cache.clear()],
      ['evicted, or has expired', ({ redis, at, products }) => redis?.unlink(at('p-1')) ?? products.invalidate('p-1')],
    ])('and that is %s meanwhile is not cached by it, whole or in part', async (_how, voids) => {
      const [writer, other] = [open(), open()]
      await writer.products.getOrLoad('p-1', () => lamp)
      const { write, updated } = await writing(writer)
      await voids(other)

      write.answer({ stock: 4 })
      await updated

      expect(await other.products.get('p-1')).toEqual(notFound)
      expect(await other.products.getFields('p-1', ['stock'], () => left(3))).toEqual({ stock: 3 })
    })

    it('is fresh for no longer than before', async () => {
      const [writer, reader] = [open({ barrierTtl: '1h' }), open()]
      await productsOf(writer.cache, { ttl: '1s' }).getOrLoad('p-1', () => lamp)
      const { write, updated } = await writing(writer)

      await expect.poll(async () => (await reader.products.get('p-1')).found, { timeout: 15_000 }).toBe(false)
      expect(await reader.products.getOrLoad('p-1', () => left(6))).toEqual(left(6))
      write.answer({ stock: 4 })
      await updated

      expect(await reader.products.getFields('p-1', ['stock'], () => left(4))).toEqual({ stock: 4 })
    })

    it.each<[string, (opened: Opened) => Promise<unknown>]>([
      ['invalidated', ({ products }) => products.invalidate('p-1')],
      ['expired', ({ products, cache }) => cache.expire(products.key('p-1'))],
      ['invalidated by a pattern', ({ cache }) => cache.invalidatePattern('product:*')],
      ['invalidated with everything', ({ cache }) => cache.clear()],
    ])('and that is %s meanwhile is loaded, and not cached before he has ended', async (_how, voids) => {
      const [writer, other] = [open(), open()]
      await writer.products.getOrLoad('p-1', () => lamp)
      const { write, updated } = await writing(writer)
      await voids(other)

      expect(await other.products.getOrLoad('p-1', () => lamp)).toEqual(lamp)
      // A writer who dies takes what is in memory along.
      if (other.redis) expect(await other.products.get('p-1')).toEqual(notFound)
      write.answer({ stock: 4 })
      await updated

      expect(await other.products.getOrLoad('p-1', () => left(4))).toEqual(left(4))
      expect(await other.products.getOrLoad('p-1', never)).toEqual(left(4))
    })

    it('and that is loaded again meanwhile is void', async () => {
      const [writer, other] = [open(), open()]
      await writer.products.getOrLoad('p-1', () => lamp)
      const { write, updated } = await writing(writer)
      await other.products.invalidate('p-1')
      await other.products.getOrLoad('p-1', () => ({ ...lamp, note: 'old' }))

      write.answer({ stock: 4 })

      expect(await updated).toBe('uncached')
      expect(await other.products.get('p-1')).toEqual(notFound)
    })

    it('who fails leaves it void, and has his own error', async () => {
      const [writer, other] = [open(), open()]
      await other.products.getOrLoad('p-1', () => lamp)
      const { write, updated } = await writing(writer)
      const error = new Error('rolled back, perhaps')

      write.fail(error)

      await expect(updated).rejects.toBe(error)
      expect(await other.products.get('p-1')).toEqual(notFound)
    })

    it('whose cache is closed meanwhile: no part of it is read as it was', async () => {
      const [writer, other] = [open(), open()]
      await other.products.getOrLoad('p-1', () => lamp)
      const { write, updated } = await writing(writer)
      await writer.cache.close()

      write.answer({ stock: 4 })
      await updated

      expect(await other.products.getOrLoad('p-1', () => left(4))).toEqual(left(4))
    })
  })

  describe('under cache.mutate of its key', () => {
    it('is made behind the barrier: nothing is cached by it, nor in the way of the writer', async () => {
      const [mutator, writer, reader] = [open(), open(), open()]
      await reader.products.getOrLoad('p-1', () => lamp)
      const mutation = gate<void>()
      const mutated = mutator.cache.mutate(mutator.products.key('p-1'), mutation.load)
      await mutation.called

      expect(await writer.products.updateFields('p-1', () => ({ stock: 4 }))).toBe('uncached')
      expect(await reader.products.getOrLoad('p-1', () => left(4))).toEqual(left(4))
      expect(await reader.products.get('p-1')).toEqual(notFound)
      mutation.answer()
      await mutated

      expect(await reader.products.getOrLoad('p-1', () => left(3))).toEqual(left(3))
      expect(await reader.products.getOrLoad('p-1', never)).toEqual(left(3))
    })

    it('that begins meanwhile: the record is void after both', async () => {
      const [mutator, writer, reader] = [open(), open(), open()]
      await reader.products.getOrLoad('p-1', () => lamp)
      const { write, updated } = await writing(writer)
      const mutation = gate<void>()
      const mutated = mutator.cache.mutate(mutator.products.key('p-1'), mutation.load)
      await mutation.called

      write.answer({ stock: 4 })
      expect(await updated).toBe('uncached')
      expect(await reader.products.getOrLoad('p-1', () => left(4))).toEqual(left(4))
      expect(await reader.products.get('p-1')).toEqual(notFound)
      mutation.answer()
      await mutated

      expect(await reader.products.get('p-1')).toEqual(notFound)
    })
  })

  describe('and many who read', () => {
    it('one load serves all, in all processes', async () => {
      const processes = [open(), open()]
      const source = gate<typeof lamp>()
      const missed = processes.map(({ cache }) => next(cache, 'miss'))
      const waits = processes.map(({ cache }) => heard(cache, 'wait'))
      const reads = processes.flatMap(({ products }) => [
        ...Array.from({ length: 20 }, () => products.getOrLoad('p-1', source.load)),
        ...Array.from({ length: 20 }, async () => (await products.getFields('p-1', ['stock'], source.load))?.stock),
      ])
      await Promise.all([source.called, ...missed])
      source.answer(lamp)

      const all = await Promise.all(reads)

      expect(all.filter((each) => each === 5)).toHaveLength(40)
      expect(all.filter((each) => each !== 5)).toEqual(Array.from({ length: 40 }, () => lamp))
      expect(source.calls).toBe(1)
      expect(waits.flat().length).toBeGreaterThan(0)
    })

    it('a load that fails fails them all, and the next one loads', async () => {
      const { products, redis, at } = open()
      const source = gate<typeof lamp>()
      const error = new TypeError('no such column')
      const reads = Array.from({ length: 5 }, () => products.getOrLoad('p-1', source.load))
      await source.called
      source.fail(error)

      expect(
        (await Promise.allSettled(reads)).every((each) => each.status === 'rejected' && each.reason === error),
      ).toBe(true)
      if (redis) expect(await redis.exists(at('p-1'))).toBe(0)
      expect(await products.getOrLoad('p-1', () => lamp)).toEqual(lamp)
    })
  })
})
