/** Directions by chance, the same for the same seed. */
export class Vectors {
  readonly #dimensions: number
  #state: number

  constructor(dimensions: number, seed: number) {
    this.#dimensions = dimensions
    this.#state = seed
  }

  /** From 0 to 1. Source: mulberry32, Tommy Ettinger, public domain. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.random()
  }

  /** Of length 1, each as likely as another. */
  direction(): Float32Array {
    return unit(Float32Array.from({ length: this.#dimensions }, () => this.#normal()))
  }

  /** Another of length 1, at an angle of exactly this cosine. */
  near(vector: Float32Array, cosine: number): Float32Array {
    const any = this.direction()
    const along = dot(any, vector)
    const across = unit(any.map((component, place) => component - along * (vector[place] ?? 0)))
    const rest = Math.sqrt(1 - cosine * cosine)
    return unit(across.map((component, place) => rest * component + cosine * (vector[place] ?? 0)))
  }

  /** Source: Box, Muller, "A Note on the Generation of Random Normal Deviates", 1958. */
  #normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.random())) * Math.cos(2 * Math.PI * this.random())
  }
}

export function dot(one: Float32Array, another: Float32Array): number {
  let sum = 0
  for (let place = 0; place < one.length; place += 1) sum += (one[place] ?? 0) * (another[place] ?? 0)
  return sum
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector))
  return vector.map((component) => component / length)
}
