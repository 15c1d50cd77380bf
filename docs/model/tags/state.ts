import { type Floors, nothingPromised, type Wrong } from '../floors.ts'
import { type Configuration, isLetter, kinds, type Letter } from './configuration.ts'
import {
  absent,
  type Command,
  type Head,
  noFields,
  type Origin,
  type Readings,
  type Reply,
  type Store,
  type Tag,
  type Value,
} from './store.ts'

export interface Actor {
  readonly name: string
  readonly letter: Letter
  readonly kind: (typeof kinds)[Letter]
  readonly process: number
  /** Like this one and before it: they start in order. */
  readonly after: number | undefined
}

/** A command of somebody who waits for its reply. */
export interface Ask {
  readonly command: Command
  readonly reply: Reply | undefined
}

/** What a read that found nothing to serve knows. */
interface Request {
  readonly away: boolean
  readonly generation: string
  /** The head of a value that is void. */
  readonly over: Head | undefined
  /** Of a value that is to be refreshed. */
  readonly stale: Head | undefined
}

/** What a leader is there for. */
export interface Led {
  readonly since: Floors
  readonly fallback: Value | undefined
  readonly request: Request
}

interface Asking {
  readonly asks: readonly Ask[]
}

/** Where somebody is. */
export type Phase =
  | { readonly at: 'idle' | 'done' | 'dead' }
  | { readonly at: 'wronged'; readonly by: Wrong }
  | (Asking & { readonly at: 'reading'; readonly since: Floors; readonly denied: boolean })
  /** The entry has tags that were not expected. */
  | (Asking & {
      readonly at: 'completing'
      readonly since: Floors
      readonly denied: boolean
      readonly value: Value
      readonly generation: string
      readonly first: Readings | undefined
    })
  | {
      readonly at: 'joined'
      readonly since: Floors
      readonly fallback: Value | undefined
      readonly leader: number
      readonly boarded: number
    }
  | { readonly at: 'denied'; readonly since: Floors }
  | { readonly at: 'boarding' | 'waiting'; readonly led: Led }
  | (Asking & { readonly at: 'acquiring'; readonly led: Led; readonly twice: boolean })
  /** Another process has brought a value. */
  | (Asking & { readonly at: 'judging'; readonly led: Led; readonly value: Value })
  | {
      readonly at: 'loading'
      readonly led: Led
      readonly right: Head | undefined
      readonly origin: Origin | undefined
      readonly version: number | undefined
    }
  /** Asks for what should have been asked for before, or too early. */
  | (Asking & Ending & { readonly at: 'late' })
  | (Asking &
      Ending & {
        readonly at: 'filling' | 'releasing' /** To what was asked too early. */
        readonly early: readonly Reply[]
      })
  | { readonly at: 'committed'; readonly version: number; readonly origin: Origin | undefined }
  /** `covers` was committed when the command was issued. */
  | (Asking & { readonly at: 'calling'; readonly covers: number })
  | { readonly at: 'settled'; readonly covers: number }
  | (Asking & { readonly at: 'raising' })
  | { readonly at: 'writing'; readonly version: number | undefined }
  | (Asking & { readonly at: 'lowering'; readonly version: number | undefined; readonly covers: number })
  | { readonly at: 'orphaned'; readonly version: number | undefined }
  | (Asking & { readonly at: 'preparing'; readonly version: number | undefined })
  | { readonly at: 'prepared'; readonly origin: Origin }
  | (Asking & { readonly at: 'claiming'; readonly version: number; readonly origin: Origin; readonly twice: boolean })
  | (Asking & { readonly at: 'setting'; readonly version: number })

/** A load that has ended. Without a version the loader has failed. */
export interface Ending {
  readonly led: Led
  readonly right: Head
  readonly origin: Origin
  readonly version: number | undefined
}

export type Waiting = Extract<Phase, Asking>

export const isWaiting = (phase: Phase): phase is Waiting => 'asks' in phase

/** `heard`: its actor waits for the reply, which is the answer to its `slot`th command. */
export interface Sent {
  readonly actor: number
  readonly slot: number
  readonly command: Command
  readonly heard: boolean
}

export interface Process {
  readonly sent: readonly Sent[]
  /** The leader of the flight that can be joined. */
  readonly flight: number | undefined
  /** The last readings that came, where they are used again. */
  readonly known: Readings | undefined
}

