import { CacheAside } from '@cache-aside/core'
import { commandTimeout } from '../peers/peer.ts'
import { type Keeper, type Keepers, mustNotLoad, type OpenKeepers, ttl } from './shapes.keeper.ts'
import type { Message, Product, Source } from './shapes.source.ts'

/** JSON has no dates. */
type ProductText = Omit<Product, 'updatedAt'> & { readonly updatedAt: string }

/** One text for all of it: whatever is wanted of it, it is read as a whole, and what is changed is loaded again. */
export const asJson: OpenKeepers = async (url, { record, window }) => {
  const cache = new CacheAside({ redis: url, namespace: 'json', commandTimeout, ttl })
  await cache.connect()

  const product = async (id: string, load: (id: string) => Promise<Product>): Promise<Product> => {
    const text = await cache.getOrLoad(`product:${id}`, async () => textOf(await load(id)))
    return { ...text, updatedAt: new Date(text.updatedAt) }
  }
  const productOrLoad = (id: string) => product(id, (own) => record.read(own))
  const chat = (id: string, load: (id: string) => Promise<readonly Message[]>) =>
    cache.getOrLoad(`chat:${id}`, () => load(id))
  const chatOrLoad = (id: string) => chat(id, (own) => window.read(own))
  return {
    record: {
      ...written(cache, 'product', record, productOrLoad),
      hit: (id) => product(id, mustNotLoad),
      'hit, two fields': async (id) => {
        const { stock, price } = await product(id, mustNotLoad)
        return { stock, price }
      },
    },
    window: { ...written(cache, 'chat', window, chatOrLoad), hit: (id) => chat(id, mustNotLoad) },
    close: () => cache.close(),
  } satisfies Keepers
}

type Written = Omit<Keeper, 'hit' | 'hit, two fields'>

function written(
  cache: CacheAside,
  name: string,
  source: Source<unknown>,
  load: (id: string) => Promise<unknown>,
): Written {
  const change = async (id: string) => {
    await source.change(id)
    await cache.invalidate(`${name}:${id}`)
  }
  return {
    miss: load,
    'change, cached': async (id) => {
      await change(id)
      await load(id)
    },
    'change, not cached': change,
    invalidate: (id) => cache.invalidate(`${name}:${id}`),
  }
}

const textOf = (row: Product): ProductText => ({ ...row, updatedAt: row.updatedAt.toISOString() })
