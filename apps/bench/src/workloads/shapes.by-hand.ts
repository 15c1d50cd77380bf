import { Redis } from 'ioredis-6'
import {
  assertEnds,
  type Keeper,
  type Keepers,
  type OpenKeepers,
  type Sources,
  ttl,
  twoFields,
} from './shapes.keeper.ts'
import { type Message, type Product, windowLength } from './shapes.source.ts'

/** What is written by hand with ioredis: each operation in as few round trips as it takes, and no promise about any. */
export const byHand: OpenKeepers = async (url, { record, window }) => {
  const redis = new Redis(url)
  await redis.ping()
  return {
    record: recordsBy(redis, record),
    window: windowsBy(redis, window),
    close: async () => {
      await redis.quit()
    },
  } satisfies Keepers
}

/** A field of a record, and no record where there is none. */
const updateScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1`

function recordsBy(redis: Redis, source: Sources['record']): Keeper {
  const keyOf = (id: string) => `hand:product:${id}`
  const read = async (id: string) => {
    const texts = await redis.hgetall(keyOf(id))
    return Object.keys(texts).length === 0 ? null : productFrom(texts)
  }
  const update = async (id: string) => {
    const { stock, updatedAt } = await source.change(id)
    return redis.eval(updateScript, 1, keyOf(id), ttl, 'stock', stock, 'updatedAt', updatedAt.toISOString())
  }
  return {
    hit: read,
    'hit, two fields': async (id) => {
      const [stock, price] = await redis.hmget(keyOf(id), ...twoFields)
      return { stock: Number(stock), price: Number(price) }
    },
    miss: async (id) => {
      const cached = await read(id)
      if (cached) return cached
      const product = await source.read(id)
      await redis.multi().hset(keyOf(id), textsOf(product)).pexpire(keyOf(id), ttl).exec()
      return product
    },
    'change, cached': async (id) => assertEnds(await update(id), 1),
    'change, not cached': async (id) => assertEnds(await update(id), 0),
    invalidate: (id) => redis.del(keyOf(id)),
  }
}

function textsOf({
  price,
  stock,
  active,
  updatedAt,
  note: _none,
  attributes,
  ...texts
}: Product): Record<string, string> {
  return {
    ...texts,
    price: String(price),
    stock: String(stock),
    active: String(active),
    updatedAt: updatedAt.toISOString(),
    attributes: JSON.stringify(attributes),
  }
}

function productFrom(texts: Record<string, string>): Product {
  const {
    id = '',
    name = '',
    description = '',
    currency = '',
    price,
    stock,
    active,
    updatedAt = '',
    attributes,
  } = texts
  return {
    id,
    name,
    description,
    currency,
    note: null,
    price: Number(price),
    stock: Number(stock),
    active: active === 'true',
    updatedAt: new Date(updatedAt),
    attributes: JSON.parse(attributes ?? ''),
  }
}

function windowsBy(redis: Redis, source: Sources['window']): Keepers['window'] {
  const keyOf = (id: string) => `hand:chat:${id}`
  const read = async (id: string): Promise<Message[]> => {
    const texts = await redis.lrange(keyOf(id), 0, -1)
    return texts.map((text) => JSON.parse(text))
  }
  const append = async (id: string) => {
    const messages = await source.change(id)
    const added = JSON.stringify(messages.at(-1))
    const key = keyOf(id)
    const ended = await redis.multi().rpushx(key, added).ltrim(key, -windowLength, -1).pexpire(key, ttl).exec()
    return Number(ended?.[0]?.[1]) > 0
  }
  return {
    hit: read,
    miss: async (id) => {
      const cached = await read(id)
      if (cached.length > 0) return cached
      const messages = await source.read(id)
      const texts = messages.map((message) => JSON.stringify(message))
      await redis
        .multi()
        .rpush(keyOf(id), ...texts)
        .pexpire(keyOf(id), ttl)
        .exec()
      return messages
    },
    'change, cached': async (id) => assertEnds(await append(id), true),
    'change, not cached': async (id) => assertEnds(await append(id), false),
    invalidate: (id) => redis.del(keyOf(id)),
  }
}
