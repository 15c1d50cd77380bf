import { AsyncLocalStorage } from 'node:async_hooks'
import fc from 'fast-check'

/** Which operation goes first whenever several can go on, and at which steps the one that went falls behind all others. */
export interface Plan {
  readonly priorities: readonly number[]
  readonly changes: readonly number[]
}

export function plans(operations: number): fc.Arbitrary<Plan> {
  return fc.record({
    priorities: fc.shuffledSubarray(
      Array.from({ length: operations }, (_, operation) => operation),
      { minLength: operations },
    ),
    changes: fc.array(fc.nat({ max: 60 }), { maxLength: 4 }),
  })
}

interface Step {
  readonly operation: number
  readonly goOn: () => void
}

/** The operation that runs now. One for all adversaries: each storage that was ever used costs every later promise. */
const current = new AsyncLocalStorage<number>()

/**
 * Decides, step by step, which of several operations goes on: one that stalls stalls for long, which a fair choice
 * hardly ever makes it do. After Burckhardt, Kothari, Musuvathi, Nagarakatte, "A Randomized Scheduler with
 * Probabilistic Guarantees of Finding Bugs", ASPLOS 2010.
 */
export class Adversary {
  readonly #priorities: number[]
  readonly #changes: ReadonlySet<number>
  readonly #waiting: Step[] = []
  #lowest = 0

  constructor({ priorities, changes }: Plan) {
    this.#priorities = [...priorities]
    this.#changes = new Set(changes)
  }

  /** A point at which an operation can be made to wait for the others. */
  step(): Promise<void> {
    return new Promise((goOn) => this.#waiting.push({ operation: this.#operation(), goOn }))
  }

  /** A step of an operation that has nothing to do until another has gone on. */
  pause(): Promise<void> {
    this.#fallBehind(this.#operation())
    return this.step()
  }

  /** Runs the operations to their ends; throws what the first to fail threw. */
  async run(operations: readonly (() => Promise<void>)[]): Promise<void> {
    let ended = false
    const all = Promise.all(operations.map((operation, index) => current.run(index, operation))).finally(() => {
      ended = true
    })
    all.catch(() => {}) // Thrown below, when the step under way is over.

    for (let step = 0; ; step++) {
      await new Promise(setImmediate) // All that can go on without us has,
      if (this.#waiting.length === 0) await new Promise(setImmediate) // or gives the others a turn of the event loop.
      if (ended) return void (await all)
      const next = this.#takeFirst()
      if (!next) throw new Error('every operation waits for another')
      if (this.#changes.has(step)) this.#fallBehind(next.operation)
      next.goOn()
    }
  }

  #takeFirst(): Step | undefined {
    if (this.#waiting.length === 0) return undefined
    const first = Math.max(...this.#waiting.map((step) => this.#priority(step)))
    const index = this.#waiting.findIndex((step) => this.#priority(step) === first)
    return this.#waiting.splice(index, 1)[0]
  }

  #operation(): number {
    return current.getStore() ?? 0
  }

  #priority({ operation }: Step): number {
    return this.#priorities[operation] ?? 0
  }

  #fallBehind(operation: number): void {
    this.#priorities[operation] = --this.#lowest
  }
}
