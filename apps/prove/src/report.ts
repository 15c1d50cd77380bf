import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Result } from './run.ts'

/** Columns as wide as they need to be; numbers to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => String(row[column] ?? '').length))) ?? []
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          typeof cell === 'number'
            ? String(cell).padStart(widths[column] ?? 0)
            : cell.padEnd(column === row.length - 1 ? 0 : (widths[column] ?? 0)),
        )
        .join('  '),
    )
    .join('\n')
}

export function resultTable(results: readonly Result[]): string {
  const rows = results.map(({ name, seconds, verdict, faults }) => [
    name,
    Math.round(seconds),
    verdict.reads,
    verdict.writes,
    verdict.loads,
    verdict.excused,
    total(faults),
    verdict.violations.length,
  ])
  const sums = [1, 2, 3, 4, 5, 6, 7].map((column) => rows.reduce((sum, row) => sum + Number(row[column]), 0))
  const head = ['variant', 'seconds', 'reads', 'writes', 'loads', 'excused', 'faults', 'violations']
  return [[head, ...rows, ['all', ...sums]], byPath(results), byKind(results)].map(table).join('\n\n')
}

/** How often it went which way. */
function byPath(results: readonly Result[]): (string | number)[][] {
  const head = [
    'variant',
    'stale reads',
    'renewals',
    'orphaned commits',
    'pending',
    'losses',
    'near',
    'behind',
    'by ms',
    'in place',
    'holes',
  ]
  const rows = results.map(({ name, verdict }) => {
    const { stale, renewals, orphans, pending, losses, near, behind, furthest, amended, holes } = verdict
    return [name, stale, renewals, orphans, pending, losses, near, behind, furthest, amended, holes]
  })
  return [head, ...rows]
}

/** Writes the figures down. Returns the path. */
export function save(results: readonly Result[]): string {
  const folder = new URL('../results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const date = new Date().toISOString()
  const file = fileURLToPath(new URL(`${date.slice(0, 19).replaceAll(':', '')}.json`, folder))
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version }
  const runs = results.map(({ name, seed, seconds, faults, tracking, near, verdict }) => {
    return { name, seed, seconds, faults, tracking, near, verdict }
  })
  writeFileSync(file, `${JSON.stringify({ date, machine, runs }, null, 2)}\n`)
  return file
}

function byKind(results: readonly Result[]): (string | number)[][] {
  const head = ['fault', 'times', 'on tracking connections', 'near reads under it']
  const kinds = [...new Set(results.flatMap(({ faults }) => Object.keys(faults)))].toSorted()
  const sum = (kind: string, counted: readonly (Readonly<Record<string, number>> | undefined)[]) =>
    counted.reduce((all, counts) => all + (counts?.[kind] ?? 0), 0)
  const columns = [results.map(({ faults }) => faults), results.map(({ tracking }) => tracking)]
  const near = results.map((result) => result.near)
  return [head, ...kinds.map((kind) => [kind, ...[...columns, near].map((counted) => sum(kind, counted))])]
}

const total = (faults: Result['faults']) => Object.values(faults).reduce((sum, count) => sum + count, 0)
