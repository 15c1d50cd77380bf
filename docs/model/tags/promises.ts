import { type Wrong, wrong } from '../floors.ts'
import type { Model } from './protocol.ts'
import { execute, voidBefore } from './scripts.ts'
import { allTags, isSettled, serverTime, type State } from './state.ts'
import { isSettling, none, type Readings, type Store, type Value } from './store.ts'
import { verdict } from './validity.ts'

/** The promise that does not hold in this state, in words. */
export function broken(model: Model, state: State): string | undefined {
  for (const [actor, phase] of state.phases.entries()) {
    if (phase.at !== 'wronged') continue
    const { promise, version, though } = phase.by
    return `${promise}: ${model.actors[actor]?.name} is given version ${version}, though ${though} before its call began`
  }
  const next = nextWrong(model, state)
  if (next) return `${next.promise}: version ${next.version} stands and would be served, though ${next.though} before`
  return isQuiet(state) && !canBeFilled(model, state)
    ? 'progress: all is quiet, and what is loaded is void before anybody reads it'
    : undefined
}

/** What a read that begins now would be given. */
function nextWrong({ protocol, configuration }: Model, state: State): Wrong | undefined {
  const { key, floors, generation, tags } = state
  if (key.kind !== 'value') return undefined
  const asked = protocol.judgesByExpected ? configuration.expects : key.tags
  if (judged(protocol, key, generation.name, tags, asked) !== 'valid') return undefined
  return wrong(state, floors, key.version)
}

const judged = (
  protocol: Model['protocol'],
  value: Value,
  generation: string,
  { id, floor, fields }: Store['tags'],
  asked: Readings['asked'],
) => verdict(protocol, value, generation, [{ id, floor, fields, asked }])

const isQuiet = (state: State): boolean =>
  isSettled(state) &&
  state.running.length === 0 &&
  state.strays.length === 0 &&
  state.processes.every(({ sent }) => sent.length === 0)

/** Whether what somebody loads now is valid then; if a clock was set back, once it is as late as it was. */
function canBeFilled({ protocol, configuration }: Model, state: State): boolean {
  const { key, tags, made, behind } = state
  const ends = Object.values(tags.fields).map((field) => (field ? voidBefore(field) : 0))
  const now = behind > 0 ? Math.max(serverTime(state), ...ends) : serverTime(state)
  const generation = isSettling(state.generation.name) ? none : state.generation
  const generated = execute(protocol.scripts, { key, generation, tags, made }, { op: 'generate', token: -1 }, now)
  const { store, reply } = execute(protocol.scripts, generated.store, { op: 'moment', token: -1 }, now)
  if (reply.kind !== 'moment') return false
  const { id, reading } = reply
  const origin = { generation: store.generation.name, id, reading }
  const asked = allTags(configuration)
  const value: Value = { kind: 'value', head: 'V', version: state.committed, tags: asked, origin }
  return judged(protocol, value, store.generation.name, store.tags, asked) === 'valid'
}
