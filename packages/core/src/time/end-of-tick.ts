/** After the promises of this tick: callers that were woken together go on together. */
export function endOfTick(): Promise<void> {
  return new Promise((resolve) => {
    void Promise.resolve().then(() => process.nextTick(resolve))
  })
}
