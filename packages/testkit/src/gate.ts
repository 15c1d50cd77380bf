/** A loader that answers when a test tells it to: the test makes the order of events instead of waiting for it. */
export interface Gate<T> {
  /** The loader. A call stays open until `answer` or `fail`. */
  load(...args: unknown[]): Promise<T>
  /** Resolves at the first call. */
  readonly called: Promise<void>
  /** How many calls there were. */
  readonly calls: number
  /** Resolves at the next call. */
  next(): Promise<void>
  /** Answers the first call that is open. */
  answer(value: T): void
  /** Fails the first call that is open. */
  fail(error: unknown): void
}

export function gate<T>(): Gate<T> {
  const open: { answer: (value: T) => void; fail: (error: unknown) => void }[] = []
  const awaiting: (() => void)[] = []
  let calls = 0

  const next = () => new Promise<void>((resolve) => awaiting.push(resolve))
  const take = () => {
    const call = open.shift()
    if (!call) throw new Error(`gate: no call is open (${calls} so far)`)
    return call
  }

  return {
    load: () =>
      new Promise((answer, fail) => {
        calls += 1
        open.push({ answer, fail })
        for (const resolve of awaiting.splice(0)) resolve()
      }),
    called: next(),
    get calls() {
      return calls
    },
    next,
    answer: (value) => take().answer(value),
    fail: (error) => take().fail(error),
  }
}
