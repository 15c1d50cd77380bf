import type { CacheAside } from '@cache-aside/core'
import type { WindowCache } from '@cache-aside/core/window'
import type { Shown } from '@cache-aside/testkit'
import { outcomeOf, type Shaped } from './shaped.ts'
import { type EntryShape, weightOf } from './workload.ts'

/** Each commit of a row appends an item to its log: the version is its place there. */
export function openWindows(
  cache: CacheAside,
  { limit, heaviest }: EntryShape & { kind: 'window' },
  engine: { readonly WindowCache: typeof WindowCache },
): Shaped {
  const of = ({ version }: Shown) => weightOf(version, heaviest)
  const windows = new engine.WindowCache<Shown>({
    cache,
    name: 'window',
    limit: heaviest === 1 ? limit : { tokens: limit, of },
  })

  return {
    asks: () => undefined,
    async read(row, _, load) {
      const items = await windows.getOrLoad(row, async (context) => {
        const { version: newest, by } = await load(context)
        // More than are kept.
        const count = Math.min(newest, 2 * limit)
        return Array.from({ length: count }, (__, index) => ({ version: newest - count + index + 1, load: by }))
      })
      return { items }
    },
    change: () => undefined,
    async amend(row, write) {
      const updated = await windows.append(row, async () => {
        const { version, by } = await write()
        return [{ version, load: by }]
      })
      return outcomeOf(updated)
    },
  }
}
