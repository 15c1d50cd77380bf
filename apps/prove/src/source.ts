import type { WriteOptions } from '@cache-aside/core'
import type { Outcome, Settled } from '@cache-aside/testkit'
import type { Redis } from 'ioredis'
import type { Value } from './around.ts'
import type { Groups, Workload } from './workload.ts'

/** A commit, and what it has changed. */
export interface Committed {
  readonly version: number
  /** The tags of what it has replaced, and of what is there now. */
  readonly tags: readonly string[]
  /** The lists that it has changed, and their versions. */
  readonly lists: ReadonlyMap<string, number>
  /** The fields that it has changed. Left out: rows have none. */
  readonly changes?: readonly string[]
  /** It has deleted the row. */
  readonly absent?: boolean
}

/** What a commit is to change of a row that has fields. Where there is none it makes one, with all of them. */
export interface Change {
  readonly fields: readonly string[]
  readonly deletes: boolean
}

/** Those of a row, where it is a record. */
export const fieldsOfRows = ['name', 'note', 'attributes'] as const

export type FieldOfRow = (typeof fieldsOfRows)[number]

/** The key of a row, or of a list, in the cache. */
export const keyOf = ({ shape }: Workload, row: string): string => (shape ? `${shape.kind}:${row}` : row)

export const rowsOf = ({ keys }: Workload): string[] => Array.from({ length: keys }, (_, number) => `k${number}`)

/** The keys under which the rows of each group are listed. */
export const listsOf = ({ groups }: Workload): string[] => names('list', groups)

/** The tag of each group. */
export const tagsOf = ({ groups }: Workload): string[] => names('group:', groups)

const names = (name: string, groups: Groups | undefined) =>
  Array.from({ length: groups?.count ?? 0 }, (_, number) => `${name}${number}`)

/** The database: a version for each row, and for each list one that changes with those of its rows. */
export class Source {
  readonly #database: Redis
  readonly #workload: Workload
  readonly #lists: readonly string[]
  readonly #tags: readonly string[]

  constructor(database: Redis, workload: Workload) {
    this.#database = database
    this.#workload = workload
    this.#lists = listsOf(workload)
    this.#tags = tagsOf(workload)
  }

  async version(key: string): Promise<number> {
    return Number((await this.#database.get(key)) ?? 0)
  }

  /** What it has of a row or a list: with rows that have fields, which of their versions each is of, and whether there is none. */
  async held(key: string): Promise<Settled & { readonly absent?: true }> {
    if (this.#workload.shape?.kind !== 'record') return { version: await this.version(key) }
    const stored = await this.#database.hgetall(`${key} fields`)
    const fields = Object.fromEntries(fieldsOfRows.map((field) => [field, Number(stored[field] ?? 0)]))
    return { version: Math.max(...Object.values(fields)), fields, ...(stored.exists !== '1' && { absent: true }) }
  }

  async commit(row: string, change?: Change): Promise<Committed> {
    if (change) {
      const { fields, deletes } = change
      const given = [deletes ? 0 : 1, ...fields]
      const [version, isWhole] = (await this.#database.eval(
        commitFields,
        2,
        row,
        `${row} fields`,
        ...given,
      )) as number[]
      const changes = isWhole ? fieldsOfRows : fields
      return { version: Number(version), tags: [], lists: new Map(), changes, absent: deletes }
    }
    if (!this.#workload.groups) return { version: await this.#database.incr(row), tags: [], lists: new Map() }
    for (;;) {
      const version = (await this.version(row)) + 1
      const tags = this.#tagsOfChange(row, version)
      const lists = tags.map((tag) => this.#lists[this.#tags.indexOf(tag)] as string)
      const versions = await this.#database.eval(commitVersion, 1 + lists.length, row, ...lists, version)
      if (!Array.isArray(versions)) continue // Another writer was first.
      return { version, tags, lists: new Map(lists.map((list, index) => [list, Number(versions[index])])) }
    }
  }

  /** The lists that a commit of a row may change. */
  listsNear(row: string): readonly string[] {
    return this.#workload.groups?.moving
      ? this.#lists
      : this.#lists.filter((list) => this.#group(list) === this.#group(row))
  }

  /** The tags of a value, as they are logged. */
  carried(key: string, version: number): Pick<Outcome, 'carries'> {
    return this.#workload.groups ? { carries: this.#tagsAt(key, version) } : {}
  }

  /** The tags that the next commit of a row is about, as it looks now. */
  async tagsOfNext(row: string): Promise<readonly string[]> {
    return this.#workload.groups ? this.#tagsOfChange(row, (await this.version(row)) + 1) : []
  }

  /** The tags of a key that are known without its value. Undefined: there are none, or none is known. */
  declared(key: string): readonly string[] | undefined {
    const { groups } = this.#workload
    return groups && (!groups.moving || this.#lists.includes(key)) ? this.#tagsAt(key, 0) : undefined
  }

  /** How a call tells the cache of tags: it declares them, or leaves it to the value. */
  tagging(declared?: readonly string[]): Pick<WriteOptions<Value>, 'tags'> | undefined {
    if (!this.#workload.groups) return undefined
    return { tags: declared ?? ((value) => this.#tagsAt(value.key, value.version)) }
  }

  /** Runs a task while no other writer runs one for this row, or not at all. */
  async alone(row: string, task: () => Promise<void>): Promise<void> {
    const lock = `lock of ${row}`
    if ((await this.#database.set(lock, 'taken', 'PX', 5_000, 'NX')) === null) return
    await task()
    await this.#database.del(lock)
  }

  #tagsAt(key: string, version: number): readonly string[] {
    return this.#tags.filter((_, group) => group === this.#group(key, version))
  }

  /** Of a version and of the one that it replaces. */
  #tagsOfChange(row: string, version: number): readonly string[] {
    return [...new Set([version - 1, version].flatMap((each) => this.#tagsAt(row, each)))]
  }

  /** A list is of one group; a row may move to the next one with every other version. */
  #group(key: string, version = 0): number | undefined {
    const { groups } = this.#workload
    if (!groups) return undefined
    const number = Number(/\d+$/.exec(key)?.[0])
    const moves = groups.moving && !this.#lists.includes(key) ? Math.floor(version / 2) : 0
    return (number + moves) % groups.count
  }
}

/** Commits a version of some fields of a row; of all of them when that makes the row, or deletes it. */
const commitFields = `
local version, existed = redis.call('INCR', KEYS[1]), redis.call('HGET', KEYS[2], 'exists') == '1'
local isWhole = not (existed and ARGV[1] == '1')
local changed = isWhole and {${fieldsOfRows.map((field) => `'${field}'`).join(', ')}} or {unpack(ARGV, 2)}
redis.call('HSET', KEYS[2], 'exists', ARGV[1])
for _, field in ipairs(changed) do redis.call('HSET', KEYS[2], field, version) end
return {version, isWhole and 1 or 0}`

/** Commits a version of a row, if it is the next one, and new versions of its lists. */
const commitVersion = `
if tonumber(redis.call('GET', KEYS[1]) or 0) + 1 ~= tonumber(ARGV[1]) then return false end
redis.call('SET', KEYS[1], ARGV[1])
local versions = {}
for list = 2, #KEYS do versions[list - 1] = redis.call('INCR', KEYS[list]) end
return versions`
