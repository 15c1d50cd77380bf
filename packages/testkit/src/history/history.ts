import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Action, Beginning, Line, Outcome, Residue, Settled } from './log.ts'

/** What one process did, from its first moment to its last. */
export interface Step extends Beginning, Outcome {
  readonly process: string
  readonly id: number
  readonly action: Action
  readonly key: string
  readonly began: number
  /** Undefined: its process died first, or it goes on. */
  readonly ended?: number
}

/** The logs of a run, put together. */
export interface History {
  readonly steps: readonly Step[]
  /** Processes that are gone, and when each gave its last sign of life. */
  readonly deaths: ReadonlyMap<string, number>
  /** The same processes, and when each was seen to be gone. */
  readonly exits: ReadonlyMap<string, number>
  readonly settled: ReadonlyMap<string, Settled & { readonly at: number }>
  readonly residues: readonly { readonly key: string; readonly what: Residue }[]
  /** The last moment that the history tells of. */
  readonly until: number
}

/** Reads every `<process>.log` of a folder, up to a moment: those who write may go on. */
export function readHistory(folder: string, until: number = Number.POSITIVE_INFINITY): History {
  const files = readdirSync(folder).filter((file) => file.endsWith('.log'))
  return parseHistory(
    new Map(files.map((file) => [basename(file, '.log'), readFileSync(join(folder, file), 'utf8')])),
    until,
  )
}

/** @param logs By the name of the process. A last line without its end was lost with its process. */
export function parseHistory(logs: ReadonlyMap<string, string>, until: number = Number.POSITIVE_INFINITY): History {
  const steps: Step[] = []
  const deaths = new Map<string, number>()
  const settled = new Map<string, Settled & { at: number }>()
  const residues: { key: string; what: Residue }[] = []
  const exits = new Map<string, number>()
  let latest = 0

  for (const [process, log] of logs) {
    const open = new Map<number, Step>()
    let last = Number.NEGATIVE_INFINITY
    for (const text of log.split('\n').slice(0, -1)) {
      const line = JSON.parse(text) as Line
      if (line.at > until) continue
      last = Math.max(last, line.at)
      if ('begin' in line) {
        const { at, begin, ...more } = line
        open.set(line.id, { process, action: begin, began: at, ...more })
      } else if ('end' in line) {
        const { at, end, ...outcome } = line
        const step = open.get(end)
        if (!step) throw new Error(`${process}.log ends step ${end}, which it has not begun`)
        open.delete(end)
        steps.push({ ...step, ...outcome, ended: at })
      } else if ('died' in line) exits.set(line.died, line.at)
      else if ('settled' in line) {
        const { settled: key, ...holds } = line
        settled.set(key, holds)
      } else residues.push({ key: line.residue, what: line.what })
    }
    steps.push(...open.values())
    deaths.set(process, last)
    latest = Math.max(latest, last)
  }
  for (const process of deaths.keys()) if (!exits.has(process)) deaths.delete(process)
  return { steps, deaths, exits, settled, residues, until: Number.isFinite(until) ? until : latest }
}
