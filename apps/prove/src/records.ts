import type { CacheAside } from '@cache-aside/core'
import type { json, RecordCache } from '@cache-aside/core/record'
import type { Shown } from '@cache-aside/testkit'
import { outcomeOf, type Shaped } from './shaped.ts'
import { fieldsOfRows } from './source.ts'

const textOf = (version: number, by: string): string => `${version} ${by}`

function shownIn(text: string): Shown {
  const [version, load = ''] = text.split(' ')
  return { version: Number(version), load }
}

/** The rows of the database as records. One of their fields may be null, and never is: a record that lacks it is partial. */
export function openRecords(
  cache: CacheAside,
  engine: { readonly RecordCache: typeof RecordCache; readonly json: typeof json },
): Shaped {
  const fields = { name: 'string', note: 'string?', attributes: engine.json<Shown>() } as const
  const records = new engine.RecordCache({ cache, name: 'record', fields })

  /** Of the fields that are given, by their versions. */
  const rowOf = (versions: readonly (readonly [string, number])[], by: string) =>
    Object.fromEntries(
      versions.map(([field, version]) => [field, field === 'attributes' ? { version, load: by } : textOf(version, by)]),
    )

  return {
    asks(random) {
      const some = fieldsOfRows.filter(() => random.chance(0.5))
      return some.length === 0 || random.chance(0.3) ? fieldsOfRows : some
    },
    async read(row, asks = fieldsOfRows, load) {
      const loader = async (context: Parameters<typeof load>[0]) => {
        const { absent, fields: versions = {}, by } = await load(context)
        return absent
          ? null
          : (rowOf(Object.entries(versions), by) as { name: string; note: string; attributes: Shown })
      }
      const isAll = asks.length === fieldsOfRows.length
      const record = await (isAll ? records.getOrLoad(row, loader) : records.getFields(row, asks, loader))
      if (record === null) return { absent: true }
      const shown = Object.entries(record).flatMap(([field, value]) =>
        value === null ? [] : [[field, typeof value === 'string' ? shownIn(value) : value] as const],
      )
      return { fields: Object.fromEntries(shown) }
    },
    change(random) {
      const one = random.below(fieldsOfRows.length)
      return { deletes: random.chance(0.1), fields: fieldsOfRows.filter((_, at) => at === one || random.chance(0.3)) }
    },
    async amend(row, write) {
      const updated = await records.updateFields(row, async () => {
        const { version, changes = fieldsOfRows, absent, by } = await write()
        return absent
          ? null
          : rowOf(
              changes.map((field) => [field, version]),
              by,
            )
      })
      return outcomeOf(updated)
    },
  }
}
