import type { Codec } from '../entry/codec.ts'

/** A codec whose decoded values nobody can change, but for what cannot be frozen. */
export const frozen = (codec: Codec): Codec => ({
  id: codec.id,
  encode: (value) => codec.encode(value),
  decode: (payload) => {
    const value = codec.decode(payload)
    freeze(value)
    return value
  },
})

/** Freezes plain objects and arrays, all the way down. False where something in it cannot be: a Map, a Buffer, a Date. */
export function freeze(value: unknown): boolean {
  try {
    return freezeWithin(value)
  } catch {
    return false // Nested deeper than the stack.
  }
}

function freezeWithin(value: unknown): boolean {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return false
  for (const inner of Object.values(value)) if (!freezeWithin(inner)) return false
  Object.freeze(value)
  return true
}
