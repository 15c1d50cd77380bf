import type { Machine } from '../explore.ts'
import type { Configuration } from './configuration.ts'
import { redisSteps } from './connection.ts'
import { faultSteps } from './faults.ts'
import { broken } from './promises.ts'
import type { Model, Protocol, Step } from './protocol.ts'
import { readerSteps } from './reader.ts'
import { voidBefore } from './scripts.ts'
import { actorsOf, initial, isSettled, phaseOf, type State } from './state.ts'
import type { Key, Store } from './store.ts'
import { timeSteps } from './time.ts'
import { writerSteps } from './writer.ts'

export function machineOf(protocol: Protocol, configuration: Configuration): Machine<State> {
  const model: Model = { protocol, configuration, actors: actorsOf(configuration) }
  return {
    first: initial(configuration),
    steps: (state) => steps(model, state),
    broken: (state) => broken(model, state),
    isSettled,
    shown: (state) => `${shownKey(state.key)}; ${shownTags(state)}`,
    lists: ['phases', 'processes'],
  }
}

function* steps(model: Model, state: State): Generator<Step> {
  for (const [actor, { kind, after }] of model.actors.entries()) {
    if (after !== undefined && phaseOf(state, actor).at === 'idle' && phaseOf(state, after).at === 'idle') continue
    yield* kind === 'reader' ? readerSteps(model, state, actor) : writerSteps(model, state, actor)
  }
  yield* redisSteps(model, state)
  yield* timeSteps(model, state)
  yield* faultSteps(model, state)
}

function shownKey(key: Key): string {
  if (key.kind !== 'value') return key.kind === 'lease' ? `lease ${key.head}` : 'absent'
  const { generation, id, reading } = key.origin
  return `value ${key.head}, version ${key.version}, tags ${key.tags.join(' and ')}, of ${generation}, ${id} at ${reading}`
}

function shownTags({ generation, tags }: Store): string {
  const fields = Object.entries(tags.fields).map(
    ([tag, field]) => field && `${tag} ${voidBefore(field)}/${field.expired}`,
  )
  const due = tags.due.map((reading) => `, due ${reading}`).join('')
  const hash = tags.id === '' ? 'no hash' : `${tags.id} at ${tags.clock}${due}, floor ${tags.floor}`
  return [generation.name || 'no generation', hash, ...fields.filter(Boolean)].join(', ')
}
