/** What a write-behind keeps in Redis. In a cluster all of it is in one slot: that of the name in braces. */
export interface StreamKeys {
  /** Every put that is not written. */
  readonly stream: string
  /** A hash: the id of each key's newest entry. */
  readonly newest: string
  /** Whose turn it is to write. */
  readonly lease: string
  /** A stream of what could not be written. */
  readonly dead: string
}

/** A namespace has no `/`: these never meet an entry of a cache. */
export function streamKeys(namespace: string, name: string): StreamKeys {
  const stream = `${namespace}/write-behind:{${name}}`
  return { stream, newest: `${stream}:newest`, lease: `${stream}:lease`, dead: `${stream}:dead` }
}
