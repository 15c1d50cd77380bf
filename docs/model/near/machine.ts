import type { Machine } from '../explore.ts'
import type { Configuration } from './configuration.ts'
import { faultSteps } from './faults.ts'
import { linkSteps } from './link.ts'
import { served } from './near.ts'
import { broken, isSettled } from './promises.ts'
import type { Model, Protocol, Step } from './protocol.ts'
import { readerSteps } from './reader.ts'
import { redisSteps } from './redis.ts'
import { actorsOf, initial, type Link, nameOf, type State } from './state.ts'
import { tick } from './time.ts'
import { writerSteps } from './writer.ts'

export function machineOf(protocol: Protocol, configuration: Configuration): Machine<State> {
  const model: Model = { protocol, configuration, actors: actorsOf(configuration) }
  return {
    first: initial(configuration),
    steps: (state) => steps(model, state),
    broken: (state) => broken(model, state),
    isSettled: (state) => isSettled(model, state),
    shown: (state) => shown(model, state),
    lists: ['phases', 'links', 'nears'],
  }
}

function* steps(model: Model, state: State): Generator<Step> {
  for (const [actor, { letter }] of model.actors.entries()) {
    yield* letter === 'R' ? readerSteps(model, state, actor) : writerSteps(model, state, actor)
  }
  for (const process of state.links.keys()) yield* linkSteps(model, state, process)
  yield* redisSteps(model, state)
  yield tick(model, state)
  yield* faultSteps(model, state)
}

function shown(model: Model, state: State): string {
  const { version, stamp } = state.entry
  const key = version === 0 ? 'absent' : `version ${version}${stamp === state.clock ? '' : ', void'}`
  const nears = state.links.map((link, process) =>
    link.at === 'none'
      ? ''
      : `${nameOf(process)} has ${state.nears[process]?.version || 'nothing'}, ${shownLink(link)}`,
  )
  const serves = [...state.nears.keys()].map((process) => served(model, state, process) || '-').join(' ')
  return [key, ...nears.filter(Boolean), `serves ${serves}`].join('; ')
}

function shownLink({ at, ready, age, told }: Link): string {
  const is =
    at === 'up' && ready ? `heard ${age} ago` : ready ? `${at}, heard ${age} ago` : at === 'up' ? 'not ready' : at
  return told.length > 0 ? `${is}, on the way: ${told.join(' ')}` : is
}
