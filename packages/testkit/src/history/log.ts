import { openSync, writeSync } from 'node:fs'

/**
 * What is done with a key. What voids may be about more than one, and names the tags of those; its key is `*` then,
 * unless it is about one key besides.
 */
type KeyAction =
  | 'read'
  | 'load'
  | 'commit'
  | 'invalidate'
  /** Voids as an `invalidate` does, but for reads that fall back to what is stale. */
  | 'expire'
  /** Voids every key; its own is `*`. */
  | 'clear'
  /** Puts a value that was committed, and voids what was loaded before it as an `invalidate` does. */
  | 'set'
  /** A write behind a barrier, or behind the mark of what it changes, from the call to its answer. Its `commit` is in it, and its `lower`. */
  | 'mutate'
  /**
   * From when such a write is over until its call is answered: voids as an `invalidate` does. With a version: puts it. In
   * place: what stands has the change, and is not void.
   */
  | 'lower'
  /** An entry was found that cannot be read. */
  | 'corrupt'

/** What a process goes through; its key is the name of the process, or `*` for all. */
type ProcessAction =
  | 'fault'
  /** What its near cache is told of changes comes late, or never: a fault that excuses nothing. */
  | 'deaf'
  /** Its cache does without Redis. */
  | 'degraded'
  /** All that it had pending has been acknowledged. */
  | 'replay'
  /** Its cache is closed. */
  | 'close'

export type Action = KeyAction | ProcessAction

/** One line of a log, as JSON. Every `at` is of the clock that the processes of one machine share. */
export type Line =
  | ({ readonly at: number; readonly begin: Action; readonly id: number; readonly key: string } & Beginning)
  | ({ readonly at: number; readonly end: number } & Outcome)
  /** A process is gone. */
  | { readonly at: number; readonly died: string }
  /** From now on the database holds this version, the cache was told of it, and nothing disturbs. */
  | ({ readonly at: number; readonly settled: string } & Settled)
  /** A lease or a barrier still stands although every load and write has ended and its TTL is over. */
  | { readonly at: number; readonly residue: string; readonly what: Residue }

export type Residue = 'lease' | 'barrier'

/** What the database holds: a version; of a record, and which one each field is of. */
export interface Settled {
  readonly version: number
  readonly fields?: Readonly<Record<string, number>>
}

/** What a read shows: a version, and which load, set or lower made it: the name of its process, a colon, its id. */
export interface Shown {
  readonly version: number
  readonly load: string
}

export interface Beginning {
  /** The read that a load is run by, or the write behind a barrier that a commit is part of. */
  readonly of?: number | undefined
  /** Of what voids, or writes behind a barrier: those whose keys it is about. Of a read: those that it declares. */
  readonly tags?: readonly string[] | undefined
  /** Of a read: others belong to the same call, which is answered when all of them are over. */
  readonly batched?: boolean | undefined
  /** Of a read: it is to pass the near cache by. */
  readonly passesBy?: boolean | undefined
  /** Of a read of a record: the fields that it is to show. */
  readonly asks?: readonly string[] | undefined
  /** Of a write: where a record or a window stands it is marked, and changed in place. It is served meanwhile. */
  readonly marks?: boolean | undefined
  /** Of what voids: in every near cache, too, by the time it ends. */
  readonly everywhere?: boolean | undefined
  /** Of a load: a value stands that it is to replace, or to renew. */
  readonly refreshes?: boolean | undefined
  /** Of a fault. */
  readonly reason?: string | undefined
  /** Of a fault: Redis may lose what it holds. */
  readonly empties?: boolean | undefined
  /** Of a fault: it holds up the process itself, and not only what it says to Redis. */
  readonly stalls?: boolean | undefined
}

export interface Outcome extends Partial<Shown> {
  /** Of a read of a record. */
  readonly fields?: Readonly<Record<string, Shown>>
  /** Of a read of a window: oldest first. The version of an item is its place in the log. */
  readonly items?: readonly Shown[]
  /** Of a read or a load of a record: there is none. */
  readonly absent?: boolean
  /** Of a commit, and of what changes a record in place: the fields that it changes. Left out: all. */
  readonly changes?: readonly string[]
  /** Of a write that marks, and its lower: what is cached has the change. */
  readonly inPlace?: boolean
  /** Of a read that the near cache of its process has answered: not before this moment. */
  readonly near?: number
  /** Of a load, and of what puts a value: the tags of that. */
  readonly carries?: readonly string[]
  /** Of a read: why it shows a value that is not fresh. */
  readonly stale?: 'revalidating' | 'load-failed' | 'slow-load'
  /** Of a load: which one's value it has found to be still what the database holds. */
  readonly renews?: string
  /** Nothing was read, loaded, committed or acknowledged. */
  readonly failed?: boolean
  /** Not acknowledged yet; it will be unless its process dies. */
  readonly pending?: boolean
  /** Of a close: how many that were pending will not be. */
  readonly lost?: number
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
  begin(action: Action, key: string, { at = sharedNow(), ...more }: Beginning & { readonly at?: number } = {}): number {
    this.#steps += 1
    this.#write({ at, begin: action, id: this.#steps, key, ...more })
    return this.#steps
  }

  end(id: number, outcome: Outcome = {}): void {
    this.#write({ at: sharedNow(), end: id, ...outcome })
  }

  died(process: string): void {
    this.#write({ at: sharedNow(), died: process })
  }

  settled(key: string, settled: Settled): void {
    this.#write({ at: sharedNow(), settled: key, ...settled })
  }

  residue(key: string, what: Residue): void {
    this.#write({ at: sharedNow(), residue: key, what })
  }

  #write(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`)
  }
}
