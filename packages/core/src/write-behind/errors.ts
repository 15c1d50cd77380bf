import { CacheError } from '../errors.ts'

/** A `put` or `redrive` that was not accepted, because `maxPending` entries wait to be written already. Nothing was stored. */
export class BackPressureError extends CacheError {
  /** How many entries wait. */
  readonly pending: number

  constructor(operation: string, name: string, pending: number) {
    super(
      'BACK_PRESSURE',
      `${operation}: ${pending} entries of write-behind "${name}" wait to be written (nothing was accepted; try again later, see option "maxPending")`,
    )
    this.pending = pending
  }
}
