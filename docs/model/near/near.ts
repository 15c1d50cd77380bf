import type { Model } from './protocol.ts'
import { linkOf, nearOf, type Change, type State } from './state.ts'

/** What a process forgets of the key. */
interface Forgotten {
  readonly values: boolean
  readonly marks: boolean
}

function forget({ actors }: Model, state: State, process: number, { values, marks }: Forgotten): State {
  const { version, mark } = nearOf(state, process)
  const near = { version: values ? 0 : version, mark: marks ? false : mark }
  return {
    ...state,
    nears: state.nears.with(process, near),
    phases: state.phases.map((phase, actor) =>
      marks && 'marked' in phase && actors[actor]?.process === process ? { ...phase, marked: false } : phase,
    ),
  }
}

const everything: Forgotten = { values: true, marks: true }

/** The process that invalidates forgets by itself. */
export const forgetOwn = (model: Model, state: State, process: number): State =>
  forget(model, state, process, everything)

/** A push has come. */
export function changed(model: Model, state: State, process: number, change: Change): State {
  const { clockVoids, hearsFlush } = model.protocol
  if (change === 'all' && !hearsFlush) return state
  const marks = change !== 'clock' || clockVoids === 'values and marks'
  return forget(model, state, process, { values: true, marks })
}

/** The connection is gone. */
export function lost(model: Model, state: State, process: number): State {
  const { lossVoids } = model.protocol
  return forget(model, state, process, { values: lossVoids !== 'marks', marks: lossVoids !== 'values' })
}

/** A mark for a read, if what changes is heard. */
export function marked({ protocol }: Model, state: State, process: number): { state: State; marked: boolean } {
  const heard = linkOf(state, process).ready || protocol.marksUnheard
  if (!heard) return { state, marked: false }
  const near = { ...nearOf(state, process), mark: protocol.marks === 'of the key' }
  return { state: { ...state, nears: state.nears.with(process, near) }, marked: true }
}

/** A read has brought a value. */
export function kept({ protocol }: Model, state: State, process: number, version: number, isMarked: boolean): State {
  const near = nearOf(state, process)
  const stands = { 'of a read': isMarked, 'of the key': near.mark, none: linkOf(state, process).ready }
  if (!stands[protocol.marks]) return state
  return { ...state, nears: state.nears.with(process, { ...near, version }) }
}

/** The version that the near cache of a process would serve now; 0: none. */
export function served({ protocol, configuration, actors }: Model, state: State, process: number): number {
  const { ready, age } = linkOf(state, process)
  if (!ready) return 0
  if (protocol.lagFrom !== 'nothing' && age >= configuration.lag + protocol.servesLonger) return 0
  const pending = ({ at }: State['phases'][number], actor: number) =>
    (at === 'pending' || at === 'replaying') && actors[actor]?.process === process
  return state.phases.some(pending) && !protocol.servesPending ? 0 : nearOf(state, process).version
}
