/** After the promises of this tick: callers that were woken together go on together. */
export function endOfTick(): Promise<void> {
  return Promise.resolve().then(() => new Promise((resolve) => process.nextTick(resolve)))
}
