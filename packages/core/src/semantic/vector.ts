import { EmbedderError } from './errors.ts'

/**
 * A vector in the direction of what an embedder gave, of length 1.
 *
 * @throws {EmbedderError} for what has no direction: zeros, or what is no list of finite numbers; and where it has not as many as expected.
 */
export function unitVector(given: ArrayLike<number>, embedder: string, dimensions: number | undefined): Float32Array {
  const wrong = (what: string) => new EmbedderError('vector', `embed: ${JSON.stringify(embedder)} gave ${what}`)
  if (typeof given?.length !== 'number' || given.length === 0) throw wrong('no vector')
  if (dimensions !== undefined && given.length !== dimensions)
    throw wrong(`${given.length} dimensions instead of ${dimensions}`)
  let squares = 0
  for (let index = 0; index < given.length; index++) {
    const component = given[index]
    if (typeof component !== 'number' || !Number.isFinite(component)) throw wrong('a vector with what is no number')
    squares += component * component
  }
  const length = Math.sqrt(squares)
  if (!(length > 0 && length < Infinity)) throw wrong('a vector without a direction')
  return Float32Array.from(given, (component) => component / length)
}

/** The cosine of the angle between two vectors of length 1; 0 where they have not as many dimensions. */
export function cosine(one: Float32Array, another: Float32Array): number {
  if (one.length !== another.length) return 0
  let sum = 0
  for (let at = 0; at < one.length; at++) sum += (one[at] ?? 0) * (another[at] ?? 0)
  return asSimilarity(sum)
}

/** Of six decimals: vectors of 32 bits have no more, and the same direction is 1. */
export const asSimilarity = (exact: number): number =>
  Math.max(-1, Math.min(1, Math.round(exact * 1_000_000) / 1_000_000))
