import { type Configuration, isLetter, kinds } from './configuration.ts'
import { absent, type Command, fresh, type Key } from './key.ts'
import type { Phase } from './phases.ts'
import { type Floors, nothingPromised } from './floors.ts'

export interface Actor {
  readonly name: string
  readonly kind: (typeof kinds)[keyof typeof kinds] | 'journal'
  readonly process: number
  /** Like this one and before it: interchangeable actors start in order, so that no state is explored under two names. */
  readonly after: number | undefined
}

/** `heard`: its actor waits for the reply. */
export interface Sent {
  readonly actor: number
  readonly command: Command
  readonly heard: boolean
}

export interface Process {
  /** Its connection: commands on their way, in the order in which they arrive. */
  readonly sent: readonly Sent[]
  /** The leader of the flight that can be joined. */
  readonly flight: number | undefined
  /** What was committed before its last invalidation that is pending: its own reads may not return less. */
  readonly pending: number
}

/** Everything, at one moment; never changed. A reply waits at its actor, which goes on when it likes. */
export interface State {
  readonly key: Key
  /** The version at the database. */
  readonly committed: number
  /** What loaders read there: less than that while a replica lags. */
  readonly visible: number
  readonly floors: Floors
  readonly phases: readonly Phase[]
  readonly processes: readonly Process[]
  /** Commands of connections that broke, on their way all the same. */
  readonly strays: readonly Sent[]
  /** Readers whose lease nothing has ended that may: neither an invalidation nor its expiry nor they themselves. */
  readonly entitled: readonly number[]
  /** Writers whose part of a barrier has time left, whatever stands under the key. */
  readonly running: readonly number[]
  readonly left: Pick<Configuration, 'keeps' | 'deaths' | 'resends' | 'timeouts'>
}

/** One and the same, so that states which are equal look equal. */
export const nobody: readonly number[] = []

export function actorsOf({ processes, journals }: Configuration): Actor[] {
  const actors: Actor[] = []
  let first = 0
  for (const [process, letters] of processes.entries()) {
    const isTwin = letters === processes[process - 1]
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
      const name = `${kinds[letter]} ${nameOf(process)}${nth}`
      actors.push({ name, kind: kinds[letter], process, after })
      previous = letter
    }
  }
  if (!journals) return actors
  return actors.concat(
    processes.map((_, process) => ({ name: `journal ${nameOf(process)}`, kind: 'journal', process, after: undefined })),
  )
}

export const nameOf = (process: number): string => String.fromCharCode('A'.charCodeAt(0) + process)

export function initial(configuration: Configuration): State {
  const { begins, processes, keeps, deaths, resends, timeouts } = configuration
  return {
    key: begins === 'value' ? fresh({ head: 'V', version: 1 }) : absent,
    committed: 1,
    visible: 1,
    floors: nothingPromised,
    phases: actorsOf(configuration).map(({ kind }) => ({ at: kind === 'journal' ? 'empty' : 'idle' })),
    processes: processes.map(() => ({ sent: [], flight: undefined, pending: 0 })),
    strays: [],
    entitled: nobody,
    running: nobody,
    left: { keeps, deaths, resends, timeouts },
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

/** One less of what may happen so often. */
export const spend = (state: State, what: keyof State['left']): State => ({
  ...state,
  left: { ...state.left, [what]: state.left[what] - 1 },
})

/** Nobody who has started waits for anything. */
export const isSettled = ({ phases }: State): boolean =>
  phases.every((phase) => ['idle', 'done', 'dead', 'wronged', 'settled', 'orphaned', 'empty'].includes(phase.at))
