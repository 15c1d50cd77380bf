/**
 * Freezes plain objects and arrays, all the way down. False, and nothing is frozen, where something in it cannot be: a Map, a
 * Buffer, a Date.
 */
export function freeze(value: unknown): boolean {
  const parts = new Set<object>()
  try {
    if (!arePlain(value, parts)) return false
  } catch {
    return false // Nested deeper than the stack.
  }
  for (const part of parts) Object.freeze(part)
  return true
}

/** @param parts The objects in it that were seen: each may stand in many places, and in itself. */
function arePlain(value: unknown, parts: Set<object>): boolean {
  if (value === null || typeof value !== 'object' || parts.has(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return false
  parts.add(value)
  return Object.values(value).every((inner) => arePlain(inner, parts))
}
