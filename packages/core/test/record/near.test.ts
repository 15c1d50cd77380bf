import { gate, type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openNear } from '../near/opened.ts'
import { commandsDuring } from '../protocol/standing.ts'
import { lamp, type Products, productsOf } from './records.ts'

const never = () => Promise.reject(new Error('nothing is to be loaded'))
const left = (stock: number) => ({ ...lamp, stock })

describe('records in a near cache', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  beforeEach(async () => {
    await redis.flushall()
  })
  afterAll(() => server.stop())

  /** With a lag that a busy machine does not exceed: until then it serves nothing. */
  const open = async (near: true | { readonly values: 'frozen' } = true) => {
    const { cache } = await openNear(server, { near, commandTimeout: '10s', nearLag: '3s' })
    return { cache, products: productsOf(cache) }
  }
  /** Until the next read comes from there. */
  const keep = ({ cache, products }: Awaited<ReturnType<typeof open>>) => {
    const fromNear = async () => {
      const { nearHits } = cache.stats()
      await products.getOrLoad('p-1', () => lamp)
      return cache.stats().nearHits - nearHits
    }
    return expect.poll(fromNear, { timeout: 15_000 }).toBe(1)
  }
  const stockOf = async (products: Products) => (await products.getFields('p-1', ['stock'], never))?.stock

  it('cost no command, in whole and in part', async () => {
    const near = await open()
    await keep(near)

    const commands = await commandsDuring(redis, async () => {
      expect(await near.products.getOrLoad('p-1', never)).toEqual(lamp)
      expect(await near.products.getFields('p-1', ['stock', 'since'], never)).toEqual({ stock: 5, since: lamp.since })
      expect(await near.products.get('p-1')).toEqual({ found: true, value: lamp })
    })

    expect(commands).not.toHaveProperty('hmget')
  })

  it('are the caller’s own to change', async () => {
    const near = await open()
    await keep(near)
    const one = await near.products.getOrLoad('p-1', never)
    one?.since.setFullYear(1999)
    if (one) Object.assign(one.attributes, { watt: 0 })

    expect(await near.products.getOrLoad('p-1', never)).toEqual(lamp)
  })

  it('are no others’ to change where values are frozen', async () => {
    const near = await open({ values: 'frozen' })
    await keep(near)
    const one = await near.products.getOrLoad('p-1', never)
    one?.since.setFullYear(1999)

    expect(await near.products.getOrLoad('p-1', never)).toEqual(lamp)
  })

  it('are void at once in the process that updates them, and soon in the others', async () => {
    const [one, other] = [await open(), await open()]
    await keep(one)
    await keep(other)

    expect(await one.products.updateFields('p-1', () => ({ stock: 4 }))).toBe('updated')

    expect(await stockOf(one.products)).toBe(4)
    expect(await one.products.getOrLoad('p-1', never)).toEqual(left(4))
    await expect.poll(() => stockOf(other.products), { timeout: 15_000 }).toBe(4)
  })

  it('that cannot be updated are void at once in the process that tries', async () => {
    const [one, other] = [await open(), await open()]
    await keep(one)
    await other.products.invalidate('p-1')

    expect(await one.products.updateFields('p-1', () => ({ stock: 4 }))).toBe('uncached')

    expect(await one.products.getOrLoad('p-1', () => left(4))).toEqual(left(4))
  })

  it.each(['updated', 'failed'])(
    'are not served beside a writer who has %s, though they were kept meanwhile',
    async (how) => {
      const near = await open()
      await near.products.getOrLoad('p-1', () => lamp)
      const write = gate<{ stock: number }>()
      const updating = near.products.updateFields('p-1', write.load)
      updating.catch(() => {})
      await write.called
      await keep(near)

      if (how === 'updated') write.answer({ stock: 4 })
      else write.fail(new Error('rolled back, perhaps'))
      await updating.catch(() => {})

      expect(await near.products.getOrLoad('p-1', () => left(4))).toEqual(left(4))
    },
  )

  it('are void after invalidate with scope everywhere, in every process', async () => {
    const [one, other] = [await open(), await open()]
    await keep(one)
    await keep(other)

    await one.products.invalidate('p-1', { scope: 'everywhere' })

    expect(await other.products.getOrLoad('p-1', () => left(4))).toEqual(left(4))
    expect(await one.products.getOrLoad('p-1', never)).toEqual(left(4))
  })
})
