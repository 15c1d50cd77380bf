/**
 * Freezes plain objects and arrays, all the way down. False, and nothing is frozen, where something in it cannot be (a Map, a
 * Buffer, a Date), or where it goes round in circles.
 */
export function freeze(value: unknown): boolean {
  try {
    if (!isPlain(value)) return false
    freezeAll(value)
    return true
  } catch {
    return false // Nested deeper than the stack.
  }
}

function isPlain(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return true
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return false
  return Object.values(value).every(isPlain)
}

function freezeAll(value: unknown): void {
  if (value === null || typeof value !== 'object') return
  Object.values(value).forEach(freezeAll)
  Object.freeze(value)
}
