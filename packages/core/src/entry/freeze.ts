/**
 * Freezes plain objects and arrays, all the way down. False, and nothing is frozen, where something in it cannot be: a Map, a
 * Buffer, a Date.
 */
export function freeze(value: unknown): boolean {
  const parts = plainParts(value)
  parts?.forEach((part) => Object.freeze(part))
  return parts !== undefined
}

/** Whether nobody can change anything in it. */
export function isFrozen(value: unknown): boolean {
  if (!Object.isFrozen(value)) return false
  return plainParts(value)?.every((part) => Object.isFrozen(part)) === true
}

/** The objects in it, each once; undefined if they are not all plain objects and arrays. */
function plainParts(value: unknown): readonly object[] | undefined {
  const parts = new Set<object>()
  try {
    return arePlain(value, parts) ? [...parts] : undefined
  } catch {
    return undefined // Nested deeper than the stack.
  }
}

/** @param parts Those that were seen: each may stand in many places, and in itself. */
function arePlain(value: unknown, parts: Set<object>): boolean {
  if (value === null || typeof value !== 'object' || parts.has(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return false
  parts.add(value)
  return Object.values(value).every((inner) => arePlain(inner, parts))
}
