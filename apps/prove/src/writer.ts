import { setTimeout as sleep } from 'node:timers/promises'
import type { Acknowledgement } from '@cache-aside/core'
import { type Around, type Value, valueOf } from './around.ts'
import { DatabaseAway, failure } from './failure.ts'
import { type Committed, keyOf, rowsOf, tagsOf } from './source.ts'
import type { Way } from './workload.ts'

/** What the cache is told of: a key; or, by `*`, the keys that have one of the tags, or all. */
interface About {
  readonly key: string
  readonly tags?: readonly string[] | undefined
}

/** As it is logged, and as it is said. */
type Scope = { readonly everywhere?: true } & { readonly options?: { readonly scope: 'everywhere' } }

/** Commits new versions of rows, and tells the cache, one way or another. */
export class Writer {
  readonly #around: Around

  constructor(around: Around) {
    this.#around = around
  }

  /** A `set` is for one writer at a time: so says its documentation. */
  async write(row: string): Promise<void> {
    const { source, workload } = this.#around
    await (workload.by.set ? source.alone(row, () => this.#change(row)) : this.#change(row))
  }

  /** Voids everything that can be read. */
  async voidAll(): Promise<void> {
    const { workload } = this.#around
    const abouts = workload.groups ? [{ key: '*', tags: tagsOf(workload) }] : rowsOf(workload).map((key) => ({ key }))
    for (const about of abouts) {
      if (!(await this.#tell('invalidate', about, 30)))
        throw new Error(`${about.key} cannot be invalidated although nothing disturbs`)
    }
  }

  async #change(row: string): Promise<void> {
    const way = this.#pickWay()
    if (way === 'amend') return this.#amend(row)
    if (way === 'mutate' || way === 'writeThrough') return this.#mutate(way, row)
    const { version, tags } = await this.#commit(row)
    // A set that fails is left at that: whether it comes late or never, the next writer makes up for it.
    if (way === 'set') await this.#set(row, version)
    else await this.#tell(way, this.#about(row, tags), 3)
  }

  #pickWay(): Way | 'invalidate' {
    const { random, workload } = this.#around
    let rest = random.next()
    for (const [way, share] of Object.entries(workload.by) as [Way, number][]) {
      rest -= share
      if (rest < 0) return way
    }
    return 'invalidate'
  }

  #about(row: string, tags: readonly string[]): About {
    return this.#around.workload.groups ? { key: '*', tags } : { key: row }
  }

  /** @param mutation The write behind a barrier that it is part of. */
  async #commit(row: string, mutation?: number): Promise<Committed> {
    const { log, source, fate, shaped, random } = this.#around
    if (mutation !== undefined) await fate.stopIf('before')
    const id = log.begin('commit', row, { of: mutation })
    const near = source.listsNear(row).map((list) => ({ list, id: log.begin('commit', list, { of: mutation }) }))
    const answer = source.commit(row, shaped?.change(random))
    if (mutation !== undefined) await fate.stopIf('during')
    const committed = await answer
    for (const { list, id: ofList } of near) {
      const version = committed.lists.get(list)
      log.end(ofList, version === undefined ? { failed: true } : { version })
    }
    const { version, changes } = committed
    log.end(id, { version, ...(changes && { changes }) })
    fate.dieIf('die-after-commit')
    if (mutation !== undefined) await fate.stopIf('after')
    return committed
  }

  /** Acknowledged means, accepted or not, that nothing older is left. */
  async #set(row: string, version: number): Promise<void> {
    const { log, source, observed, stalls } = this.#around
    const id = log.begin('set', row)
    try {
      await observed.cache.set(row, valueOf(this.#around, row, version, id), source.tagging(source.declared(row)))
      log.end(id, { version, ...source.carried(row, version) })
    } catch (error) {
      log.end(id, failure(error, stalls, true))
    }
  }

  /** What is written is told to the cache as a change of what it has. */
  async #amend(row: string): Promise<void> {
    const { log, stalls, workload, random, fate, shaped, name } = this.#around
    const id = log.begin('mutate', row, { marks: true })
    let committed: Committed | undefined
    let lower = 0
    const write = async () => {
      await sleep(random.next() * random.between(0, workload.slowestWrite))
      if (random.chance(workload.failures)) throw new DatabaseAway()
      fate.dieIf('die-in-write')
      committed = await this.#commit(row, id)
      await sleep(random.next() * random.between(0, workload.slowestWrite))
      lower = log.begin('lower', row, { of: id })
      return { ...committed, by: `${name}:${lower}` }
    }
    try {
      const outcome = (await shaped?.amend(row, write)) ?? {}
      const { version = 0, changes } = committed ?? {}
      log.end(lower, { ...outcome, ...(outcome.inPlace && { version, ...(changes && { changes }) }) })
      log.end(id, outcome.inPlace ? { inPlace: true } : {})
      return
    } catch (error) {
      if (committed) log.end(lower, { failed: true })
      log.end(id, failure(error, stalls, true))
    }
    if (committed) await this.#tell('invalidate', { key: row }, 3)
  }

