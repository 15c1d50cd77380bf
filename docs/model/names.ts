/**
 * Short names for states, which consist of numbers, of objects and of lists of objects. The parts recur, so each is kept
 * once and has a number: Holzmann's collapse compression, "State Compression in SPIN", 1997.
 */
export class Names<State extends object> {
  readonly #lists: ReadonlySet<PropertyKey>
  readonly #numbers = new Map<string, number>()
  readonly #known = new Map<object, number>()
  readonly #parts: object[] = []

  constructor(lists: readonly (keyof State)[]) {
    this.#lists = new Set<PropertyKey>(lists)
  }

  of(state: State): string {
    let name = ''
    for (const [what, part] of Object.entries(state)) {
      if (typeof part === 'number') name += String.fromCharCode(part)
      else if (this.#lists.has(what)) for (const one of part) name += String.fromCharCode(this.#numberOf(one))
      else name += String.fromCharCode(this.#numberOf(part))
    }
    return name
  }

  /** The same state, made of the parts that are kept. */
  kept(state: State): State {
    const kept = (part: object) => this.#parts[this.#numberOf(part)] as object
    const parts = Object.entries(state).map(([what, part]) => {
      if (typeof part === 'number') return [what, part]
      return [what, this.#lists.has(what) ? part.map(kept) : kept(part)]
    })
    return Object.fromEntries(parts)
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
