import type { Chart } from '../chart.ts'
import type { Compared } from '../in-turn.ts'
import type { PeerName } from '../peers/peers.ts'
import { type Spread, showSpread, spread } from '../spread.ts'
import type { Scene, Slice } from './hits.messages.ts'
import type { HitRun } from './hits.ts'
import type { Table } from './workload.ts'

/** What the others are compared with. */
export const floor: PeerName = 'ioredis-6'

/** Reads in the same time, by those of the floor right before and after. */
export function rateRatio({ own, before, after }: Omit<Compared<PeerName, Slice>, 'peer'>): number {
  return (2 * own.rate) / (before.rate + after.rate)
}

const p99Ratio = ({ own, before, after }: HitRun) => (2 * own.p99) / (before.p99 + after.p99)
const cpuRatio = ({ own, before, after }: HitRun) => (2 * own.cpu) / (before.cpu + after.cpu)

const columns: readonly (readonly [title: string, figure: (run: HitRun) => number])[] = [
  ['reads/s', ({ own }) => own.rate],
  ['÷ floor', rateRatio],
  ['p50, ms', ({ own }) => own.p50],
  ['p99, ms', ({ own }) => own.p99],
  ['÷ floor', p99Ratio],
  ['CPU, µs', ({ own }) => own.cpu],
  ['÷ floor', cpuRatio],
]

/** What is wanted of this cache: reads by those of the floor. */
const wanted: readonly { readonly size: number; readonly callers: number; readonly ratio: number }[] = [
  { size: 1024, callers: 1, ratio: 0.9 },
  { size: 1024, callers: 64, ratio: 2 },
  { size: 1024, callers: 512, ratio: 3 },
  { size: 32 * 1024, callers: 64, ratio: 1 },
]

export function hitTables(peers: readonly PeerName[], scenes: readonly Scene[], runs: readonly HitRun[]): Table[] {
  return scenes.map((scene) => {
    const all = runs.filter((run) => run.scene === scene)
    const rowOf = (name: string, some: readonly HitRun[]) => [
      name,
      ...columns.map(([, figure]) => showSpread(spread(some.map(figure)))),
    ]
    return {
      title: `A hit in Redis: ${nameOf(scene)}`,
      head: ['', ...columns.map(([title]) => title)],
      rows: [
        rowOf(`${floor} (floor)`, all.map(asFloor)),
        ...peers.map((peer) =>
          rowOf(
            peer,
            all.filter((run) => run.peer === peer),
          ),
        ),
      ],
    }
  })
}

/** The floor by itself: of each of its slices by itself, before another peer's. */
const asFloor = (run: HitRun): HitRun => ({ ...run, peer: floor, own: run.before, after: run.before })

export function hitCharts(peers: readonly PeerName[], scenes: readonly Scene[], runs: readonly HitRun[]): Chart[] {
  return scenes.map((scene) => {
    const ratios = (peer: PeerName): Spread =>
      spread(runs.filter((run) => run.scene === scene && run.peer === peer).map(rateRatio))
    const target = wanted.find(({ size, callers }) => size === scene.form.size && callers === scene.callers)
    return {
      name: `${scene.form.kind}-${scene.form.size / 1024}kb-${scene.callers}`,
      title: `A hit in Redis: ${nameOf(scene)}`,
      unit: 'reads/s ÷ floor',
      bars: peers.map((peer) => ({ label: peer, spread: ratios(peer), ours: peer === 'cache-aside' })),
      marks: [{ at: 1, label: 'floor' }, ...(target ? [{ at: target.ratio, label: `wanted ${target.ratio}` }] : [])],
    }
  })
}

export function nameOf({ form: { kind, size }, callers }: Scene): string {
  const value = kind === 'text' ? 'one text' : size > 1024 ? 'a list' : 'a product'
  return `${value} of ${size / 1024} KB, ${callers === 1 ? 'one caller' : `${callers} callers`}`
}
