import type { LoadContext } from '@cache-aside/core'
import type { Outcome, Settled } from '@cache-aside/testkit'
import type { Random } from './random.ts'
import type { Change, Committed, FieldOfRow } from './source.ts'

/** What a load or a change has brought, and the name of that step: it goes into every part of the value. */
interface Brought {
  readonly by: string
}

/** A cache whose entries are no single strings. */
export interface Shaped {
  /** The parts that a read is to show. Undefined: it has no choice. */
  asks(random: Random): readonly FieldOfRow[] | undefined
  /** Resolves to what it shows. */
  read(
    row: string,
    asks: readonly FieldOfRow[] | undefined,
    load: (context: LoadContext) => Promise<Settled & Brought & { readonly absent?: boolean }>,
  ): Promise<Outcome>
  /** What is to be committed. Undefined: there is no choice. */
  change(random: Random): Change | undefined
  /** Changes what is cached in place. Resolves to what became of that, as it is logged. */
  amend(
    row: string,
    write: () => Promise<Brought & Omit<Committed, 'tags' | 'lists'>>,
  ): Promise<Pick<Outcome, 'inPlace' | 'pending'>>
}

/** @param updated What the cache says of an update. */
export function outcomeOf(updated: 'updated' | 'uncached' | 'pending'): Pick<Outcome, 'inPlace' | 'pending'> {
  if (updated === 'uncached') return {}
  return updated === 'updated' ? { inPlace: true } : { pending: true }
}
