import { type BatchLoad, type BatchLoader, type BatchResult, largestBatch } from '../load/batch-load.ts'
import { endOfTick } from '../time/end-of-tick.ts'
import { type BatchReads, newBatch, readOne } from './batches.ts'
import { type ReadOptions, resolveCall, type Settings } from './settings.ts'

/** Reads one key; `given` is what the loader is given for it. `options` stand above those of all, but for `retry`. */
export type GatheredRead<T, Given = string> = (
  key: string,
  given: Given,
  options?: ReadOptions<NoInfer<T>>,
) => Promise<T>

interface OpenBatch<Given> {
  readonly batch: BatchLoad<Given>
  reads: number
}

/**
 * Reads of one key each, of which those of one tick are loaded together.
 *
 * Invariant: a read joins only the batch of its own tick, so a call is held up by nobody who came later.
 */
export class GatheredReads<T, Given = string> {
  readonly #loadMany: BatchLoader<BatchResult<unknown, Given>, Given>
  readonly #settings: Settings
  readonly #around: BatchReads
  #open: OpenBatch<Given> | undefined

  constructor(loadMany: BatchLoader<BatchResult<unknown, Given>, Given>, settings: Settings, around: BatchReads) {
    this.#loadMany = loadMany
    this.#settings = settings
    this.#around = around
  }

  readonly read: GatheredRead<T, Given> = async (key, given, options) => {
    const settings = resolveCall(options, this.#settings)
    const near = this.#around.reads.near(key, settings)
    if (near !== undefined) return near as T
    const open = this.#open && this.#open.reads < largestBatch ? this.#open : this.#begin()
    open.reads += 1
    return readOne(open.batch, key, given, settings, this.#around)
  }

  #begin(): OpenBatch<Given> {
    const open = { batch: newBatch(this.#loadMany, this.#settings, this.#around), reads: 0 }
    void endOfTick().then(() => {
      if (this.#open === open) this.#open = undefined
    })
    return (this.#open = open)
  }
}
