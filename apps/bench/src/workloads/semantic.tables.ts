import type { Calls } from '../calls.ts'
import type { Chart } from '../chart.ts'
import { numberOf } from '../sent.ts'
import { showSpread, spread } from '../spread.ts'
import { askings, type Collection, type IndexName, indexes, type Slice } from './semantic.messages.ts'
import type { AskCount, AskRun, FoundRun, SearchRun } from './semantic.ts'
import type { Table } from './workload.ts'

const columns: readonly (readonly [title: string, figure: (slice: Slice) => number])[] = [
  ['p50, ms', ({ one }) => one.p50],
  ['p99, ms', ({ one }) => one.p99],
  ['8 callers: p50, ms', ({ eight }) => eight.p50],
  ['p99, ms', ({ eight }) => eight.p99],
  ['1/s', ({ eight }) => eight.rate],
  ['CPU, µs', ({ eight }) => eight.cpu],
]

const figuresOf = (runs: readonly { readonly took: Slice }[]): string[] =>
  columns.map(([, figure]) => showSpread(spread(runs.map(({ took }) => figure(took)))))

function nameOf({ lies, dimensions, entries, tenants }: Collection): string {
  const size = `${entries.toLocaleString('en')} of ${dimensions.toLocaleString('en')}`
  return [size, ...(lies === 'anywhere' ? [lies] : []), ...(tenants > 1 ? [`of ${tenants} tenants`] : [])].join(', ')
}

const runsOf = (collection: Collection, index: IndexName, runs: readonly SearchRun[]): SearchRun[] =>
  runs.filter((run) => run.collection === collection && run.index === index)

export function searchTable(collections: readonly Collection[], runs: readonly SearchRun[]): Table {
  return {
    title: 'A search for the nearest eight, of so many vectors of so many dimensions',
    head: ['', ...columns.map(([title]) => title)],
    rows: collections.flatMap((collection) =>
      indexes.map((index) => [`${nameOf(collection)}: ${index}`, ...figuresOf(runsOf(collection, index, runs))]),
    ),
  }
}

export function findTable(found: readonly FoundRun[]): Table {
  return {
    title: 'What redisVectors finds, beside the exact index, and what an entry takes',
    head: [
      '',
      'queries',
      'nearest found',
      'nearest eight found',
      'with one at 0.95',
      'nearest found',
      'a hit found',
      'error, at most',
      'add: p50, ms',
      'p99, ms',
      'bytes',
      'of them the vector',
    ],
    rows: found.map(({ collection, added, judged }) => [
      nameOf(collection),
      `${collection.queries}`,
      percent(judged.recall),
      percent(judged.eight),
      `${judged.near}`,
      percent(judged.nearRecall),
      percent(judged.hits),
      judged.error.toFixed(7),
      ...timesOf(added.calls),
      whole(added.bytes),
      whole(4 * collection.dimensions),
    ]),
  }
}

const timesOf = ({ p50, p99 }: Calls): string[] => [p50, p99].map((time) => showSpread(spread([time])))
/** Of none there is no share. */
const percent = (share: number) => (Number.isNaN(share) ? '–' : `${(100 * share).toFixed(1)} %`)
const whole = (bytes: number) => Math.round(bytes).toLocaleString('en')

export function askTable(learnt: number, sent: readonly AskCount[], runs: readonly AskRun[]): Table {
  return {
    title: `A question that is asked, of ${learnt.toLocaleString('en')} that were before; its loader takes no time`,
    head: ['', 'round trips', 'commands', ...columns.map(([title]) => title)],
    rows: askings.map((asking) => {
      const { turns, commands } = sent.find((one) => one.asking === asking) ?? { turns: 0, commands: {} }
      return [asking, `${turns}`, `${numberOf(commands)}`, ...figuresOf(runs.filter((run) => run.asking === asking))]
    }),
  }
}

export function searchChart(collections: readonly Collection[], runs: readonly SearchRun[]): Chart {
  return {
    name: 'search',
    title: 'A search for the nearest eight',
    unit: 'ms, median of one caller',
    bars: collections.flatMap((collection) =>
      indexes.map((index) => ({
        label: `${nameOf(collection)}: ${index}`,
        spread: spread(runsOf(collection, index, runs).map(({ took }) => took.one.p50)),
        ours: index === 'redisVectors',
      })),
    ),
  }
}
