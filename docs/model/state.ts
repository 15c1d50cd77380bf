import { absent, type Command, type Key, type Reply } from './key.ts'

/** Who takes part, and how often each fault may happen. What is not counted happens as often as it can. */
export interface Configuration {
  readonly name: string
  readonly processes: readonly { readonly readers: number; readonly writers: number }[]
  /** How a loader may end. */
  readonly endings: readonly Ending[]
  /** Redis may drop a value at any time. A lease may end at any time in every configuration. */
  readonly evictions: boolean
  /** Processes that may be killed. */
  readonly deaths: number
  /** Commands that may be sent again after a connection broke: both copies may be executed, in any order. */
  readonly resends: number
  /** Answers a process may stop waiting for. The command may still be executed. */
  readonly timeouts: number
}

export type Ending = 'value' | 'declined' | 'failed'

export interface Actor {
  readonly name: string
  readonly kind: 'reader' | 'writer'
  readonly process: number
  /** Like this one and before it: interchangeable actors start in order, so that no state is explored under two names. */
  readonly after: number | undefined
}

export type Phase =
  | { readonly at: 'idle' | 'done' | 'dead' }
  /** Returned a version it must not: the violation of P1. */
  | { readonly at: 'wronged'; readonly floor: number; readonly version: number }
  /** `denied`: has joined a flight whose value it could not have. */
  | { readonly at: 'reading'; readonly floor: number; readonly denied: boolean; readonly reply: Reply | undefined }
  | { readonly at: 'joined'; readonly floor: number; readonly leader: number; readonly boarded: number }
  | { readonly at: 'denied'; readonly floor: number }
  /** `twice`: the command may have been sent twice, because its connection broke. */
  | { readonly at: 'acquiring'; readonly floor: number; readonly twice: boolean; readonly reply: Reply | undefined }
  | { readonly at: 'waiting'; readonly floor: number }
  /** `version` is what it read at the database. */
  | { readonly at: 'loading'; readonly floor: number; readonly leased: boolean; readonly version: number | undefined }
  | { readonly at: 'filling'; readonly floor: number; readonly version: number; readonly reply: Reply | undefined }
  /** Without a version when the loader failed. */
  | {
      readonly at: 'releasing'
      readonly floor: number
      readonly version: number | undefined
      readonly reply: Reply | undefined
    }
  | { readonly at: 'committed' }
  /** `covers` was committed when the invalidation was issued. */
  | { readonly at: 'invalidating'; readonly covers: number; readonly reply: Reply | undefined }

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
}

/** Everything, at one moment; never changed. A reply waits at its actor, which goes on when it likes. */
export interface State {
  readonly key: Key
  /** The version at the database. */
  readonly committed: number
  /** The highest version that an invalidation which has resolved covers: no read that starts now may return less. */
  readonly floor: number
  readonly phases: readonly Phase[]
  readonly processes: readonly Process[]
  /** Commands of connections that broke, on their way all the same. */
  readonly strays: readonly Sent[]
  /** Readers whose lease nothing has ended that may: neither an invalidation nor its expiry nor they themselves. */
  readonly entitled: readonly number[]
  readonly faults: { readonly deaths: number; readonly resends: number; readonly timeouts: number }
}

export function actorsOf({ processes }: Configuration): Actor[] {
  const actors: Actor[] = []
  let firstOfTwin: number | undefined
  for (const [process, { readers, writers }] of processes.entries()) {
    const letter = String.fromCharCode('A'.charCodeAt(0) + process)
    const first = actors.length
    const isTwin = writers === 0 && processes[process - 1]?.readers === readers && processes[process - 1]?.writers === 0
    for (const [kind, count] of Object.entries({ reader: readers, writer: writers })) {
      for (let nth = 1; nth <= count; nth++) {
        const after = nth > 1 ? actors.length - 1 : isTwin ? firstOfTwin : undefined
        actors.push({ name: `${kind} ${letter}${nth}`, kind: kind as Actor['kind'], process, after })
      }
    }
    firstOfTwin = first
  }
  return actors
}

export function initial(configuration: Configuration): State {
  const { processes, deaths, resends, timeouts } = configuration
  return {
    key: absent,
    committed: 1,
    floor: 0,
    phases: actorsOf(configuration).map(() => ({ at: 'idle' })),
    processes: processes.map(() => ({ sent: [], flight: undefined })),
    strays: [],
    entitled: [],
    faults: { deaths, resends, timeouts },
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

/** Nobody who has started waits for anything. */
export const isSettled = ({ phases }: State): boolean =>
  phases.every((phase) => ['idle', 'done', 'dead', 'wronged'].includes(phase.at))

/** The promise that does not hold in this state, in words. */
export function broken(actors: readonly Actor[], { phases, entitled, committed }: State): string | undefined {
  for (const [actor, phase] of phases.entries()) {
    if (phase.at !== 'wronged') continue
    const { name } = actors[actor] as Actor
    return `P1: ${name} returned version ${phase.version}, though ${
      phase.version > committed
        ? 'it was never committed'
        : `version ${phase.floor} was invalidated before its call began`
    }`
  }
  const loading = entitled.filter((actor) => {
    const phase = phases[actor] as Phase
    return phase.at === 'loading' && phase.leased
  })
  if (loading.length < 2) return undefined
  const names = loading.map((actor) => (actors[actor] as Actor).name)
  return `P5: the loaders of ${names.join(' and ')} run at once, and nothing has ended the lease of the first`
}
