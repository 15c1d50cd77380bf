/** Who takes part, and how often each fault may happen. */
export interface Configuration {
  readonly name: string
  /** One for each process, with a letter for each who is in it. */
  readonly processes: readonly string[]
  /** What stands under the key at first: nothing, or version 1. */
  readonly begins: 'absent' | 'value'
  /** `moving`: every version has another tag than the one before, and writers invalidate both. */
  readonly tags: 'one' | 'moving'
  /** The tags whose readings a read asks for along with the entry. */
  readonly expects: readonly ('a' | 'b')[]
  /** A load asks for the generation again; else it goes by what its read has brought. */
  readonly asksAgain: boolean
  readonly endings: readonly Ending[]
  /**
   * The names of the processes whose writers settle. Where some do, loaders read a replica that lags, for less than that; those
   * who do not settle promise nothing then.
   */
  readonly settles: string
  /** Entry, generation and hash are on three nodes: what is said to them in one tick is executed in any order. */
  readonly cluster: boolean
  /** What may be lost. */
  readonly loses: readonly ('entry' | 'generation' | 'tags' | 'all')[]
  readonly losses: number
  /** Times the server's clock may go back. */
  readonly backs: number
  /** Fields that may be pruned. */
  readonly prunes: number
  /** Processes that may be killed. */
  readonly deaths: number
  /** Commands that may be sent again: both copies may be executed, in any order. */
  readonly resends: number
  /** Answers a process may stop waiting for. */
  readonly timeouts: number
}

export type Ending = 'value' | 'declined' | 'failed'

/** The letters of a configuration. */
export const kinds = {
  R: 'reader',
  /** Commits, then invalidates the tags. */
  W: 'writer',
  /** Commits, then expires the tags. */
  E: 'expirer',
  /** Commits, then clears. */
  C: 'clearer',
  /** Commits, then invalidates the key. */
  K: 'key writer',
  /** Commits behind a barrier of the tags. */
  M: 'mutator',
  /** Commits, and leaves the value in the cache. Its barrier at the key is left out: nobody else writes without tags then. */
  T: 'writer-through',
} as const

export type Letter = keyof typeof kinds

export const isLetter = (letter: string): letter is Letter => letter in kinds

const quiet: Configuration = {
  name: '',
  processes: [],
  begins: 'absent',
  tags: 'one',
  expects: ['a'],
  asksAgain: false,
  endings: ['value'],
  settles: '',
  cluster: false,
  loses: [],
  losses: 0,
  backs: 0,
  prunes: 0,
  deaths: 0,
  resends: 0,
  timeouts: 0,
}

/** `who` has a letter for each who takes part, process by process. */
export function configuration(who: string, more: Partial<Configuration> = {}, what = ''): Configuration {
  return { ...quiet, ...more, name: what ? `${who}, ${what}` : who, processes: who.split(' · ') }
}
