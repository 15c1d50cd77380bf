import { type RedisServer, startRedis } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commandsDuring } from '../protocol/standing.ts'
import { lamp, openOn, type Products } from './records.ts'

const never = () => Promise.reject(new Error('nothing is to be loaded'))

/** docs/records.md, "Round trips". Commands that scripts run are counted by the server too. */
describe('commands', () => {
  let server: RedisServer
  let redis: Redis
  let products: Products
  let id = 0
  beforeAll(async () => {
    server = await startRedis()
    redis = server.client()
  })
  afterAll(() => server.stop())

  /** Of one call, without what a connection says first, and with scripts that the server knows. */
  const commandsOf = async (act: (id: string) => Promise<unknown>, cached: boolean) => {
    products = openOn(server).products
    for (const warm of [`warm-${++id}`, `${id}`]) {
      if (cached || warm !== `${id}`) await products.getOrLoad(warm, () => lamp)
      if (warm === `${id}`) break
      await products.updateFields(warm, () => ({ stock: 4 }))
      await act(warm)
      await products.updateFields(`none-${id}`, () => ({ stock: 4 }))
    }
    const { ping: _beats, ...commands } = await commandsDuring(redis, () => act(`${id}`))
    return commands
  }

  it('of fields that are cached: they alone are read', async () => {
    const commands = await commandsOf((of) => products.getFields(of, ['stock'], never), true)

    expect(commands).toEqual({ hmget: 1, get: 1 })
  })

  it('of a record that is cached', async () => {
    const commands = await commandsOf((of) => products.getOrLoad(of, never), true)

    expect(commands).toEqual({ hmget: 1, get: 1 })
  })

  it('of an update: one before the write, and one after it', async () => {
    const commands = await commandsOf((of) => products.updateFields(of, () => ({ stock: 4 })), true)

    expect(commands).toMatchObject({ evalsha: 2, hget: 2, hset: 2 })
    expect(commands).not.toHaveProperty('hmget')
  })

  it('of an update of what is not cached: two before the write, and one after it', async () => {
    const commands = await commandsOf((of) => products.updateFields(of, () => ({ stock: 4 })), false)

    expect(commands).toMatchObject({ evalsha: 3 })
    expect(commands).not.toHaveProperty('hset')
  })

  it('of a load: three round trips', async () => {
    const load = (of: string) => products.getOrLoad(of, () => lamp)
    products = openOn(server).products
    await load('warm')

    expect(await commandsDuring(redis, () => load('cold'))).toMatchObject({
      evalsha: expect.any(Number) as number,
      hmget: 1,
    })
  })
})
