import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Chart, svgOf } from './chart.ts'
import type { Machine } from './machine.ts'
import type { Outcome, Table } from './workloads/workload.ts'

export interface Report {
  /** Of letters, digits and `-`. */
  readonly workload: string
  /** What was typed. */
  readonly command: string
  /** ISO. */
  readonly date: string
  readonly rounds: number
  readonly machine: Machine
  readonly outcome: Outcome
}

export function markdown({ command, date, rounds, machine, outcome }: Report): string {
  const { cpu, cores, memory, node, redis, packages } = machine
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`)
  const how = [
    `Written by \`${command}\` on ${date.slice(0, 10)}: ${cpu}, ${cores} cores, ${memory}; Node ${node}, ${redis};`,
    `${versions.join(', ')}.`,
    rounds === 1
      ? 'One round.'
      : `Medians of ${rounds} rounds; in parentheses the least and the most, where they differ.`,
  ]
  return [how.join('\n'), ...outcome.tables.map((table) => `**${table.title}**\n\n${tableOf(table)}`)].join('\n\n')
}

const bench = new URL('../', import.meta.url)
const docs = new URL('../../../docs/benchmarks/', import.meta.url)

/**
 * Writes every run into `results`. What has charts goes to `docs/benchmarks`, charts before tables; the tables of the rest
 * into the README. Returns the path of the runs.
 */
export function save(report: Report): string {
  const { workload, date, command, rounds, machine, outcome } = report
  const name = `${date.slice(0, 19).replaceAll(':', '')}-${workload}.json`
  const file = new URL(`results/${name}`, bench)
  write(file, `${JSON.stringify({ date, command, rounds, machine, runs: outcome.runs }, rounded, 2)}\n`)

  if (outcome.charts) {
    const images = draw(workload, outcome.charts)
    const runs = `Every run: [${name}](../../apps/bench/results/${name})`
    put(new URL('README.md', docs), workload, [`## ${workload}`, ...images, markdown(report), runs])
  } else {
    const runs = `Every run: [${name}](results/${name})`
    put(new URL('README.md', bench), workload, [`## Results: ${workload}`, markdown(report), runs])
  }
  return fileURLToPath(file)
}

/** What is counted is kept as it is, what is measured in as many digits as say something. */
function rounded(_name: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value
}

/** Draws the charts in place of those of the last run. Returns what shows them. */
function draw(workload: string, charts: readonly Chart[]): string[] {
  const folder = new URL(`${workload}/`, docs)
  rmSync(folder, { recursive: true, force: true })
  for (const chart of charts) write(new URL(`${chart.name}.svg`, folder), svgOf(chart))
  return charts.map(({ name, title }) => `![${title}](${workload}/${name}.svg)`)
}

function put(page: URL, name: string, parts: readonly string[]): void {
  write(page, withSection(readFileSync(page, 'utf8'), name, parts.join('\n\n')))
}

function write(file: URL, text: string): void {
  mkdirSync(new URL('./', file), { recursive: true })
  writeFileSync(file, text)
}

/** Puts a section where the one of this name stands, or at the end. */
export function withSection(text: string, name: string, section: string): string {
  const [begin, end] = [`<!-- ${name}: written by a run -->`, `<!-- end of ${name} -->`]
  const marked = `${begin}\n\n${section}\n\n${end}`
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) return `${text.trimEnd()}\n\n${marked}\n`
  return text.slice(0, from) + marked + text.slice(to + end.length)
}

function tableOf({ head, rows }: Table): string {
  const widths = head.map((title, column) =>
    Math.max(3, ...[title, ...rows.map((row) => row[column] ?? '')].map((cell) => cell.length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}
