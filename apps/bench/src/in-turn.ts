/** What one peer measured, and what the one that it is compared with did right before and right after. */
export interface Compared<Peer, Figures> {
  readonly peer: Peer
  readonly own: Figures
  readonly before: Figures
  readonly after: Figures
}

/** Base, A, base, B, base, and so on: what the machine does meanwhile is done to both of a comparison. */
export async function inTurn<Peer, Figures>(
  base: Peer,
  others: readonly Peer[],
  measure: (peer: Peer) => Promise<Figures>,
): Promise<Compared<Peer, Figures>[]> {
  const all: Compared<Peer, Figures>[] = []
  let before = await measure(base)
  for (const peer of others) {
    const own = await measure(peer)
    const after = await measure(base)
    all.push({ peer, own, before, after })
    before = after
  }
  return all
}
