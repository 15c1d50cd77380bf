import { expect, it } from 'vitest'
import { heard } from '../guarantee/events-heard.ts'
import { lamp, onEveryRedis, type OpenedInRedis } from './records.ts'

const never = () => Promise.reject(new Error('nothing is to be loaded'))
const notFound = { found: false, value: undefined } as const

onEveryRedis('what stands in Redis', (open) => {
  it('is a hash that people can read, with a TTL', async () => {
    const { products, redis, key } = open()
    await products.getOrLoad('p-1', () => lamp)

    expect(await redis.hgetall(key)).toEqual({
      '@': expect.stringMatching(/^V[\w-]{22}3-[ -~]+ ?record\.[0-9a-f]{12}$/) as string,
      name: 'Lampe “Zoë”',
      stock: '5',
      active: 'true',
      since: '1970-01-01T00:00:00.000Z',
      attributes: '{"watt":60,"tags":["a","b"]}',
    })
    expect(await redis.pttl(key)).toSatisfy((left: number) => left > 500_000 && left <= 600_000)
  })

  it('of a record that does not exist is a header, with a TTL of its own', async () => {
    const { products, redis, key } = open()
    await products.getOrLoad('p-1', () => null)

    expect(Object.keys(await redis.hgetall(key))).toEqual(['@'])
    expect(await redis.pttl(key)).toSatisfy((left: number) => left > 0 && left <= 30_000)
  })

  it('is kept for longer by an update', async () => {
    const { products, redis, key } = open()
    await products.getOrLoad('p-1', () => lamp)
    await redis.pexpire(key, 100_000)

    expect(await products.updateFields('p-1', () => ({ stock: 4 }))).toBe('updated')

    expect(await redis.pttl(key)).toSatisfy((left: number) => left > 500_000 && left <= 600_000)
    expect((await redis.hgetall(key))['@']).toMatch(/^V[\w-]{22}3-0{13}\d{13}0000600000/)
  })

  it('is fresh for longer by an update', async () => {
    const { products, redis, key } = open()
    await products.getOrLoad('p-1', () => lamp)
    const freshUntil = async () => Number((await redis.hget(key, '@'))?.slice(38, 51))
    const before = await freshUntil()
    await expect.poll(async () => (await products.get('p-1')).found).toBe(true)

    // The server's clock has to go on.
    await expect
      .poll(async () => {
        expect(await products.updateFields('p-1', () => ({ stock: 4 }))).toBe('updated')
        return freshUntil()
      })
      .toBeGreaterThan(before)
  })

  it.each<[string, (opened: OpenedInRedis & { readonly header: string }) => Promise<unknown>]>([
    ['a hash without a header', ({ redis, key }) => redis.hdel(key, '@')],
    ['a header that is junk', ({ redis, key }) => redis.hset(key, '@', 'V'.repeat(100))],
    [
      'a header with a junk time',
      ({ redis, key, header }) => redis.hset(key, '@', `${header.slice(0, 38)}x${header.slice(39)}`),
    ],
    ['a header with a line end', ({ redis, key, header }) => redis.hset(key, '@', `${header}\nr\u0000`)],
    ['a header that is cut', ({ redis, key, header }) => redis.hset(key, '@', header.slice(0, 60))],
    ['an empty header', ({ redis, key }) => redis.hset(key, '@', '')],
    ['a field that is missing', ({ redis, key }) => redis.hdel(key, 'stock')],
    ['a number that is none', ({ redis, key }) => redis.hset(key, 'stock', 'five')],
    ['a date that is none', ({ redis, key }) => redis.hset(key, 'since', 'yesterday')],
    ['a date in another form', ({ redis, key }) => redis.hset(key, 'since', '1')],
    ['a boolean that is none', ({ redis, key }) => redis.hset(key, 'active', '1')],
    ['JSON that is cut', ({ redis, key }) => redis.hset(key, 'attributes', '{"watt":')],
    ['text that is no UTF-8', ({ redis, key }) => redis.hset(key, 'name', Buffer.from([0x4c, 0xff]))],
    ['a list', ({ redis, key }) => redis.multi().unlink(key).rpush(key, 'a').exec()],
    ['a set', ({ redis, key }) => redis.multi().unlink(key).sadd(key, 'a').exec()],
    ['a string', ({ redis, key }) => redis.set(key, '{"name":"Lamp"}')],
    ['an empty string', ({ redis, key }) => redis.set(key, '')],
  ])('is loaded again, with an event, where it is %s', async (_what, breakIt) => {
    const broken = open()
    const { products, cache, redis, key } = broken
    await products.getOrLoad('p-1', () => lamp)
    await breakIt({ ...broken, header: (await redis.hget(key, '@')) ?? '' })
    const corrupt = heard(cache, 'corrupt')

    expect(await products.get('p-1')).toEqual(notFound)
    expect(await products.getOrLoad('p-1', () => ({ ...lamp, stock: 4 }))).toEqual({ ...lamp, stock: 4 })

    expect(corrupt.length).toBeGreaterThan(0)
    expect(corrupt.every((event) => event.key === 'product:p-1' && !JSON.stringify(event).includes('five'))).toBe(true)
    expect(await products.getOrLoad('p-1', never)).toEqual({ ...lamp, stock: 4 })
    expect(await redis.type(key)).toBe('hash')
  })

  it.each<[string, string[]]>([
    ['a field that is missing', ['stock', 'name']],
    ['a field that is missing and not asked for', ['name']],
  ])('is read in part as far as it is right: %s', async (what, names) => {
    const { products, redis, key } = open()
    await products.getOrLoad('p-1', () => lamp)
    await redis.hdel(key, 'stock')
    let loads = 0

    await products.getFields('p-1', names as ['name'], () => (loads++, lamp))

    expect(loads).toBe(what === 'a field that is missing' ? 1 : 0)
  })

  it('is void after an update where it cannot be read', async () => {
    const { products, redis, key } = open()
    await redis.hset(key, 'name', 'Lamp')

    expect(await products.updateFields('p-1', () => ({ stock: 4 }))).toBe('uncached')
    expect(await redis.exists(key)).toBe(0)
  })
})
