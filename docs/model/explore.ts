import type { Configuration } from './configuration.ts'
import { Names } from './names.ts'
import { firstStuck, type Way } from './progress.ts'
import type { Model, Protocol } from './protocol.ts'
import { broken } from './promises.ts'
import { actorsOf, initial, isSettled, type State } from './state.ts'
import { steps } from './steps.ts'
import { follow, type Violation } from './trace.ts'

export interface Exploration {
  readonly states: number
  readonly transitions: number
  /** Steps to the state that is farthest away. */
  readonly depth: number
  /** Of one core. */
  readonly seconds: number
  readonly violation: Violation | undefined
}

/** Visits every state that can be reached, nearest first, until one breaks a promise. */
export function explore(protocol: Protocol, configuration: Configuration): Exploration {
  const model: Model = { protocol, configuration, actors: actorsOf(configuration) }
  const began = process.cpuUsage()
  const found = new Found(initial(configuration))
  const onward: Way = { from: [], to: [] }
  let transitions = 0
  let depth = 0

  const result = (promise?: string, end = 0): Exploration => {
    const { user, system } = process.cpuUsage(began)
    const violation = promise ? { promise, trace: follow(model, found.choicesTo(end)) } : undefined
    return { states: found.size, transitions, depth, seconds: (user + system) / 1e6, violation }
  }

  for (let here = found.takeNew(); here.length > 0; here = found.takeNew(), depth++) {
    for (const [number, state] of here) {
      let choice = 0
      for (const { next, helps } of steps(model, state)) {
        const before = found.size
        const reached = found.add(next, number, choice++)
        transitions += 1
        if (helps) {
          onward.from.push(number)
          onward.to.push(reached)
        }
        const promise = reached === before ? broken(model, next) : undefined
        if (promise) return result(promise, reached)
      }
    }
  }
  const stuck = firstStuck(found.settled, onward)
  return stuck === undefined ? result() : result('progress: somebody waits, and nothing can ever wake them', stuck)
}

/** The states found so far, numbered in that order. A state itself is kept only until its steps have been taken. */
class Found {
  readonly settled: boolean[] = []
  readonly #names = new Names()
  readonly #numbers = new Map<string, number>()
  readonly #from: number[] = []
  readonly #choices: number[] = []
  #new: [number, State][] = []

  constructor(first: State) {
    this.add(first, 0, 0)
  }

  get size(): number {
    return this.#numbers.size
  }

  add(state: State, from: number, choice: number): number {
    const name = this.#names.of(state)
    const known = this.#numbers.get(name)
    if (known !== undefined) return known

    const number = this.size
    this.#numbers.set(name, number)
    this.#from.push(from)
    this.#choices.push(choice)
    this.settled.push(isSettled(state))
    this.#new.push([number, this.#names.kept(state)])
    return number
  }

  takeNew(): [number, State][] {
    const taken = this.#new
    this.#new = []
    return taken
  }

  choicesTo(end: number): number[] {
    const choices: number[] = []
    for (let state = end; state !== 0; state = this.#from[state] as number) choices.push(this.#choices[state] as number)
    return choices.toReversed()
  }
}
