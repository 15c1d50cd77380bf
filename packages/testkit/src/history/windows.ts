import type { Step } from './history.ts'
import type { WindowBounds } from './violation.ts'

/** The items that a window that ends with `last` holds if nothing is missing: it, and those before it as far as the limit lets them in. */
function runTo(last: number, { limit, weigh }: WindowBounds): number[] {
  const run: number[] = []
  let weight = 0
  for (let version = last; version > 0; version -= 1) {
    weight += weigh(version)
    if (run.length > 0 && weight > limit) break
    run.push(version)
  }
  return run
}

/** Those of them that a read of a window does not show. */
export function gapsOf({ items = [] }: Step, window: WindowBounds, last = items.at(-1)?.version ?? 0): number[] {
  return runTo(last, window).filter((version) => !items.some((item) => item.version === version))
}
