/** What of a window is kept: the longest run of its newest items that fits. The newest always does. */
export interface Limit {
  /** How many items. */
  readonly most: number
  /** Where items have a weight: what those that are kept may weigh together, and how heavy an item is. */
  readonly budget: { readonly tokens: number; readonly of: (item: unknown) => unknown } | undefined
}

/** The place of the oldest item that is kept. Weights are asked for from the newest item on, and no more than need be. */
export function firstKept(count: number, { most, budget }: Limit, weightAt: (place: number) => number): number {
  const first = Math.max(0, count - most)
  if (!budget) return first
  let left = budget.tokens
  for (let place = count - 1; place >= first; place--) {
    left -= weightAt(place)
    if (left < 0) return Math.min(place + 1, count - 1)
  }
  return first
}
