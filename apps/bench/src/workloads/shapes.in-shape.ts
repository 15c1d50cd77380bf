import { CacheAside } from '@cache-aside/core'
import { json, RecordCache } from '@cache-aside/core/record'
import { WindowCache } from '@cache-aside/core/window'
import { commandTimeout } from '../peers/peer.ts'
import { assertEnds, type Keepers, mustNotLoad, type OpenKeepers, ttl, twoFields } from './shapes.keeper.ts'
import { type Message, type Product, windowLength } from './shapes.source.ts'

const fields = {
  id: 'string',
  name: 'string',
  description: 'string',
  price: 'number',
  currency: 'string',
  stock: 'number',
  active: 'boolean',
  updatedAt: 'date',
  note: 'string?',
  attributes: json<Product['attributes']>(),
} as const

/** A hash for each record, a list for each window. */
export const inShape: OpenKeepers = async (url, { record, window }) => {
  const cache = new CacheAside({ redis: url, namespace: 'shapes', commandTimeout })
  await cache.connect()
  const products = new RecordCache({ cache, name: 'product', fields, ttl })
  const chats = new WindowCache<Message>({ cache, name: 'chat', limit: windowLength, ttl })

  const update = (id: string) =>
    products.updateFields(id, async () => {
      const { stock, updatedAt } = await record.change(id)
      return { stock, updatedAt }
    })
  const append = (id: string) => chats.append(id, async () => (await window.change(id)).slice(-1))
  return {
    record: {
      hit: (id) => products.getOrLoad(id, mustNotLoad),
      'hit, two fields': (id) => products.getFields(id, twoFields, mustNotLoad),
      miss: (id) => products.getOrLoad(id, () => record.read(id)),
      'change, cached': async (id) => assertEnds(await update(id), 'updated'),
      'change, not cached': async (id) => assertEnds(await update(id), 'uncached'),
      invalidate: (id) => products.invalidate(id),
    },
    window: {
      hit: (id) => chats.getOrLoad(id, mustNotLoad),
      miss: (id) => chats.getOrLoad(id, () => window.read(id)),
      'change, cached': async (id) => assertEnds(await append(id), 'updated'),
      'change, not cached': async (id) => assertEnds(await append(id), 'uncached'),
      invalidate: (id) => chats.invalidate(id),
    },
    close: () => cache.close(),
  } satisfies Keepers
}
