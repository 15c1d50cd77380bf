import { Names } from './names.ts'
import { firstStuck, type Way } from './progress.ts'
import { follow, type Violation } from './trace.ts'

export interface Step<State> {
  readonly who: string
  readonly what: string
  readonly next: State
  /** What goes on by itself: no fault, and nobody who begins. */
  readonly helps: boolean
}

/** What can be explored. A state is never changed. */
export interface Machine<State extends object> {
  readonly first: State
  /** Every step that can be the next. */
  readonly steps: (state: State) => Iterable<Step<State>>
  /** The promise that does not hold in this state, in words. */
  readonly broken: (state: State) => string | undefined
  /** Nobody who has started waits for anything. */
  readonly isSettled: (state: State) => boolean
  /** What a trace says of a state. */
  readonly shown: (state: State) => string
  /** The parts of a state that are lists of a fixed length. */
  readonly lists: readonly (keyof State)[]
}

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
export function explore<State extends object>(machine: Machine<State>): Exploration {
  const began = process.cpuUsage()
  const found = new Found(machine)
  const onward: Way = { from: [], to: [] }
  let transitions = 0
  let depth = 0

  const result = (promise?: string, end = 0): Exploration => {
    const { user, system } = process.cpuUsage(began)
    const violation = promise ? { promise, trace: follow(machine, found.choicesTo(end)) } : undefined
    return { states: found.size, transitions, depth, seconds: (user + system) / 1e6, violation }
  }

  for (let here = found.takeNew(); here.length > 0; here = found.takeNew(), depth++) {
    for (const [number, state] of here) {
      let choice = 0
      for (const { next, helps } of machine.steps(state)) {
        const before = found.size
        const reached = found.add(next, number, choice++)
        transitions += 1
        if (helps) {
          onward.from.push(number)
          onward.to.push(reached)
        }
        const promise = reached === before ? machine.broken(next) : undefined
        if (promise) return result(promise, reached)
      }
    }
  }
  const stuck = firstStuck(found.settled, onward)
  return stuck === undefined ? result() : result('progress: somebody waits, and nothing can ever wake them', stuck)
}

/** The states found so far, numbered in that order. A state itself is kept only until its steps have been taken. */
class Found<State extends object> {
  readonly settled: boolean[] = []
  readonly #machine: Machine<State>
  readonly #names: Names<State>
  readonly #numbers = new Map<string, number>()
  readonly #from: number[] = []
  readonly #choices: number[] = []
  #new: [number, State][] = []

  constructor(machine: Machine<State>) {
    this.#machine = machine
    this.#names = new Names(machine.lists)
    this.add(machine.first, 0, 0)
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
    this.settled.push(this.#machine.isSettled(state))
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
