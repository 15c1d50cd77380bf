import { send } from './connection.ts'
import { keep } from './journal.ts'
import type { Phase } from './phases.ts'
import type { Model, Step } from './protocol.ts'
import { type Actor, at, change, phaseOf, spend, type State } from './state.ts'
import { commit, mayCommit, resolved, settled } from './writer.ts'

type Raising = Extract<Phase, { readonly at: 'raising' }>
type Behind = Extract<Phase, { readonly at: 'writing' | 'keeping' }>
type Lowering = Extract<Phase, { readonly at: 'lowering' }>

/** One who writes behind a barrier; packages/core/src/cache/write.ts. */
export function* mutatorSteps(model: Model, state: State, actor: number): Generator<Step> {
  const { protocol, actors } = model
  const { name: who, process } = actors[actor] as Actor
  const phase = phaseOf(state, actor)
  const step = (what: string, next: State, helps = true): Step => ({ who, what, next, helps })
  const believes = (twice: boolean) => !twice || protocol.believesSentTwice.includes('raise')

  switch (phase.at) {
    case 'idle': {
      const forgotten = change(state, process, { flight: undefined })
      const raising: Raising = { at: 'raising', twice: false, reply: undefined }
      yield step('begins a write: sends RAISE', send(model, forgotten, actor, raising), false)
      return
    }
    case 'raising':
      if (phase.reply) {
        const behind: Behind = { at: 'writing', version: undefined, unbroken: true }
        yield believes(phase.twice)
          ? step('is behind its barrier', at(state, actor, behind))
          : step('may have raised twice', notRaised(model, state, actor))
      }
      return
    case 'writing':
      yield* commits(model, state, actor, true)
      if (state.left.keeps > 0) {
        const keeping: Behind = { ...phase, at: 'keeping', twice: false, reply: undefined }
        yield step('keeps its barrier up: sends RAISE', send(model, spend(state, 'keeps'), actor, keeping), false)
      }
      if (phase.version !== undefined) yield step('has written: sends LOWER', lower(model, state, actor, phase))
      return
    case 'keeping':
      yield* commits(model, state, actor, true)
      if (phase.reply) {
        const { version, reply, twice } = phase
        const stood = reply.kind === 'up' && believes(twice)
        const unbroken = phase.unbroken && (stood || protocol.stores.afterFall)
        const what = stood ? 'knows that its barrier has stood' : 'does not know whether its barrier has stood'
        yield step(what, at(state, actor, { at: 'writing', version, unbroken }))
      }
      return
    case 'lowering':
      if (phase.reply) yield step(...lowered(model, state, actor, phase))
      return
    case 'orphaned':
      // Its process is gone, its database connection is not.
      if (state.running.includes(actor)) yield* commits(model, state, actor, false)
      return
    default:
  }
}

function* commits(model: Model, state: State, actor: number, helps: boolean): Generator<Step> {
  const phase = phaseOf(state, actor)
  if (!('version' in phase) || phase.version !== undefined || !mayCommit(model, state)) return
  const next = commit(model.configuration, state)
  const { name: who } = model.actors[actor] as Actor
  const what = `commits version ${next.committed}`
  yield { who, what, next: at(next, actor, { ...phase, version: next.committed }), helps }
}

/** Without a journal nothing is written, and what did go up is taken down as far as that can be done. */
export function notRaised(model: Model, state: State, actor: number): State {
  const unbroken = model.protocol.stores.afterNoAnswer
  const behind: Behind = { at: 'writing', version: undefined, unbroken }
  return model.configuration.journals ? at(state, actor, behind) : lower(model, state, actor, behind)
}

function lower(model: Model, state: State, actor: number, { version, unbroken }: Behind): State {
  const { kind, process } = model.actors[actor] as Actor
  const stores = unbroken && kind === 'writer-through' && version !== undefined
  const covers = version === undefined ? 0 : state.committed
  const forgotten = change(state, process, { flight: undefined })
  return send(model, forgotten, actor, { at: 'lowering', version, covers, stores, reply: undefined })
}

function lowered(model: Model, state: State, actor: number, phase: Lowering): [what: string, next: State] {
  const { version, covers, reply } = phase
  if (version === undefined) return ['its call rejects: nothing is written', at(state, actor, { at: 'done' })]
  if (model.configuration.settles) return ['its call resolves', settled(state, actor, covers)]
  // Nobody takes down what is down.
  const over = { ...state, running: without(state, actor) }
  return resolved(over, actor, { invalidated: reply?.kind === 'stored' ? version : covers })
}

const without = ({ running }: State, token: number): readonly number[] =>
  running.includes(token) ? running.filter((other) => other !== token) : running

/** Its lower was not answered: it rejects, and its part falls by itself; or the journal keeps it. */
export function notLowered(model: Model, state: State, actor: number, { version, covers }: Lowering): State {
  const { process } = model.actors[actor] as Actor
  const orphaned = at(state, actor, version === undefined ? { at: 'done' } : { at: 'orphaned', version })
  return model.configuration.journals ? keep(model, orphaned, process, covers) : orphaned
}
