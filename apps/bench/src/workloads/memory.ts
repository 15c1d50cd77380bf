import type { Chart } from '../chart.ts'
import type { Form } from '../documents.ts'
import type { PeerName } from '../peers/peers.ts'
import { showSpread, spread } from '../spread.ts'
import { Stage } from '../stage.ts'
import type { Footprint, Order } from './memory.messages.ts'
import type { Choice, Outcome, Table } from './workload.ts'

/** What the others are compared with: the values as objects. */
const base: PeerName = 'bare-values'

export const holdingPeers = [
  'cache-aside-near',
  'cache-aside-near-frozen',
  'bentocache-near',
  'bentocache-near-unserialized',
  'cacheable-near',
  'layered-loader-near',
  'node-redis-near',
  'lru-cache',
] as const satisfies readonly PeerName[]

/** How much of everything. */
export interface MemoryScale {
  readonly entries: number
  readonly form: Form
}

// All of them have room for 10,000.
const usual: MemoryScale = { entries: 8_000, form: { kind: 'product', size: 1024 } }

interface Run extends Footprint {
  readonly peer: PeerName
  readonly round: number
}

/** What an entry takes in the memory of a process that holds it: each in a process of its own, a new one in each round. */
export async function memory({ peers, rounds, progress }: Choice, scale: MemoryScale = usual): Promise<Outcome> {
  const runs: Run[] = []
  for (let round = 1; round <= rounds; round += 1) {
    for (const peer of [base, ...peers]) {
      await using stage = await Stage.open(new URL('memory.measured.ts', import.meta.url))
      await stage.add(peer)
      const footprint = await stage.order<Footprint>(peer, scale satisfies Order)
      runs.push({ peer, round, ...footprint })
      progress?.(`round ${round}, ${peer}: ${footprint.heap.toFixed()} + ${footprint.external.toFixed()} bytes`)
    }
  }
  return { tables: [tableOf(peers, scale, runs)], charts: [chartOf(peers, scale, runs)], runs }
}

const totalOf = ({ heap, external }: Footprint) => heap + external

function tableOf(peers: readonly PeerName[], { entries, form }: MemoryScale, runs: readonly Run[]): Table {
  const columns: readonly (readonly [title: string, figure: (run: Run) => number])[] = [
    ['bytes', totalOf],
    ['of them in buffers', ({ external }) => external],
    ['over the JSON', (run) => totalOf(run) - form.size],
    ['over the object', (run) => overObject(run, runs)],
  ]
  return {
    title: `An entry of ${form.size} bytes of JSON, of ${entries.toLocaleString('en')}`,
    head: ['', ...columns.map(([title]) => title)],
    rows: [base, ...peers].map((peer) => {
      const own = runs.filter((run) => run.peer === peer)
      return [peer, ...columns.map(([, figure]) => showSpread(spread(own.map((run) => Math.round(figure(run))))))]
    }),
  }
}

function overObject(run: Run, runs: readonly Run[]): number {
  const object = runs.find(({ peer, round }) => peer === base && round === run.round)
  return totalOf(run) - (object ? totalOf(object) : 0)
}

function chartOf(peers: readonly PeerName[], { form }: MemoryScale, runs: readonly Run[]): Chart {
  const bytes = (peer: PeerName) =>
    spread(runs.filter((run) => run.peer === peer).map((run) => Math.round(totalOf(run))))
  return {
    name: 'entry',
    title: 'What an entry takes in memory',
    unit: 'bytes',
    bars: [base, ...peers].map((peer) => ({ label: peer, spread: bytes(peer), ours: peer.startsWith('cache-aside') })),
    marks: [{ at: form.size, label: 'its JSON' }],
  }
}
