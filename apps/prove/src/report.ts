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
  const head = ['variant', 'stale reads', 'renewals', 'orphaned commits', 'pending', 'losses']
  const rows = results.map(({ name, verdict }) => {
    return [name, verdict.stale, verdict.renewals, verdict.orphans, verdict.pending, verdict.losses]
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
  const runs = results.map(({ name, seed, seconds, faults, verdict }) => ({ name, seed, seconds, faults, verdict }))
  writeFileSync(file, `${JSON.stringify({ date, machine, runs }, null, 2)}\n`)
  return file
}

function byKind(results: readonly Result[]): (string | number)[][] {
  const kinds = new Map<string, number>()
  for (const { faults } of results) {
    for (const [kind, count] of Object.entries(faults)) kinds.set(kind, (kinds.get(kind) ?? 0) + count)
  }
  return [...kinds].toSorted(([a], [b]) => a.localeCompare(b))
}

const total = (faults: Result['faults']) => Object.values(faults).reduce((sum, count) => sum + count, 0)
