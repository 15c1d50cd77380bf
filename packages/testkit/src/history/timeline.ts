export interface Span {
  readonly from: number
  readonly to: number
}

/**
 * The time that some spans cover.
 *
 * Invariant: in order, and no two of them overlap: so that of thousands only those are looked at that are asked for.
 */
export class Timeline {
  readonly #spans: Span[] = []

  constructor(spans: readonly Span[]) {
    for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
      const last = this.#spans.at(-1)
      if (last && from <= last.to) this.#spans[this.#spans.length - 1] = { from: last.from, to: Math.max(last.to, to) }
      else this.#spans.push({ from, to })
    }
  }

  /** What overlaps a span, or touches it. */
  within({ from, to }: Span): readonly Span[] {
    const first = countBefore(this.#spans, (span) => span.to, from)
    let end = first
    for (let next = this.#spans[end]; next && next.from <= to; next = this.#spans[end]) end += 1
    return this.#spans.slice(first, end)
  }

  overlaps(span: Span): boolean {
    return this.within(span).length > 0
  }
}

/** The longest part of `whole` that no span covers. */
export function longestGap(spans: readonly Span[], whole: Span): number {
  let covered = whole.from
  let longest = 0
  const within = spans.filter(({ from, to }) => from < whole.to && to > whole.from)
  for (const { from, to } of within.toSorted((a, b) => a.from - b.from)) {
    longest = Math.max(longest, from - covered)
    covered = Math.max(covered, to)
  }
  return Math.max(longest, whole.to - covered)
}

/** How many are before a moment, of those that are in order of their own. */
export function countBefore<T>(ordered: readonly T[], momentOf: (each: T) => number, moment: number): number {
  let low = 0
  let high = ordered.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (momentOf(ordered[middle] as T) < moment) low = middle + 1
    else high = middle
  }
  return low
}
