import type { State } from './state.ts'

/**
 * Short names for states. The parts a state consists of recur, so each is kept once and has a number: Holzmann's
 * collapse compression, "State Compression in SPIN", 1997.
 */
export class Names {
  readonly #numbers = new Map<string, number>()
  readonly #known = new Map<object, number>()
  readonly #parts: object[] = []

  of({ key, committed, floor, phases, processes, strays, entitled, faults }: State): string {
    let name = String.fromCharCode(committed, floor, this.#numberOf(key), this.#numberOf(strays))
    name += String.fromCharCode(this.#numberOf(entitled), this.#numberOf(faults))
    for (const phase of phases) name += String.fromCharCode(this.#numberOf(phase))
    for (const process of processes) name += String.fromCharCode(this.#numberOf(process))
    return name
  }

  /** The same state, made of the parts that are kept. */
  kept(state: State): State {
    const { key, phases, processes, strays, entitled, faults } = state
    const kept = <Part extends object>(part: Part) => this.#parts[this.#numberOf(part)] as Part
    return {
      ...state,
      key: kept(key),
      phases: phases.map(kept),
      processes: processes.map(kept),
      strays: kept(strays),
      entitled: kept(entitled),
      faults: kept(faults),
    }
  }

  #numberOf(part: object): number {
    const known = this.#known.get(part)
    if (known !== undefined) return known
    const text = JSON.stringify(part)
    const number = this.#numbers.get(text)
    if (number !== undefined) return number
    const next = this.#parts.push(part) - 1
    if (next > 0xffff) throw new Error('more parts than numbers for them: choose a smaller configuration')
    this.#numbers.set(text, next)
    this.#known.set(part, next)
    return next
  }
}
