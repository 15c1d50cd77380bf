import type { Excuse } from './configuration.ts'
import type { Model, Step } from './protocol.ts'
import { execute } from './scripts.ts'
import {
  absent,
  type Actor,
  asks,
  at,
  markOf,
  none,
  ownerOf,
  phaseOf,
  spend,
  type State,
  strayed,
  tokensOf,
  united,
} from './state.ts'
import { unopened } from './writer.ts'

/** What may go wrong next, as long as there are faults left; and what was sent and is not awaited comes about. */
export function* faultSteps(model: Model, state: State): Generator<Step> {
  const { left, key } = state
  for (const [index, command] of state.strays.entries()) {
    if (state.strays.findIndex((other) => JSON.stringify(other) === JSON.stringify(command)) < index) continue
    const next = execute(model, { ...state, strays: state.strays.toSpliced(index, 1) }, command).state
    const whose = 'token' in command ? ` of ${model.actors[ownerOf(command.token)]?.name}` : ''
    yield {
      who: 'Redis',
      what: `executes the ${command.op.toUpperCase()}${whose} that nobody awaits`,
      next,
      helps: true,
    }
  }
  for (const actor of model.actors.keys()) {
    if (left.deaths > 0) yield* death(model, spend(state, 'deaths'), actor)
    if (left.resends > 0) yield* resend(model, spend(state, 'resends'), actor)
    if (left.losses > 0) yield* loss(model, spend(state, 'losses'), actor)
  }
  if (left.evictions > 0 && key.kind !== 'absent') {
    const next = { ...bared(model, spend(state, 'evictions'), 'evicted'), key: absent }
    yield { who: 'Redis', what: 'evicts the key', next, helps: false }
  }
}

/** The marks and barriers that stand are gone, or those of one token: whoever has not committed has none. */
export function bared({ configuration }: Model, state: State, excuse: Excuse, token?: number): State {
  if (!configuration.excuses.includes(excuse)) return state
  const gone = token === undefined ? tokensOf(state.key) : [token]
  const actors = [...state.phases.keys()].filter((actor) => {
    const phase = phaseOf(state, actor)
    return (phase.at === 'writing' || phase.at === 'orphaned') && gone.includes(phase.token)
  })
  return actors.length > 0 ? { ...state, bare: united(state.bare, actors) } : state
}

/** A writer's process is killed. What it has sent arrives, or does not. */
function* death({ actors }: Model, state: State, actor: number): Generator<Step> {
  const { name: who } = actors[actor] as Actor
  const phase = phaseOf(state, actor)
  const step = (what: string, next: State): Step => ({ who, what: `is killed${what}`, next, helps: false })
  if (phase.at === 'writing') yield step('', at(state, actor, { at: 'orphaned', token: phase.token }))
  if (phase.at !== 'asking') return
  const { command, item } = phase
  const dead = at(state, actor, { at: 'gone', item })
  yield step(`: its ${command.op.toUpperCase()} is lost`, dead)
  yield step(`: its ${command.op.toUpperCase()} is on its way`, strayed(dead, command))
}

/** A connection breaks: the client sends a command again, the first copy being on its way. */
function* resend({ protocol, actors }: Model, state: State, actor: number): Generator<Step> {
  const { name: who } = actors[actor] as Actor
  const phase = phaseOf(state, actor)
  if (phase.at !== 'asking' || phase.command.op === 'raise') return
  const { command } = phase
  if (command.op === 'open' && !protocol.believesTwice) return
  yield { who, what: `sends ${command.op.toUpperCase()} again`, next: strayed(state, command), helps: false }
}

/** A command was not answered in time; or, where a second copy would not do, before its connection was lost. */
function* loss(model: Model, state: State, actor: number): Generator<Step> {
  const { name: who } = model.actors[actor] as Actor
  const phase = phaseOf(state, actor)
  if (phase.at !== 'asking') return
  const { command, item } = phase
  const sent = strayed(state, command)
  const step = (what: string, next: State): Step => ({ who, what: `has no answer: ${what}`, next, helps: false })
  if (command.op === 'open') yield step('takes it for not opened', unopened(model, sent, actor, item))
  else if (command.op === 'amend')
    yield step('sends LOWER', asks(sent, actor, { op: 'lower', token: markOf(actor) }, item))
  else yield step('its call rejects', at(sent, actor, item === none ? { at: 'done' } : { at: 'gone', item }))
}
