import { type Configuration, isLetter, kinds, type Letter } from './configuration.ts'

export interface Actor {
  readonly name: string
  readonly letter: Letter
  readonly process: number
}

/** A value in Redis; version 0: nothing. `stamp` is what the clock said when it was loaded. */
export interface Entry {
  readonly version: number
  readonly stamp: number
}

/** What is pushed: that the key has changed, what entries are judged by, or anything. */
export type Change = 'key' | 'clock' | 'all'

/** Where somebody is. A `reply` that is undefined has not come. */
export type Phase =
  | { readonly at: 'idle' | 'done' }
  | { readonly at: 'reading'; readonly marked: boolean; readonly reply: Entry | undefined }
  | { readonly at: 'judging'; readonly marked: boolean; readonly entry: Entry; readonly reply: number | undefined }
  | { readonly at: 'filling'; readonly reply: number | undefined }
  /** `covers` was committed when the command was sent. */
  | {
      readonly at: 'calling' | 'replaying'
      readonly covers: number
      readonly reply: 'none' | 'executed' | 'answered'
      readonly age: number
    }
  | { readonly at: 'waiting'; readonly covers: number; readonly age: number }
  | { readonly at: 'pending'; readonly covers: number }

/** The connection over which a process hears what changes. Ages are in ticks, at most H. */
export interface Link {
  readonly at: 'none' | 'down' | 'up' | 'silent'
  /** On the way to Redis: to be told what changes, or the age of a PING. */
  readonly sent: readonly ('track' | number)[]
  /** Redis has been asked to tell, and does. */
  readonly tracked: boolean
  /** On the way back: what has changed, or the age of the PING that is answered. */
  readonly told: readonly (Change | number)[]
  readonly ready: boolean
  /** Of the last PING that was answered. */
  readonly age: number
  /** Of an answer of the connection before, on its way; -1: there is none. */
  readonly late: number
}

/** The near cache of a process: the version that it has, 0: none. */
export interface Near {
  readonly version: number
  /** Where reads share one. */
  readonly mark: boolean
}

/** The versions below which nothing may be served from a near cache. */
interface Floors {
  /** In the process that has invalidated. */
  readonly own: readonly number[]
  /** Everywhere: H ago. */
  readonly aged: number
  /** Everywhere: it was invalidated so. */
  readonly strict: number
  /** Resolved, and not H ago. */
  readonly young: readonly { readonly version: number; readonly age: number }[]
}

/** Everything, at one moment; never changed. */
export interface State {
  readonly committed: number
  readonly entry: Entry
  readonly clock: number
  /** What this round of the server's event loop has changed, and whose command it has executed: told and answered at its end. */
  readonly round: { readonly changes: readonly Change[]; readonly actors: readonly number[] }
  readonly floors: Floors
  readonly phases: readonly Phase[]
  readonly links: readonly Link[]
  readonly nears: readonly Near[]
  /** Commands of those who have stopped waiting. */
  readonly strays: readonly ('key' | 'clock')[]
  readonly left: Pick<Configuration, 'cuts' | 'silences' | 'touches' | 'evictions' | 'flushes' | 'timeouts'>
}

export function actorsOf({ processes }: Configuration): Actor[] {
  return processes.flatMap((letters, process) => {
    const named = letters.split('')
    return named.map((letter, index) => {
      if (!isLetter(letter)) throw new Error(`nobody is called ${letter}`)
      const nth = named.slice(0, index + 1).filter((one) => one === letter).length
      return { name: `${kinds[letter]} ${nameOf(process)}${nth}`, letter, process }
    })
  })
}

export const nameOf = (process: number): string => String.fromCharCode('A'.charCodeAt(0) + process)

export const down: Link = { at: 'down', sent: [], tracked: false, told: [], ready: false, age: 0, late: -1 }

export function initial(configuration: Configuration): State {
  const { begins, hears, lag, processes, cuts, silences, touches, evictions, flushes, timeouts } = configuration
  const unheard: Link = { ...down, age: lag }
  const first: Link = hears ? { ...unheard, at: 'up', tracked: true, ready: true } : unheard
  return {
    committed: 1,
    entry: { version: begins === 'value' ? 1 : 0, stamp: 0 },
    clock: 0,
    round: { changes: [], actors: [] },
    floors: { own: processes.map(() => 0), aged: 0, strict: 0, young: [] },
    phases: actorsOf(configuration).map(() => ({ at: 'idle' })),
    links: processes.map((letters) => (letters.includes('R') ? first : { ...unheard, at: 'none' })),
    nears: processes.map(() => ({ version: 0, mark: false })),
    strays: [],
    left: { cuts, silences, touches, evictions, flushes, timeouts },
  }
}

export const phaseOf = ({ phases }: State, actor: number): Phase => phases[actor] as Phase
export const linkOf = ({ links }: State, process: number): Link => links[process] as Link
export const nearOf = ({ nears }: State, process: number): Near => nears[process] as Near

export const at = (state: State, actor: number, phase: Phase): State => ({
  ...state,
  phases: state.phases.with(actor, phase),
})

export const linked = (state: State, process: number, changes: Partial<Link>): State => ({
  ...state,
  links: state.links.with(process, { ...linkOf(state, process), ...changes }),
})

export const spend = (state: State, what: keyof State['left']): State => ({
  ...state,
  left: { ...state.left, [what]: state.left[what] - 1 },
})
