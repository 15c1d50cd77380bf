import type { Machine } from '../explore.ts'
import type { Configuration } from './configuration.ts'
import { faultSteps } from './faults.ts'
import { broken, isSettled } from './promises.ts'
import type { Model, Protocol, Step } from './protocol.ts'
import { readerSteps } from './reader.ts'
import { serves } from './scripts.ts'
import { type Actor, actorsOf, initial, none, ownerOf, type State, type Token } from './state.ts'
import { timeSteps } from './time.ts'
import { writerSteps } from './writer.ts'

export function machineOf(protocol: Protocol, configuration: Configuration): Machine<State> {
  const model: Model = { protocol, configuration, actors: actorsOf(configuration) }
  return {
    first: initial(configuration),
    steps: (state) => steps(model, state),
    broken: (state) => broken(model, state),
    isSettled: (state) => isSettled(model, state),
    shown: (state) => shown(model, state),
    lists: ['phases'],
  }
}

function* steps(model: Model, state: State): Generator<Step> {
  for (const [actor, { letter }] of model.actors.entries()) {
    yield* letter === 'R' ? readerSteps(model, state, actor) : writerSteps(model, state, actor)
  }
  yield* timeSteps(model, state)
  yield* faultSteps(model, state)
}

function shown(model: Model, state: State): string {
  const { key, running } = state
  const whose = (token: Token) =>
    `${(model.actors[ownerOf(token)] as Actor).name}${running.includes(token) ? '' : ', over'}`
  switch (key.kind) {
    case 'absent':
      return 'absent'
    case 'lease':
      return `lease of ${(model.actors[key.reader] as Actor).name}`
    case 'barrier':
      return `barrier of ${key.writers.map(whose).join(' and ')}`
    case 'value': {
      const mark = key.opened === none ? '' : `, marked by ${whose(key.opened)}`
      return `[${key.items.join(' ')}]${mark}${serves(model, state) ? '' : ', void'}`
    }
    default:
      return key satisfies never
  }
}
