import type { State } from './state.ts'

/**
 * Short names for states. The parts a state consists of recur, so each is kept once and has a number: Holzmann's
 * collapse compression, "State Compression in SPIN", 1997.
 */
export class Names {
  readonly #numbers = new Map<string, number>()
  readonly #known = new Map<object, number>()
  readonly #parts: object[] = []

  of({ key, committed, visible, floors, phases, processes, strays, entitled, running, left }: State): string {
    let name = String.fromCharCode(committed, visible, this.#numberOf(floors), this.#numberOf(key))
    name += String.fromCharCode(this.#numberOf(strays), this.#numberOf(entitled))
    name += String.fromCharCode(this.#numberOf(running), this.#numberOf(left))
    for (const phase of phases) name += String.fromCharCode(this.#numberOf(phase))
    for (const process of processes) name += String.fromCharCode(this.#numberOf(process))
    return name
  }

  /** The same state, made of the parts that are kept. */
  kept(state: State): State {
    const { key, floors, phases, processes, strays, entitled, running, left } = state
    const kept = <Part extends object>(part: Part) => this.#parts[this.#numberOf(part)] as Part
    return {
      ...state,
      key: kept(key),
      floors: kept(floors),
      phases: phases.map(kept),
      processes: processes.map(kept),
      strays: kept(strays),
      entitled: kept(entitled),
      running: kept(running),
      left: kept(left),
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
