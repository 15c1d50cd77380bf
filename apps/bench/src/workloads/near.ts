import type { Form } from '../documents.ts'
import { type Compared, inTurn } from '../in-turn.ts'
import type { PeerName } from '../peers/peers.ts'
import { Stage } from '../stage.ts'
import type { NearCounts, NearSlice, Order } from './near.messages.ts'
import { copying, nearCharts, nearTables } from './near.tables.ts'
import type { Choice, Outcome } from './workload.ts'

export const nearPeers = [
  'cache-aside-near',
  'cache-aside-near-frozen',
  'bentocache-near-unserialized',
  'cacheable-near',
  'layered-loader-near',
  'node-redis-near',
  'lru-cache',
] as const satisfies readonly PeerName[]

/** How much of everything. */
export interface NearScale {
  readonly keys: number
  /** Of what is measured at a time. */
  readonly milliseconds: number
  readonly forms: readonly Form[]
}

const usual: NearScale = {
  keys: 1_000,
  milliseconds: 150,
  forms: [
    { kind: 'product', size: 1024 },
    { kind: 'text', size: 1024 },
  ],
}

export interface NearRun extends Compared<PeerName, NearSlice> {
  readonly round: number
  readonly form: Form
}

/** What a peer does for each hit, whatever the machine does meanwhile. */
export interface NearCount extends NearCounts {
  readonly peer: PeerName
  readonly form: Form
}

/** Reads of what the process has in its memory, one after the other: each peer in a process of its own. */
export async function near({ peers, rounds, progress }: Choice, scale: NearScale = usual): Promise<Outcome> {
  const { keys, milliseconds, forms } = scale
  const runs: NearRun[] = []
  const counts: NearCount[] = []
  await using stage = await Stage.open(new URL('near.measured.ts', import.meta.url))
  for (const peer of [copying, ...peers]) {
    await stage.add(peer)
    for (const form of forms) await stage.order(peer, { kind: 'fill', form, keys } satisfies Order)
  }
  // Round 0 is for the compiler.
  for (let round = 0; round <= rounds; round += 1) {
    // Another one first each time.
    const order = [...peers.slice(round % peers.length), ...peers.slice(0, round % peers.length)]
    for (const form of forms) {
      const read: Order = { kind: 'read', form, keys, milliseconds }
      const compared = await inTurn<PeerName, NearSlice>(copying, order, (peer) => stage.order<NearSlice>(peer, read))
      if (round > 0) runs.push(...compared.map((each) => ({ round, form, ...each })))
      progress?.(`round ${round}, ${form.kind}: ${summary(compared)}`)
    }
  }
  for (const peer of [copying, ...peers]) {
    for (const form of forms) {
      counts.push({
        peer,
        form,
        ...(await stage.order<NearCounts>(peer, { kind: 'count', form, keys } satisfies Order)),
      })
    }
  }
  return {
    tables: nearTables(peers, forms, runs, counts),
    charts: nearCharts(peers, forms, runs),
    runs: [...runs, ...counts],
  }
}

function summary(compared: readonly Compared<PeerName, NearSlice>[]): string {
  return compared.map(({ peer, own }) => `${peer} ${own.time.toFixed(2)} µs`).join(', ')
}
