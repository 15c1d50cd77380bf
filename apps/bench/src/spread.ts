/** The same figure of several rounds. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]]
  const [min, max] = [sorted[0], sorted.at(-1)]
  if (low === undefined || high === undefined || min === undefined || max === undefined)
    throw new Error('a spread needs a value')
  // Of two that are not there at all, no mean can be taken.
  return { median: low === high ? low : (low + high) / 2, min, max }
}

/** `12 (9.8–15)`, or `12` where every round gave the same. Infinity is shown as `never`. */
export function showSpread({ median, min, max }: Spread): string {
  const [middle, least, most] = [show(median), show(min), show(max)]
  return least === most ? middle : `${middle} (${least}–${most})`
}

function show(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return 'never'
  return Number.isInteger(value) || Math.abs(value) >= 10
    ? Math.round(value).toLocaleString('en')
    : value.toPrecision(2)
}

/** The least value that so much of all (0 to 1) does not exceed. Of few, the 99th percentile is the most. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  if (value === undefined) throw new Error('a quantile needs a value')
  return value
}
