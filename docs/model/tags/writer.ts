import { type Floors, raised } from '../floors.ts'
import { answered, replyOf, send } from './connection.ts'
import type { Model, Step } from './protocol.ts'
import { lengths } from './scripts.ts'
import { type Actor, allTags, at, type Phase, phaseOf, settlesOf, type State, tagsOf } from './state.ts'
import type { Command, Origin, Reply } from './store.ts'

/** Those who write, and what they say to the cache then. */
export function* writerSteps(model: Model, state: State, actor: number): Generator<Step> {
  const { protocol, actors } = model
  const { name: who, kind } = actors[actor] as Actor
  const phase = phaseOf(state, actor)
  const step = (what: string, next: State, helps = true): Step => ({ who, what, next, helps })

  switch (phase.at) {
    case 'idle':
      if (kind === 'mutator' && protocol.raises) {
        const command: Command = { op: 'raise', token: actor, tags: allTags(model.configuration) }
        yield step('begins a write: sends RAISE', send(model, state, actor, { at: 'raising' }, [command]), false)
      } else if (kind === 'mutator') {
        const running = [...state.running, { actor, end: state.time + lengths.barrier }]
        yield step('begins a write', at({ ...state, running }, actor, { at: 'writing', version: undefined }), false)
      } else if (kind === 'writer-through' && protocol.writesAsOf === 'before') {
        yield step('begins a write', prepare(model, state, actor, undefined), false)
      } else {
        const next = commit(model, state)
        const committed: Phase = { at: 'committed', version: next.committed, origin: undefined }
        yield step(`commits version ${next.committed}`, at(next, actor, committed), false)
      }
      return
    case 'preparing': {
      const replies = answered(phase)
      if (!replies) return
      const origin = originOf(replies)
      if (phase.version !== undefined) yield step('claims', claim(model, state, actor, phase.version, origin))
      else yield step('goes on to write', at(state, actor, { at: 'prepared', origin }))
      return
    }
    case 'prepared': {
      const next = commit(model, state)
      const committed: Phase = { at: 'committed', version: next.committed, origin: phase.origin }
      yield step(`commits version ${next.committed}`, at(next, actor, committed))
      return
    }
    case 'committed':
      if (kind !== 'writer-through') yield call(model, state, actor)
      else if (phase.origin)
        yield step('stores it: sends CLAIM', claim(model, state, actor, phase.version, phase.origin))
      else yield step('asks for what goes into its entry', prepare(model, state, actor, phase.version))
      return
    case 'calling':
      if (answered(phase)) yield step('its call resolves', resolved(model, state, actor, phase.covers))
      return
    case 'raising':
      if (answered(phase)) yield step('is behind its barrier', at(state, actor, { at: 'writing', version: undefined }))
      return
    case 'writing':
      if (phase.version === undefined) yield writes(model, state, actor, true)
      else yield step('has written: sends LOWER', lower(model, state, actor, phase.version))
      return
    case 'lowering':
      if (!answered(phase)) return
      if (phase.version === undefined) yield step('its call rejects', at(state, actor, { at: 'done' }))
      else yield step('its call resolves', resolved(model, state, actor, phase.covers))
      return
    case 'orphaned':
      // Its process is gone, its database connection is not.
      if (phase.version === undefined && isRunning(state, actor)) yield writes(model, state, actor, false)
      return
    case 'claiming': {
      if (!answered(phase)) return
      const { version, origin, twice } = phase
      yield twice
        ? step('may have claimed twice: its call rejects', at(state, actor, { at: 'done' }))
        : step('sends FILL', set(model, state, actor, version, origin))
      return
    }
    case 'setting':
      if (answered(phase)) yield step('its call resolves', promised(state, actor, { invalidated: phase.version }))
      return
    default:
  }
}

/** The call that makes what was written known. */
function call(model: Model, state: State, actor: number): Step {
  const { configuration, actors } = model
  const { name: who, kind } = actors[actor] as Actor
  const tags = allTags(configuration)
  const settles = settlesOf(configuration, actors[actor] as Actor) === true
  const commands: Partial<Record<typeof kind, Command>> = {
    writer: { op: 'bump', token: actor, tags, settles },
    expirer: { op: 'expire', token: actor, tags },
    clearer: { op: 'clear', token: actor, settles },
    'key writer': { op: 'invalidate' },
  }
  const command = commands[kind]
  if (!command) throw new Error(`a ${kind} calls nothing`)
  const next = send(model, state, actor, { at: 'calling', covers: state.committed }, [command])
  return { who, what: `sends ${command.op.toUpperCase()}`, next, helps: true }
}

const prepare = (model: Model, state: State, actor: number, version: number | undefined): State =>
  send(model, state, actor, { at: 'preparing', version }, [
    { op: 'moment', token: actor },
    { op: 'generate', token: actor },
  ])

function originOf(replies: readonly Reply[]): Origin {
  const moment = replyOf(replies, 'moment')
  const generation = replyOf(replies, 'generation')?.generation
  if (!moment || generation === undefined) throw new Error('an origin was not answered')
  return { generation, id: moment.id, reading: moment.reading }
}

const claim = (model: Model, state: State, actor: number, version: number, origin: Origin): State =>
  send(model, state, actor, { at: 'claiming', version, origin, twice: false }, [{ op: 'claim', token: actor }])

function set(model: Model, state: State, actor: number, version: number, origin: Origin): State {
  const tags = tagsOf(model.configuration, version)
  const value = { kind: 'value', head: `V${actor}`, version, tags, origin } as const
  return send(model, state, actor, { at: 'setting', version }, [{ op: 'fill', expected: `L${actor}`, value }])
}

export function lower(model: Model, state: State, actor: number, version: number | undefined): State {
  const { configuration, actors } = model
  const settles = settlesOf(configuration, actors[actor] as Actor) === true && version !== undefined
  const command: Command = { op: 'lower', token: actor, tags: allTags(configuration), settles }
  return send(model, state, actor, { at: 'lowering', version, covers: state.committed }, [command])
}

function writes(model: Model, state: State, actor: number, helps: boolean): Step {
  const next = commit(model, state)
  const phase = phaseOf(next, actor) as Extract<Phase, { readonly at: 'writing' | 'orphaned' }>
  const what = `commits version ${next.committed}`
  return {
    who: model.actors[actor]?.name ?? '',
    what,
    next: at(next, actor, { ...phase, version: next.committed }),
    helps,
  }
}

function commit({ configuration }: Model, state: State): State {
  const committed = state.committed + 1
  return { ...state, committed, visible: configuration.settles ? state.visible : committed }
}

/** A call has resolved. Where it settles, what it promises begins when that is over; where others do, it promises nothing. */
function resolved(model: Model, state: State, actor: number, covers: number): State {
  const { kind } = model.actors[actor] as Actor
  const settles = settlesOf(model.configuration, model.actors[actor] as Actor)
  if (settles && isRunning(state, actor)) return at(state, actor, { at: 'settled', covers })
  if (settles === false) return at(state, actor, { at: 'done' })
  return promised(state, actor, kind === 'expirer' ? { expired: covers } : { invalidated: covers })
}

const promised = (state: State, actor: number, floor: Partial<Floors>): State =>
  at({ ...state, floors: raised(state.floors, floor) }, actor, { at: 'done' })

export const isRunning = ({ running }: State, actor: number): boolean => running.some((one) => one.actor === actor)
