/** Who takes part, and how often each fault may happen. */
export interface Configuration {
  readonly name: string
  /** One for each process, with a letter for each who is in it. One with a reader has a near cache. */
  readonly processes: readonly string[]
  /** What stands under the key at first: nothing, or version 1. */
  readonly begins: 'absent' | 'value'
  /** Whether the processes hear from the beginning what changes, or have to connect first. */
  readonly hears: boolean
  /** H, in ticks. */
  readonly lag: number
  /** The readings that an entry is judged by are asked for in a second command. */
  readonly judgesLater: boolean
  /** What was not acknowledged is sent until it is. */
  readonly journals: boolean
  /** Connections that may be cut. */
  readonly cuts: number
  /** Connections that may go silent: what is sent over them is lost, and nobody is told. */
  readonly silences: number
  /** Times the key may be touched, its value being as before: the mark of an early refresh. */
  readonly touches: number
  /** Values that Redis may drop. */
  readonly evictions: number
  /** Times all may be flushed. */
  readonly flushes: number
  /** Answers a writer may stop waiting for. */
  readonly timeouts: number
}

/** The letters of a configuration. */
export const kinds = {
  /** Reads again and again. */
  R: 'reader',
  /** Commits, then invalidates the key. */
  W: 'writer',
  /** Commits, then sets forward what entries are judged by: the generation, or a tag. */
  C: 'clearer',
  /** Commits, then invalidates the key everywhere. */
  E: 'invalidator everywhere',
} as const

export type Letter = keyof typeof kinds

export const isLetter = (letter: string): letter is Letter => letter in kinds

const quiet: Configuration = {
  name: '',
  processes: [],
  begins: 'value',
  hears: true,
  lag: 2,
  judgesLater: false,
  journals: false,
  cuts: 0,
  silences: 0,
  touches: 0,
  evictions: 0,
  flushes: 0,
  timeouts: 0,
}

/** `who` has a letter for each who takes part, process by process. */
export function configuration(who: string, more: Partial<Configuration> = {}, what = ''): Configuration {
  return { ...quiet, ...more, name: what ? `${who}, ${what}` : who, processes: who.split(' · ') }
}
