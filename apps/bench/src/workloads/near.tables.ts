import type { Chart } from '../chart.ts'
import type { Form } from '../documents.ts'
import type { PeerName } from '../peers/peers.ts'
import { showSpread, spread } from '../spread.ts'
import type { NearCount, NearRun } from './near.ts'
import type { Table } from './workload.ts'

/** What those are compared with who give each caller a value of its own. */
export const copying: PeerName = 'bentocache-near'
/** What those are compared with whose callers share one. */
const sharing: PeerName = 'bentocache-near-unserialized'
const named: Partial<Record<PeerName, string>> = {
  [copying]: `${copying} (copying)`,
  [sharing]: `${sharing} (sharing)`,
}

/** How many hits are wanted in the time of one of them. */
const wanted = 3

const more = ['bytes', 'promises', 'commands', 'value']

const ours: readonly PeerName[] = ['cache-aside-near', 'cache-aside-near-frozen']
const sharers: readonly PeerName[] = [sharing, 'cache-aside-near-frozen', 'layered-loader-near', 'lru-cache']

type Rounds = readonly NearRun[]

/** Of a slice: by the clock, or by what the process has worked. */
type Figure = 'time' | 'cpu'

/** Hits in the time of one of `copying`. */
const byCopying = ({ own, before, after }: NearRun, figure: Figure) =>
  (before[figure] + after[figure]) / (2 * own[figure])

/** Hits in the time of one of `sharing` in the same round. */
function bySharing(run: NearRun, figure: Figure, runs: Rounds): number | undefined {
  const other = runs.find(({ peer, round, form }) => peer === sharing && round === run.round && form === run.form)
  return other && byCopying(run, figure) / byCopying(other, figure)
}

export function nearTables(
  peers: readonly PeerName[],
  forms: readonly Form[],
  runs: Rounds,
  counts: readonly NearCount[],
): Table[] {
  return forms.map((form) => {
    const all = runs.filter((run) => run.form === form)
    const rowOf = (peer: PeerName, own: Rounds) => {
      const count = counts.find((each) => each.peer === peer && each.form === form)
      return [
        named[peer] ?? peer,
        ...(['time', 'cpu'] as const).flatMap((figure) => [
          cell(own.map((run) => run.own[figure])),
          cell(own.map((run) => byCopying(run, figure))),
          cell(own.map((run) => bySharing(run, figure, runs))),
        ]),
        ...[count?.allocated, count?.promises, count?.commands].map((figure) => figure?.toFixed() ?? ''),
        count?.value ?? '',
      ]
    }
    return {
      title: titleOf(form),
      head: ['', ...['µs', 'CPU, µs'].flatMap((title) => [title, '× copying', '× sharing']), ...more],
      rows: [
        rowOf(copying, all.map(asCopying)),
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

/** Each of its slices by itself, before another peer's. */
const asCopying = (run: NearRun): NearRun => ({ ...run, peer: copying, own: run.before, after: run.before })

export function nearCharts(peers: readonly PeerName[], forms: readonly Form[], runs: Rounds): Chart[] {
  return forms.flatMap((form) => {
    const chart = (
      name: string,
      told: string,
      base: PeerName,
      bars: readonly PeerName[],
      ratio: (run: NearRun) => number | undefined,
    ): Chart => ({
      name: `${form.kind}-${name}`,
      title: `${titleOf(form)}, ${told}`,
      unit: `hits in the time of one of ${base}`,
      bars: bars.flatMap((peer) => {
        const ratios = runs.filter((run) => run.peer === peer && run.form === form).map(ratio)
        const known = ratios.filter((each) => each !== undefined)
        return known.length > 0 ? [{ label: peer, spread: spread(known), ours: ours.includes(peer) }] : []
      }),
      marks: [
        { at: 1, label: 'bentocache' },
        { at: wanted, label: `wanted ${wanted}` },
      ],
    })
    return [
      chart(
        'copied',
        'a value of its own for each caller',
        copying,
        peers.filter((peer) => !sharers.includes(peer)),
        (run) => byCopying(run, 'time'),
      ),
      chart(
        'shared',
        'one value for all callers',
        sharing,
        peers.filter((peer) => sharers.includes(peer) && peer !== sharing),
        (run) => bySharing(run, 'time', runs),
      ),
    ]
  })
}

function titleOf({ kind, size }: Form): string {
  return `A hit in memory: ${kind === 'text' ? 'one text' : 'a product'} of ${size / 1024} KB`
}

/** Empty where a round has no such figure. */
function cell(figures: readonly (number | undefined)[]): string {
  const known = figures.filter((figure) => figure !== undefined)
  return known.length === 0 ? '' : showSpread(spread(known))
}
