import type { Configuration } from './configuration.ts'
import { redisSteps } from './connection.ts'
import { faultSteps } from './faults.ts'
import { journalSteps } from './journal.ts'
import type { Key } from './key.ts'
import type { Machine } from './explore.ts'
import { mutatorSteps } from './mutator.ts'
import { broken } from './promises.ts'
import type { Model, Protocol, Step } from './protocol.ts'
import { readerSteps } from './reader.ts'
import { type Actor, actorsOf, initial, isSettled, type State } from './state.ts'
import { timeSteps } from './time.ts'
import { writerSteps } from './writer.ts'

export function machineOf(protocol: Protocol, configuration: Configuration): Machine<State> {
  const model: Model = { protocol, configuration, actors: actorsOf(configuration) }
  return {
    first: initial(configuration),
    steps: (state) => steps(model, state),
    broken: (state) => broken(model, state),
    isSettled,
    shown: ({ key }) => shown(key),
    lists: ['phases', 'processes'],
  }
}

function* steps(model: Model, state: State): Generator<Step> {
  for (const [actor, { kind }] of model.actors.entries()) yield* courses[kind](model, state, actor)
  yield* redisSteps(model, state)
  yield* timeSteps(model, state)
  yield* faultSteps(model, state)
}

type Course = (model: Model, state: State, actor: number) => Generator<Step>

const courses: Record<Actor['kind'], Course> = {
  reader: readerSteps,
  writer: writerSteps,
  expirer: writerSteps,
  setter: writerSteps,
  mutator: mutatorSteps,
  'writer-through': mutatorSteps,
  journal: journalSteps,
}

function shown(key: Key): string {
  switch (key.kind) {
    case 'absent':
      return 'absent'
    case 'lease':
      return `lease ${key.head}`
    case 'barrier':
      return `barrier ${key.contended ? 'x' : '-'} of ${key.writers.join(', ')}`
    case 'value':
      return `value ${key.head}, version ${key.version}, ${key.age}${key.mark === 'none' ? '' : `, ${key.mark}`}`
    default:
      return key satisfies never
  }
}