  async #mutate(way: 'mutate' | 'writeThrough', row: string): Promise<void> {
    const { log, source, observed, stalls, workload, random, fate } = this.#around
    // The tags as they look now. When another writer is first, the rest is told after the write.
    const about = way === 'mutate' ? this.#about(row, await source.tagsOfNext(row)) : { key: row }
    const { everywhere, options } = way === 'mutate' ? this.#scope() : {}
    const id = log.begin('mutate', about.key, { tags: about.tags })
    let committed: Committed | undefined
    let lower = 0
    const write = async (): Promise<Value> => {
      await sleep(random.next() * random.between(0, workload.slowestWrite))
      if (random.chance(workload.failures)) throw new DatabaseAway()
      fate.dieIf('die-in-write')
      const commit = await this.#commit(row, id)
      await sleep(random.next() * random.between(0, workload.slowestWrite))
      lower = log.begin('lower', about.key, { of: id, tags: about.tags, everywhere })
      committed = commit
      return valueOf(this.#around, row, commit.version, lower)
    }
    let isTold = false
    try {
      const pending = await observed.write(() => this.#behindBarrier(way, row, about, write, options))
      const put = way === 'writeThrough' &&
        committed && { version: committed.version, ...source.carried(row, committed.version) }
      log.end(lower, { ...put, ...(pending && { pending }) })
      log.end(id)
      isTold = way === 'writeThrough' || committed?.tags.every((tag) => about.tags?.includes(tag)) === true
    } catch (error) {
      if (committed) log.end(lower, { failed: true })
      log.end(id, failure(error, stalls, true))
    }
    if (committed && !isTold) await this.#tell('invalidate', this.#about(row, committed.tags), 3)
  }

  #behindBarrier(
    way: 'mutate' | 'writeThrough',
    row: string,
    { tags }: About,
    write: () => Promise<Value>,
    options: Scope['options'],
  ): Promise<Value> {
    const { observed, source, workload } = this.#around
    if (way === 'writeThrough') return observed.cache.writeThrough(row, write, source.tagging(source.declared(row)))
    return observed.cache.mutate(tags ? [] : keyOf(workload, row), write, { ...options, ...(tags && { tags }) })
  }

  /** True when it was acknowledged, or is pending. */
  async #tell(way: 'invalidate' | 'expire' | 'clear', about: About, attempts: number): Promise<boolean> {
    const { log, stalls, random } = this.#around
    const { key, tags } = way === 'clear' ? { key: '*' } : about
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const { everywhere, options } = way === 'expire' ? {} : this.#scope()
      const id = log.begin(way, key, { tags, everywhere })
      try {
        const answer = await this.#send(way, { key, tags }, options)
        log.end(id, answer === 'pending' ? { pending: true } : {})
        return true
      } catch (error) {
        log.end(id, failure(error, stalls, true))
      }
      await sleep(random.between(20, 200))
    }
    return false
  }

  #send(
    way: 'invalidate' | 'expire' | 'clear',
    { key, tags }: About,
    options: Scope['options'],
  ): Promise<Acknowledgement> {
    const { observed, workload } = this.#around
    const { cache } = observed
    const inCache = keyOf(workload, key)
    if (way === 'clear') return cache.clear(options)
    if (way === 'expire') return tags ? cache.expireTag(tags) : cache.expire(inCache)
    return tags ? cache.invalidateTag(tags, options) : cache.invalidate(inCache, options)
  }

  #scope(): Scope {
    const { workload, random } = this.#around
    const isEverywhere = workload.near !== undefined && random.chance(workload.near.everywhere)
    return isEverywhere ? { everywhere: true, options: { scope: 'everywhere' } } : {}
  }
}