/** Of a barrier or a settle: when its time is over. */
export interface Running {
  readonly actor: number
  readonly end: number
}

/** Everything, at one moment; never changed. */
export interface State extends Store {
  readonly committed: number
  /** What loaders read at the database: less than that while a replica lags. */
  readonly visible: number
  /** Time, and by how much the server's clock is behind it. */
  readonly time: number
  readonly behind: number
  readonly floors: Floors
  readonly phases: readonly Phase[]
  readonly processes: readonly Process[]
  readonly strays: readonly Sent[]
  readonly running: readonly Running[]
  readonly left: Pick<Configuration, 'losses' | 'backs' | 'prunes' | 'deaths' | 'resends' | 'timeouts'>
}

export function actorsOf({ processes, settles }: Configuration): Actor[] {
  const actors: Actor[] = []
  let first = 0
  for (const [process, letters] of processes.entries()) {
    const isTwin = letters === processes[process - 1] && isIn(settles, process) === isIn(settles, process - 1)
    const firstOfTwin = first
    first = actors.length
    const counts = new Map<string, number>()
    let previous = ''
    for (const letter of letters) {
      if (!isLetter(letter)) throw new Error(`nobody is called ${letter}`)
      const nth = (counts.get(letter) ?? 0) + 1
      counts.set(letter, nth)
      const after =
        letter === previous ? actors.length - 1 : isTwin && actors.length === first ? firstOfTwin : undefined
      actors.push({ name: `${kinds[letter]} ${nameOf(process)}${nth}`, letter, kind: kinds[letter], process, after })
      previous = letter
    }
  }
  return actors
}

const isIn = (names: string, process: number): boolean => names.includes(nameOf(process))

/** Whether what somebody writes is to settle; undefined where replicas do not lag. */
export const settlesOf = ({ settles }: Configuration, { process }: Actor): boolean | undefined =>
  settles === '' ? undefined : isIn(settles, process)

export const nameOf = (process: number): string => String.fromCharCode('A'.charCodeAt(0) + process)

/** The server's clock at first; that of the tags is behind it, as long as nothing is set forward. */
const noon = 10_000

export function tagsOf({ tags }: Configuration, version: number): readonly Tag[] {
  return tags === 'one' || version % 2 === 1 ? ['a'] : ['b']
}

/** What a writer invalidates. */
export const allTags = ({ tags }: Configuration): readonly Tag[] => (tags === 'one' ? ['a'] : ['a', 'b'])

export function initial(configuration: Configuration): State {
  const { begins, processes, losses, backs, prunes, deaths, resends, timeouts } = configuration
  const origin = { generation: 'g0', id: 't0', reading: noon - 10 }
  const tags = tagsOf(configuration, 1)
  return {
    key: begins === 'value' ? { kind: 'value', head: 'V', version: 1, tags, origin } : absent,
    generation: { name: 'g0' },
    tags: { id: 't0', clock: noon - 10, due: [], floor: noon - 10, fields: noFields },
    made: 0,
    committed: 1,
    visible: 1,
    time: noon,
    behind: 0,
    floors: nothingPromised,
    phases: actorsOf(configuration).map(() => ({ at: 'idle' })),
    processes: processes.map(() => ({ sent: [], flight: undefined, known: undefined })),
    strays: [],
    running: [],
    left: { losses, backs, prunes, deaths, resends, timeouts },
  }
}

export const phaseOf = ({ phases }: State, actor: number): Phase => phases[actor] as Phase

export const at = (state: State, actor: number, phase: Phase): State => ({
  ...state,
  phases: state.phases.with(actor, phase),
})

export const processOf = ({ processes }: State, process: number): Process => processes[process] as Process

export const change = (state: State, process: number, changes: Partial<Process>): State => ({
  ...state,
  processes: state.processes.with(process, { ...processOf(state, process), ...changes }),
})

export const spend = (state: State, what: keyof State['left']): State => ({
  ...state,
  left: { ...state.left, [what]: state.left[what] - 1 },
})

export const serverTime = ({ time, behind }: State): number => time - behind

/** Nobody who has started waits for anything. */
export const isSettled = ({ phases }: State): boolean =>
  phases.every((phase) => ['idle', 'done', 'dead', 'wronged', 'settled', 'orphaned'].includes(phase.at))
