import type { PeerName } from '../peers/peers.ts'
import { showSpread, spread } from '../spread.ts'
import { type Hits, type Operation, tagCounts, type Voided } from './tags.messages.ts'
import type { TagRun } from './tags.ts'
import type { Table } from './workload.ts'

type Figure<Of> = (of: Of) => number | undefined

/** `compared`: the most entries with the fewest. */
const voidColumns: readonly { readonly title: string; readonly of: Figure<Voided>; readonly compared?: true }[] = [
  { title: 'first, ms', of: ({ time }) => time, compared: true },
  { title: 'server, µs', of: ({ server }) => server?.total, compared: true },
  { title: 'longest, µs', of: ({ server }) => server?.longest },
  { title: 'again p50, ms', of: ({ again }) => again?.p50, compared: true },
  { title: 'again p99, ms', of: ({ again }) => again?.p99 },
  { title: 'again server, µs', of: ({ again }) => again?.server, compared: true },
]

export function voidTables(peers: readonly PeerName[], sizes: readonly number[], runs: readonly TagRun[]): Table[] {
  const table = (operation: Operation, title: string): Table => ({
    title,
    head: ['', 'commands', ...voidColumns.map((column) => column.title), 'then a miss'],
    rows: peers.flatMap((peer) => voidRows(peer, operation, sizes, runs)),
  })
  return [
    table('invalidateTag', '`invalidateTag` of a tag that so many entries have'),
    table('clear', '`clear` of so many entries'),
  ]
}

function voidRows(peer: PeerName, operation: Operation, sizes: readonly number[], runs: readonly TagRun[]): string[][] {
  const own = runs.filter((run) => run.peer === peer)
  const ofSize = (entries: number, some: readonly TagRun[]) =>
    some.flatMap(({ measured }) => measured[operation].find((voided) => voided.entries === entries) ?? [])
  const timed = (entries: number) => ofSize(entries, own.filter(isTimed))

  const rows = sizes.map((entries) => {
    const missed = timed(entries).map((voided) => voided.missed)
    return [
      `${peer}, ${entries.toLocaleString('en')}`,
      ofSize(entries, own)
        .flatMap(({ commands }) => (commands ? total(Object.values(commands)).toLocaleString('en') : []))
        .join(),
      ...voidColumns.map(({ of }) => cell(timed(entries).map(of))),
      missed.every(Boolean) ? 'always' : `${missed.filter(Boolean).length} of ${missed.length}`,
    ]
  })
  const [fewest = 0, most = 0] = [sizes[0], sizes.at(-1)]
  const ratios = voidColumns.map(({ of, compared }) => {
    const fews = timed(fewest).map(of)
    return compared ? cell(timed(most).map((many, round) => ratio(of(many), fews[round]))) : ''
  })
  return [...rows, [`${peer}, ${most.toLocaleString('en')} ÷ ${fewest.toLocaleString('en')}`, '', ...ratios, '']]
}

interface Compared {
  readonly own: Hits
  /** Those of ioredis alone, in the same process a moment before or after. */
  readonly raw: Hits
}

const hitColumns: readonly { readonly title: string; readonly of: Figure<Compared> }[] = [
  { title: 'commands', of: ({ own }) => own.commands },
  { title: 'µs', of: ({ own }) => own.time },
  { title: '÷ ioredis', of: ({ own, raw }) => ratio(own.time, raw.time) },
  { title: 'CPU, µs', of: ({ own }) => own.cpu },
  { title: '÷ ioredis', of: ({ own, raw }) => ratio(own.cpu, raw.cpu) },
  { title: 'server, µs', of: ({ own }) => own.server },
]

export function hitTables(peers: readonly PeerName[], runs: readonly TagRun[]): Table[] {
  const callerCounts = [...new Set(runs.flatMap(({ measured }) => measured.hits.map(({ callers }) => callers)))]
  return callerCounts.map((callers) => {
    const row = (name: string, tags: Hits['tags'], some: readonly TagRun[]) => {
      const compared = some.filter(isTimed).flatMap(({ measured }) => {
        const find = (count: Hits['tags']) =>
          measured.hits.find((hits) => hits.callers === callers && hits.tags === count)
        const [own, raw] = [find(tags), find(undefined)]
        return own && raw ? [{ own, raw }] : []
      })
      return [name, ...hitColumns.map(({ of }) => cell(compared.map(of)))]
    }
    const rowsOf = (peer: PeerName) =>
      tagCounts.map((count) =>
        row(
          `${peer}, ${count} ${count === 1 ? 'tag' : 'tags'}`,
          count,
          runs.filter((run) => run.peer === peer),
        ),
      )
    return {
      title: `A hit, ${callers === 1 ? 'one caller' : `${callers} callers`}`,
      head: ['', ...hitColumns.map(({ title }) => title)],
      rows: [row('ioredis, GET and JSON.parse', undefined, runs), ...peers.flatMap(rowsOf)],
    }
  })
}

const isTimed = ({ round }: TagRun) => round > 0

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0)

const ratio = (above: number | undefined, below: number | undefined) =>
  above === undefined || below === undefined ? undefined : above / below

/** Empty where a round has no such figure. */
function cell(figures: readonly (number | undefined)[]): string {
  const all = figures.filter((figure) => figure !== undefined)
  return all.length === 0 || all.length < figures.length ? '' : showSpread(spread(all))
}
