import { redisSteps } from './connection.ts'
import { faultSteps } from './faults.ts'
import { journalSteps } from './journal.ts'
import { mutatorSteps } from './mutator.ts'
import type { Model, Step } from './protocol.ts'
import { readerSteps } from './reader.ts'
import type { Actor, State } from './state.ts'
import { timeSteps } from './time.ts'
import { writerSteps } from './writer.ts'

/** Every step that can be the next. */
export function* steps(model: Model, state: State): Generator<Step> {
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
