/** Steps from state to state, by their numbers. */
export interface Way {
  readonly from: number[]
  readonly to: number[]
}

/** The first state from which no settled one can be reached on the way: who waits there is never woken. */
export function firstStuck(settled: readonly boolean[], { from, to }: Way): number | undefined {
  // The steps that lead to a state stand side by side in `origins`, from `starts[state]` on.
  const starts = new Int32Array(settled.length + 1)
  for (const end of to) starts[end] = (starts[end] ?? 0) + 1
  for (let state = 1; state <= settled.length; state++) starts[state] = (starts[state] ?? 0) + (starts[state - 1] ?? 0)
  const origins = new Int32Array(from.length)
  for (const [step, end] of to.entries()) {
    const place = (starts[end] ?? 0) - 1
    starts[end] = place
    origins[place] = from[step] ?? 0
  }

  const settles = [...settled]
  const open = [...settled.keys()].filter((state) => settled[state])
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const origin of origins.subarray(starts[state], starts[state + 1])) {
      if (settles[origin]) continue
      settles[origin] = true
      open.push(origin)
    }
  }
  const stuck = settles.indexOf(false)
  return stuck < 0 ? undefined : stuck
}
