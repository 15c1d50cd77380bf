import { Vectors } from '../vectors.ts'

const syllables = 'ba de fi go lu ma ne pi ro su ta ve wi zo ka le mi no pu ra se ti vo xa ye'.split(' ')

/** Questions with nothing in common but words that all have. */
export class Questions {
  readonly #chance = new Vectors(1, 11)
  #count = 0

  /** What nobody has asked yet, and the same in other words. */
  next(): { readonly question: string; readonly rephrased: string } {
    this.#count += 1
    const about = `${this.#word()} ${this.#word()} ${this.#word()} ${this.#count.toString(36)}`
    return { question: `How do I return the ${about}?`, rephrased: `How can I return my ${about}, please?` }
  }

  #word(): string {
    return Array.from({ length: 4 }, () => syllables[Math.floor(this.#chance.random() * syllables.length)]).join('')
  }
}
