import { CacheAside, StoreError } from '@cache-aside/core'
import { gate, type RedisServer, startFaultProxy, startRedis } from '@cache-aside/testkit'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { heard, next } from '../guarantee/events-heard.ts'
import { lamp, openOn, productsOf } from './records.ts'

const never = () => Promise.reject(new Error('nothing is to be loaded'))
const notFound = { found: false, value: undefined } as const
const left = (stock: number) => ({ ...lamp, stock })

describe('records, when Redis is away', () => {
  let server: RedisServer
  beforeEach(async () => {
    server = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  })
  afterEach(() => server.stop())

  const open = (options = {}) => openOn(server, { commandTimeout: '1s', ...options })

  const outages: [string, () => Promise<void> | void, () => Promise<void> | void][] = [
    ['killed', () => server.kill(), () => server.start()],
    ['frozen', () => server.pause(), () => server.resume()],
  ]

  it.each(outages)('%s: are loaded, by each caller’s process', async (_how, away) => {
    const { products, cache } = open()
    await products.getOrLoad('p-1', () => lamp)
    const errors = heard(cache, 'store-error')
    await away()

    expect(await products.getOrLoad('p-1', () => left(4))).toEqual(left(4))
    expect(await products.getFields('p-1', ['stock'], () => left(3))).toEqual({ stock: 3 })
    expect(await products.get('p-1')).toEqual(notFound)
    expect(errors.length).toBeGreaterThan(0)
  })

  it.each(outages)('%s: an update rejects, and the write is not made', async (_how, away, back) => {
    const { products, cache } = open()
    await products.getOrLoad('p-1', () => lamp)
    await away()
    const errors = heard(cache, 'store-error')
    let writes = 0

    const updating = products.updateFields('p-1', () => ((writes += 1), { stock: 4 }))

    await expect(updating).rejects.toBeInstanceOf(StoreError)
    await expect(updating).rejects.toMatchObject({ operation: 'updateFields', keys: ['product:p-1'] })
    await expect(updating).rejects.toThrow('the write was not made')
    expect(writes).toBe(0)
    expect(errors[0]).toMatchObject({ operation: 'updateFields', key: 'product:p-1' })
    await back()
  })

  it.each(outages)(
    '%s since before the end of a write: the update rejects, and says that the write is made',
    async (_how, away) => {
      const { products, cache } = open()
      await products.getOrLoad('p-1', () => lamp)
      const failed = heard(cache, 'invalidate-error')

      const updating = products.updateFields('p-1', async () => {
        await away()
        return { stock: 4 }
      })

      await expect(updating).rejects.toBeInstanceOf(StoreError)
      await expect(updating).rejects.toThrow('the write is made')
      expect(failed).toMatchObject([{ operation: 'updateFields', keys: ['product:p-1'] }])
    },
  )

  it.each(outages)('%s in the middle of a write that fails: its own error counts', async (_how, away) => {
    const { products } = open()
    const error = new Error('no such column')
    await products.getOrLoad('p-1', () => lamp)

    const updating = products.updateFields('p-1', async () => {
      await away()
      throw error
    })

    await expect(updating).rejects.toBe(error)
  })

  it.each(outages)(
    '%s, and a writer died there: what he left is served for no longer than his mark',
    async (_how, away, back) => {
      const [writer, reader] = [open({ barrierTtl: '3s' }), open()]
      await reader.products.getOrLoad('p-1', () => lamp)
      const updating = writer.products.updateFields('p-1', async () => {
        await away()
        return { stock: 4 }
      })
      await expect(updating).rejects.toThrow('the write is made')
      const recovered = next(reader.cache, 'recovered')
      await reader.products.get('p-1') // It has to be away for it, before it is back.
      await back()
      await recovered

      await expect
        .poll(async () => (await reader.products.getOrLoad('p-1', () => left(4)))?.stock, { timeout: 15_000 })
        .toBe(4)
    },
  )

  describe('with a journal', () => {
    it.each(outages)(
      '%s before the write: the write is made, and the record void once Redis is back',
      async (_how, away, back) => {
        const [writer, reader] = [open({ onUnreachable: 'journal' }), open()]
        await writer.products.getOrLoad('p-1', () => lamp)
        await away()

        expect(await writer.products.updateFields('p-1', () => ({ stock: 4 }))).toBe('pending')
        expect(await writer.products.getOrLoad('p-1', () => left(4))).toEqual(left(4))
        const replayed = next(writer.cache, 'invalidate-replayed')
        await back()

        expect(await replayed).toMatchObject({ count: 1 })
        expect(await reader.products.getOrLoad('p-1', () => left(4))).toEqual(left(4))
      },
    )

    it.each(outages)('%s after the write: the record is void once Redis is back', async (_how, away, back) => {
      const [writer, reader] = [open({ onUnreachable: 'journal' }), open()]
      await writer.products.getOrLoad('p-1', () => lamp)

      const updating = writer.products.updateFields('p-1', async () => {
        await away()
        return { stock: 4 }
      })

      expect(await updating).toBe('pending')
      const replayed = next(writer.cache, 'invalidate-replayed')
      await back()
      await replayed
      expect(await reader.products.getOrLoad('p-1', () => left(4))).toEqual(left(4))
    })
  })
})

