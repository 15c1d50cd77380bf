/** Who takes part, and how often each fault may happen. */
export interface Configuration {
  readonly name: string
  /** With a letter for each who takes part. */
  readonly letters: string
  /** What stands under the key at first: nothing, or all that is committed. */
  readonly begins: 'absent' | 'value'
  /** Processes that may be killed. */
  readonly deaths: number
  /** Commands that may be sent twice. */
  readonly resends: number
  /** Answers that may not be awaited, or are lost with the connection. */
  readonly losses: number
  /** Writes that may throw, committed or not. */
  readonly throws: number
  /** Keys that Redis may drop. */
  readonly evictions: number
  /** Whose write may be missing where a later one is shown, until its call has resolved; and when its process has died, after that. */
  readonly excuses: readonly Excuse[]
}

/** The mark or the barrier was gone before the commit: evicted, or its time was over. Or there was none. */
export type Excuse = 'evicted' | 'late' | 'unmarked'

/** The letters of a configuration. */
export const kinds = {
  /** Reads again and again. */
  R: 'reader',
  /** Changes the value in place: opens it, commits, and amends it. */
  A: 'amender',
  /** Writes behind a barrier. */
  M: 'mutator',
  /** Commits, then invalidates the key. */
  W: 'writer',
  /** Commits, then clears the namespace. */
  C: 'clearer',
} as const

export type Letter = keyof typeof kinds

export const isLetter = (letter: string): letter is Letter => letter in kinds

const quiet: Omit<Configuration, 'name' | 'letters'> = {
  begins: 'value',
  deaths: 0,
  resends: 0,
  losses: 0,
  throws: 0,
  evictions: 0,
  excuses: ['evicted', 'late', 'unmarked'],
}

/** `who` has a letter for each who takes part, all in processes of their own. */
export function configuration(who: string, more: Partial<Configuration> = {}, what = ''): Configuration {
  return { ...quiet, ...more, name: what ? `${who}, ${what}` : who, letters: who.replaceAll(' · ', '') }
}
