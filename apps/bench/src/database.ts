import { setTimeout as sleep } from 'node:timers/promises'

/** What is cached: about 1 KB as JSON. */
export interface Row {
  readonly key: string
  readonly version: number
  readonly text: string
}

const text = 'x'.repeat(960)
/** In milliseconds. */
const queryTime = 5

/** A database in memory whose queries take a while. A row that nobody has written is of version 0. */
export class Database {
  readonly #versions = new Map<string, number>()

  /** The row as it is when the query begins. */
  async read(key: string): Promise<Row> {
    const version = this.#versions.get(key) ?? 0
    await sleep(queryTime)
    return { key, version, text }
  }

  /** Writes the row and returns its new version. */
  commit(key: string): number {
    const version = (this.#versions.get(key) ?? 0) + 1
    this.#versions.set(key, version)
    return version
  }
}