describe('an update on a network that fails', () => {
  const opened = async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const proxy = await startFaultProxy(server)
    onTestFinished(() => proxy.close())
    const client = new Redis(proxy.url, { maxRetriesPerRequest: null })
    client.on('error', () => {})
    onTestFinished(() => client.disconnect())
    const slow = new CacheAside({ namespace: 'shop', redis: client, commandTimeout: '15s' })
    onTestFinished(() => slow.close())
    const products = productsOf(slow)
    await products.getOrLoad('p-1', () => left(6))
    await products.updateFields('p-1', () => ({ stock: 5 })) // From now on the server knows the scripts.
    const stock = () => server.cli('HGET', 'shop:product:p-1', 'stock')
    const header = () => server.cli('HGET', 'shop:product:p-1', '@')
    const type = () => server.cli('TYPE', 'shop:product:p-1')
    const direct = openOn(server, { commandTimeout: '15s' }).products
    return { proxy, cache: slow, slow: products, direct, stock, header, type }
  }

  it('whose answer is lost is not made again over one that came later', async () => {
    const { proxy, slow, direct, stock } = await opened()
    const updating = slow.updateFields('p-1', () => {
      proxy.blackHole('toClient')
      return { stock: 4 }
    })
    updating.catch(() => {})
    await expect.poll(stock, { timeout: 15_000 }).toBe('4')
    expect(await direct.updateFields('p-1', () => ({ stock: 3 }))).toBe('updated')
    proxy.heal()
    proxy.cut() // The client connects again, and sends again what has not been answered.

    await updating.catch(() => {})

    expect((await direct.getOrLoad('p-1', () => left(3)))?.stock).toBe(3)
  })

  it('whose answer is lost is made once, and its record stays', async () => {
    const { proxy, slow, direct, stock } = await opened()
    const updating = slow.updateFields('p-1', () => {
      proxy.blackHole('toClient')
      return { stock: 4 }
    })
    updating.catch(() => {})
    await expect.poll(stock, { timeout: 15_000 }).toBe('4')
    proxy.heal()
    proxy.cut()

    expect(await updating).toBe('updated')
    expect(await direct.getOrLoad('p-1', never)).toEqual(left(4))
  })

  it.each([
    ['voided', async ({ direct }: Awaited<ReturnType<typeof opened>>) => direct.invalidate('p-1')],
    [
      'voided and loaded again',
      async ({ direct }: Awaited<ReturnType<typeof opened>>) => {
        await direct.invalidate('p-1')
        await direct.getOrLoad('p-1', () => left(3))
      },
    ],
  ])('that arrives after the record was %s brings nothing back', async (_how, meanwhile) => {
    const all = await opened()
    const { proxy, slow, direct } = all
    const sent = gate<void>()
    const updating = slow.updateFields('p-1', () => {
      proxy.blackHole('toServer')
      void sent.load()
      return { stock: 4 }
    })
    await sent.called
    await meanwhile(all)
    proxy.heal()

    expect(await updating).toBe('uncached')
    expect((await direct.getOrLoad('p-1', () => left(3)))?.stock).toBe(3)
  })

  it('that may have been begun twice is made behind a barrier', async () => {
    const { proxy, slow, direct, header } = await opened()
    proxy.blackHole('toClient') // Its first command arrives, and the reply does not.
    const updating = slow.updateFields('p-1', () => ({ stock: 4 }))
    updating.catch(() => {})
    await expect.poll(async () => String(await header())[24], { timeout: 15_000 }).toBe('w')
    proxy.cut()
    proxy.heal()

    expect(await updating).toBe('uncached')
    expect(await direct.get('p-1')).toEqual(notFound)
  })

  it('of a record that is loaded under a lease that may have been asked for twice: it is not cached', async () => {
    const { proxy, slow, direct, type, cache } = await opened()
    await direct.invalidate('p-1')
    const errors = heard(cache, 'store-error')
    const missed = next(cache, 'miss')
    const read = slow.getOrLoad('p-1', () => lamp)
    await missed
    proxy.blackHole('toClient')
    await expect.poll(type, { timeout: 15_000 }).toBe('string')
    proxy.cut()
    proxy.heal()

    expect(await read).toEqual(lamp)
    expect(errors.map(({ operation }) => operation)).toEqual(['acquire'])
    expect(await direct.get('p-1')).toEqual(notFound)
  })
})
