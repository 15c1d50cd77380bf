/** After this turn of the event loop has read what has arrived: callers whom different sockets have woken go on together. */
export function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
