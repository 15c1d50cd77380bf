import { openSync, writeSync } from 'node:fs'

/**
 * What is logged: what is done with a key, and `fault`, whose key is the process it hits, or `*` for all.
 * A `set` puts a value that was committed, and voids what was loaded before it as an `invalidate` does.
 */
export type Action = 'read' | 'load' | 'commit' | 'invalidate' | 'set' | 'fault'

/** One line of a log, as JSON. Every `at` is of the clock that the processes of one machine share. */
export type Line =
  /** `of`: the read that a load is run by. `reason`: of a fault. */
  | {
      readonly at: number
      readonly begin: Action
      readonly id: number
      readonly key: string
      readonly of?: number
      readonly reason?: string
    }
  | ({ readonly at: number; readonly end: number } & Outcome)
  /** A process is gone. */
  | { readonly at: number; readonly died: string }
  /** From now on the database holds this version, the cache was told of it, and nothing disturbs. */
  | { readonly at: number; readonly settled: string; readonly version: number }
  /** A lease still stands although every load has ended and its TTL is over. */
  | { readonly at: number; readonly residue: string }

export interface Outcome {
  readonly version?: number
  /** Which load or set made the value that was read: the name of its process, a colon, its id. */
  readonly load?: string
  /** Nothing was read, loaded, committed or acknowledged. */
  readonly failed?: boolean
  /** A failure that no fault accounts for. */
  readonly unexpected?: string
}

/** Monotonic, in milliseconds, and the same in every process of this machine. */
export const sharedNow = (): number => Number(process.hrtime.bigint()) / 1e6

/**
 * The log of one process.
 *
 * Invariant: a step begins in the log before it begins, and ends in the log after it has ended; each line is handed
 * to the system at once, so that a killed process loses at most the line it was writing.
 */
export class HistoryLog {
  readonly #file: number
  #steps = 0

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  /** Returns the step's id, for `end`. `at` is for what is noticed late. */
  begin(
    action: Action,
    key: string,
    {
      at = sharedNow(),
      ...more
    }: { readonly at?: number; readonly of?: number | undefined; readonly reason?: string } = {},
  ): number {
    this.#steps += 1
    this.#write({ at, begin: action, id: this.#steps, key, ...more } as Line)
    return this.#steps
  }

  end(id: number, outcome: Outcome = {}): void {
    this.#write({ at: sharedNow(), end: id, ...outcome })
  }

  died(process: string): void {
    this.#write({ at: sharedNow(), died: process })
  }

  settled(key: string, version: number): void {
    this.#write({ at: sharedNow(), settled: key, version })
  }

  residue(key: string): void {
    this.#write({ at: sharedNow(), residue: key })
  }

  #write(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`)
  }
}
