import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Machine } from './machine.ts'
import type { Outcome, Table } from './workloads/workload.ts'

export interface Report {
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

/** Writes every run into `results`, and the tables into the README. Returns the path of the former. */
export function save(report: Report): string {
  const name = `${report.date.slice(0, 19).replaceAll(':', '')}-${report.workload}.json`
  const folder = new URL('../results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const { date, command, rounds, machine, outcome } = report
  const file = new URL(name, folder)
  writeFileSync(file, `${JSON.stringify({ date, command, rounds, machine, runs: outcome.runs }, null, 2)}\n`)

  const readme = new URL('../README.md', import.meta.url)
  const section = `## Results: ${report.workload}\n\n${markdown(report)}\n\nEvery run: [${name}](results/${name})`
  writeFileSync(readme, withSection(readFileSync(readme, 'utf8'), report.workload, section))
  return fileURLToPath(file)
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
