import type { Chart } from '../chart.ts'
import { showSpread, spread } from '../spread.ts'
import type { HttpScale, Slice, Subject } from './http.bed.ts'
import type { HttpRun } from './http.ts'
import type { Way } from './http.messages.ts'
import type { Table } from './workload.ts'

const names: Record<Way, string> = {
  'no cache': 'no cache',
  'cache-aside': 'cache-aside',
  'cache-aside-near': 'cache-aside, near',
  'cache-manager': '@nestjs/cache-manager',
  hook: 'hook by hand',
}

export function nameOf({ way, etag }: Subject): string {
  return etag ? `${names[way]}, @fastify/etag` : names[way]
}

const questions = {
  whole: 'A route of 1 KB of JSON',
  unchanged: 'The same, where the client has it (304)',
} as const

type Column = readonly [title: string, figure: (slice: Slice) => number]

const figures: readonly Column[] = [
  ['p50, ms', ({ p50 }) => p50],
  ['p99, ms', ({ p99 }) => p99],
  ['CPU, µs', ({ cpu }) => cpu],
  ['commands', ({ commands }) => commands],
]

export function httpTables(runs: readonly HttpRun[], { connections }: HttpScale): Table[] {
  return (['whole', 'unchanged'] as const).flatMap((question) => {
    const of = runs.filter((run) => run.question === question)
    if (of.length === 0) return []
    return [
      {
        title: `${questions[question]}, ${connections} connections`,
        head: ['', 'requests/s', '÷ no cache', '÷ @nestjs/cache-manager', ...figures.map(([title]) => title)],
        rows: [baseRow(of), ...subjectsOf(of).map((name) => rowOf(name, of))],
      },
    ]
  })
}

export function httpCharts(runs: readonly HttpRun[]): Chart[] {
  const of = runs.filter(({ question }) => question === 'whole')
  const chart = (name: string, unit: string, ratios: (name: string) => readonly number[], mark: number): Chart => ({
    name,
    title: 'A route of 1 KB of JSON, guarded: requests/s on Fastify',
    unit,
    bars: subjectsOf(of)
      .map((label) => ({ label, all: ratios(label) }))
      .filter(({ all }) => all.length > 0)
      .map(({ label, all }) => ({ label, spread: spread(all), ours: label.startsWith('cache-aside') })),
    marks: [{ at: mark, label: `wanted ${mark}` }],
  })
  const charts = [
    chart('no-cache', 'requests/s ÷ the same route with no cache', (name) => runsOf(name, of).map(ratio), 1),
    chart('nestjs-cache-manager', 'requests/s ÷ @nestjs/cache-manager', (name) => overCacheManager(name, of), 1.8),
  ]
  return charts.filter(({ bars }) => bars.length > 0)
}

function subjectsOf(runs: readonly HttpRun[]): string[] {
  const subjects = runs.map(({ peer }) => peer).toSorted((one, other) => placeOf(one) - placeOf(other))
  return [...new Set(subjects.map(nameOf))]
}

const placeOf = ({ way }: Subject) => Object.keys(names).indexOf(way)

function baseRow(runs: readonly HttpRun[]): string[] {
  const slices = runs.map(({ before }) => before)
  const etag = runs.some(({ question }) => question === 'unchanged')
  return [nameOf({ way: 'no cache', etag }), rates(slices), '1', overBase(runs), ...showFigures(slices)]
}

function rowOf(name: string, runs: readonly HttpRun[]): string[] {
  const own = runsOf(name, runs)
  const slices = own.map((run) => run.own)
  const over = overCacheManager(name, runs)
  return [
    name,
    rates(slices),
    showSpread(spread(own.map(ratio))),
    over.length > 0 ? showSpread(spread(over)) : '',
    ...showFigures(slices),
  ]
}

const runsOf = (name: string, runs: readonly HttpRun[]) => runs.filter(({ peer }) => nameOf(peer) === name)

const rates = (slices: readonly Slice[]) => showSpread(spread(slices.map(({ rate }) => rate)))

function showFigures(slices: readonly Slice[]): string[] {
  return figures.map(([, figure]) => showSpread(spread(slices.map(figure))))
}

/** Requests/s by those of the application with no cache around it. */
function ratio({ own, before, after }: HttpRun): number {
  return (2 * own.rate) / (before.rate + after.rate)
}

/** In each round, both by what is measured around each of them. */
function overCacheManager(name: string, runs: readonly HttpRun[]): number[] {
  return runsOf(name, runs).flatMap((run) => {
    const other = runs.find(({ peer, round }) => peer.way === 'cache-manager' && round === run.round)
    return other ? [ratio(run) / ratio(other)] : []
  })
}

function overBase(runs: readonly HttpRun[]): string {
  const others = runs.filter(({ peer }) => peer.way === 'cache-manager')
  return others.length > 0 ? showSpread(spread(others.map((run) => 1 / ratio(run)))) : ''
}
