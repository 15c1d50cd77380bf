import type { Model, Step } from './protocol.ts'
import { execute } from './scripts.ts'
import {
  type Actor,
  asks,
  at,
  barrierOf,
  type Command,
  type Items,
  markOf,
  none,
  ownerOf,
  type Phase,
  phaseOf,
  spend,
  type State,
  tokensOf,
  united,
} from './state.ts'

type Asking = Extract<Phase, { readonly at: 'asking' }>

/** Those who commit. A command is executed at a later step than it is sent, and its writer goes on by the reply. */
export function* writerSteps(model: Model, state: State, actor: number): Generator<Step> {
  const { actors } = model
  const { name: who, after } = actors[actor] as Actor
  const phase = phaseOf(state, actor)
  const step = (what: string, next: State, helps = true): Step => ({ who, what, next, helps })

  switch (phase.at) {
    case 'idle':
      if (after !== undefined && phaseOf(state, after).at === 'idle') return
      yield step(...begin(model, state, actor), false)
      return
    case 'asking':
      yield step(`has its ${phase.command.op.toUpperCase()} executed`, answered(model, state, actor, phase))
      return
    case 'writing': {
      const item = state.log.length
      const isOpen = phase.token === markOf(actor)
      const lower: Command = { op: 'lower', token: phase.token }
      const next: Command = isOpen ? { op: 'amend', token: phase.token, item } : lower
      const committed = commit(state, actor)
      yield step(`commits ${item}, and sends ${next.op.toUpperCase()}`, asks(committed, actor, next, item))
      if (state.left.throws === 0) return
      const failed = spend(state, 'throws')
      yield step('throws: sends LOWER', asks(failed, actor, lower), false)
      yield step(`commits ${item} and throws: sends LOWER`, asks(commit(failed, actor), actor, lower, item), false)
      return
    }
    case 'orphaned':
      // Its process is gone, its database connection is not.
      if (!state.running.includes(phase.token)) return
      yield step(
        `commits ${state.log.length}`,
        at(commit(state, actor), actor, { at: 'gone', item: state.log.length }),
        false,
      )
      return
    default:
  }
}

function begin({ protocol, actors }: Model, state: State, actor: number): [what: string, next: State] {
  const { letter } = actors[actor] as Actor
  const open: Command = { op: 'open', token: markOf(actor) }
  if (letter === 'A' && protocol.opens === 'before the write') return ['sends OPEN', asks(state, actor, open)]
  if (letter === 'M') return ['sends RAISE', asks(state, actor, { op: 'raise', token: barrierOf(actor) })]
  const next: Command = letter === 'A' ? open : { op: letter === 'C' ? 'clear' : 'invalidate' }
  const item = state.log.length
  return [`commits ${item}, and sends ${next.op.toUpperCase()}`, asks(commit(state, actor), actor, next, item)]
}

/** The command of a writer is executed. What it promises begins here: its call resolves later. */
function answered(model: Model, before: State, actor: number, { command, item }: Asking): State {
  const { protocol } = model
  const { state, done } = execute(model, before, command)
  switch (command.op) {
    case 'open':
      if (!done) return unopened(model, state, actor, item)
      if (item === none) return at(state, actor, { at: 'writing', token: command.token })
      return asks(state, actor, { op: 'amend', token: command.token, item }, item)
    case 'raise':
      return at(state, actor, { at: 'writing', token: command.token })
    case 'amend':
      if (done || !protocol.rejectedLowers) return resolved(state, actor, united(state.owed, [item]))
      return asks(state, actor, { op: 'lower', token: command.token }, item)
    default:
      return resolved(state, actor, [...state.log.keys()])
  }
}

/** What it has left behind counts only where it stands. */
function resolved(state: State, actor: number, owed: Items): State {
  const standing = tokensOf(state.key)
  const running = state.running.filter((token) => ownerOf(token) !== actor || standing.includes(token))
  return at({ ...state, owed, running }, actor, { at: 'done' })
}

/** Nobody has opened the value for it. */
export function unopened({ protocol }: Model, state: State, actor: number, item: number): State {
  if (item !== none) return asks(state, actor, { op: 'invalidate' }, item)
  if (protocol.otherwise === 'behind a barrier') return asks(state, actor, { op: 'raise', token: barrierOf(actor) })
  return asks(commit(state, actor), actor, { op: 'invalidate' }, state.log.length)
}

const commit = (state: State, actor: number): State => ({ ...state, log: [...state.log, actor] })
