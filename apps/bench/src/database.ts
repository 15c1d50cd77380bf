import { setTimeout as sleep } from 'node:timers/promises'

/** What is cached: about 1 KB as JSON. */
export interface Row {
  readonly key: string
  readonly version: number
  readonly text: string
}

const text = 'x'.repeat(960)

/** A database in memory whose queries take a while. A row that nobody has written is of version 0. */
export class Database {
  readonly #versions = new Map<string, number>()
  readonly #queryTime: number
  #queries = 0

  /** @param queryTime In milliseconds. 0: it answers at once. */
  constructor(queryTime = 5) {
    this.#queryTime = queryTime
  }

  /** How many there were. */
  get queries(): number {
    return this.#queries
  }

  /** The row as it is when the query begins. */
  async read(key: string): Promise<Row> {
    const row = this.#row(key)
    await this.#query()
    return row
  }

  /** Several rows by one query. */
  async readMany(keys: readonly string[]): Promise<readonly Row[]> {
    const rows = keys.map((key) => this.#row(key))
    await this.#query()
    return rows
  }

  /** Writes the row and returns its new version. */
  commit(key: string): number {
    const version = (this.#versions.get(key) ?? 0) + 1
    this.#versions.set(key, version)
    return version
  }

  #row(key: string): Row {
    return { key, version: this.#versions.get(key) ?? 0, text }
  }

  async #query(): Promise<void> {
    this.#queries += 1
    if (this.#queryTime > 0) await sleep(this.#queryTime)
  }
}
