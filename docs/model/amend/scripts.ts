import type { Model, Protocol } from './protocol.ts'
import {
  absent,
  type Command,
  type Items,
  type Key,
  none,
  type State,
  type Token,
  tokensOf,
  united,
  type Value,
  without,
} from './state.ts'

/** What becomes of everything, and the reply: whether it was done. */
interface Executed {
  readonly state: State
  readonly done: boolean
}

/** As the tables of the scripts have it. */
export function execute({ protocol }: Model, state: State, command: Command): Executed {
  const { key } = state
  switch (command.op) {
    case 'open': {
      const { token } = command
      if (key.kind !== 'value') return { state, done: false }
      if (key.opened === token) return { state, done: true }
      if (key.opened !== none && !opensMarked(protocol, state)) return { state, done: false }
      return { state: starts({ ...state, key: { ...key, opened: token, amended: none } }, token), done: true }
    }
    case 'raise': {
      const others = key.kind === 'barrier' ? key.writers : protocol.raiseKeepsWriter ? writersOf(state) : []
      const up: Key = { kind: 'barrier', writers: united(others, [command.token]) }
      return { state: starts({ ...state, key: up }, command.token), done: true }
    }
    case 'lower': {
      const others = key.kind === 'barrier' ? key.writers : protocol.lowerKeepsWriter ? writersOf(state) : []
      return { state: { ...state, key: barred(without(others, command.token)) }, done: true }
    }
    case 'amend': {
      if (key.kind !== 'value') return { state, done: false }
      const { token, item } = command
      if (key.amended === token && protocol.amends === 'what it has opened') return { state, done: true }
      if (!mayAmend(protocol, key, token)) return { state, done: false }
      const generation = protocol.amendsGeneration ? state.generation : key.generation
      const amended: Value = { ...key, items: [...key.items, item], generation, opened: none, amended: token }
      return { state: { ...state, key: amended }, done: true }
    }
    case 'invalidate': {
      if (key.kind === 'barrier') return { state, done: true }
      const writers = protocol.invalidateKeepsWriter ? writersOf(state) : []
      return { state: { ...state, key: barred(writers) }, done: true }
    }
    case 'clear':
      return { state: { ...state, generation: state.generation + 1 }, done: true }
    default:
      return command satisfies never
  }
}

/** Whether a reader may have a lease now. */
export function leases(model: Model, state: State): boolean {
  const { key } = state
  if (key.kind === 'absent') return true
  if (key.kind !== 'value' || serves(model, state)) return false
  return !isMarked(state) || !model.protocol.markBars
}

export const fill = (state: State, reader: number, items: Items, generation: number): State =>
  state.key.kind === 'lease' && state.key.reader === reader
    ? { ...state, key: { kind: 'value', items, generation, opened: none, amended: none } }
    : state

/** Whether what stands is a value that readers are served. */
export function serves({ protocol }: Model, state: State): boolean {
  const { key, generation } = state
  if (key.kind !== 'value' || key.generation !== generation) return false
  return key.opened === none || isMarked(state) || !protocol.markVoids
}

/** Whether what stands is a value whose writer has time left. */
const isMarked = ({ key, running }: State): boolean => key.kind === 'value' && running.includes(key.opened)

/** The writer that has marked what stands. */
const writersOf = (state: State): readonly Token[] => (isMarked(state) ? tokensOf(state.key) : [])

export const barred = (writers: readonly Token[]): Key => (writers.length > 0 ? { kind: 'barrier', writers } : absent)

const opensMarked = ({ opensMarked: when }: Protocol, state: State): boolean =>
  when === 'always' || (when === 'when its time is over' && !isMarked(state))

const starts = (state: State, token: Token): State => ({ ...state, running: united(state.running, [token]) })

function mayAmend({ amends }: Protocol, { opened, amended }: Value, token: Token): boolean {
  return amends === 'anything' || opened === token || (amends === 'what it has opened or amended' && amended === token)
}
