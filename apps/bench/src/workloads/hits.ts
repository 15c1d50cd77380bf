import { type Compared, inTurn } from '../in-turn.ts'
import type { PeerName } from '../peers/peers.ts'
import { Stage } from '../stage.ts'
import type { Order, Scene, Slice } from './hits.messages.ts'
import { floor, hitCharts, hitTables, nameOf, rateRatio } from './hits.tables.ts'
import type { Choice, Outcome } from './workload.ts'

export const hittingPeers = [
  'cache-aside',
  'ioredis-6-autopipelining',
  'ioredis',
  'bentocache',
  'cache-manager',
  'cacheable',
  'async-cache-dedupe',
  'layered-loader',
] as const satisfies readonly PeerName[]

/** How much of everything. */
export interface HitScale {
  readonly keys: number
  /** Of what is measured at a time. */
  readonly milliseconds: number
  readonly scenes: readonly Scene[]
}

const small = { kind: 'product', size: 1024 } as const
const text = { kind: 'text', size: 1024 } as const
const usual: HitScale = {
  keys: 1_000,
  milliseconds: 150,
  scenes: [
    { form: small, callers: 1 },
    { form: small, callers: 64 },
    { form: small, callers: 512 },
    { form: text, callers: 1 },
    { form: text, callers: 64 },
    { form: text, callers: 512 },
    { form: { kind: 'product', size: 32 * 1024 }, callers: 64 },
  ],
}

export interface HitRun extends Compared<PeerName, Slice> {
  readonly round: number
  readonly scene: Scene
}

/** Reads of what Redis has, by one caller and by many: each peer in a process of its own, all on one Redis. */
export async function hits({ peers, rounds, progress }: Choice, scale: HitScale = usual): Promise<Outcome> {
  const runs: HitRun[] = []
  const { keys, milliseconds, scenes } = scale
  await using stage = await Stage.open(new URL('hits.measured.ts', import.meta.url))
  for (const peer of [floor, ...peers]) {
    await stage.add(peer)
    for (const form of new Set(scenes.map((scene) => scene.form))) {
      await stage.order(peer, { kind: 'fill', form, keys } satisfies Order)
    }
  }
  // Round 0 is for the compiler.
  for (let round = 0; round <= rounds; round += 1) {
    // Another one first each time.
    const order = [...peers.slice(round % peers.length), ...peers.slice(0, round % peers.length)]
    for (const scene of scenes) {
      const read: Order = { kind: 'read', scene, keys, milliseconds }
      const compared = await inTurn<PeerName, Slice>(floor, order, (peer) => stage.order<Slice>(peer, read))
      if (round > 0) runs.push(...compared.map((each) => ({ round, scene, ...each })))
      progress?.(`round ${round}, ${nameOf(scene)}: ${summary(compared)}`)
    }
  }
  return { tables: hitTables(peers, scenes, runs), charts: hitCharts(peers, scenes, runs), runs }
}

function summary(compared: readonly Compared<PeerName, Slice>[]): string {
  return compared.map((each) => `${each.peer} ${rateRatio(each).toFixed(2)}`).join(', ')
}
