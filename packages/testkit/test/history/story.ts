import { checkHistory, type Verdict } from '../../src/history/check.ts'
import { type History, parseHistory } from '../../src/history/history.ts'
import type { Action, Beginning, Line, Outcome } from '../../src/history/log.ts'
import type { Bounds } from '../../src/history/violation.ts'

const bounds: Bounds = {
  read: 5_000,
  idle: 1_000,
  waitOut: 4_000,
  echo: 500,
  degraded: 700,
  nearLag: 200,
  window: { limit: 3, weigh: () => 1 },
  barrier: { ttl: 1_500, expiry: 100, optional: false },
}

/** A history by hand: processes, and what each did from when until when. */
export class Story {
  readonly #logs = new Map<string, Line[]>()
  #ids = 0

  /** `to` left out: it has no end. Returns the name of the step, as values carry it. */
  add(
    process: string,
    action: Action,
    [at, to]: readonly [number, number?],
    {
      of,
      tags,
      batched,
      passesBy,
      asks,
      marks,
      everywhere,
      refreshes,
      reason,
      empties,
      stalls,
      ...outcome
    }: Outcome & Omit<Beginning, 'of'> & { readonly of?: string } = {},
    key = 'k',
  ): string {
    const id = ++this.#ids
    const lines = this.#logs.get(process) ?? []
    const parent = of === undefined ? undefined : Number(of.split(':')[1])
    const beginning = {
      of: parent,
      tags,
      batched,
      passesBy,
      asks,
      marks,
      everywhere,
      refreshes,
      reason,
      empties,
      stalls,
    }
    lines.push({ at, begin: action, id, key, ...beginning })
    if (to !== undefined) lines.push({ at: to, end: id, ...outcome })
    this.#logs.set(process, lines)
    return `${process}:${id}`
  }

  /** A read that loads: the load takes the middle of it. */
  miss(
    process: string,
    [at, to]: readonly [number, number],
    version: number,
    { key = 'k', ...more }: Pick<Outcome & Beginning, 'carries' | 'refreshes'> & { readonly key?: string } = {},
  ): string {
    const read = this.add(process, 'read', [at, to], { version, load: `${process}:${this.#ids + 2}` }, key)
    return this.add(process, 'load', [at + 1, to - 1], { version, of: read, ...more }, key)
  }

  line(process: string, line: Line): void {
    this.#logs.set(process, [...(this.#logs.get(process) ?? []), line])
  }

  get history(): History {
    const logs = [...this.#logs].map(([process, lines]) => {
      return [process, lines.map((line) => `${JSON.stringify(line)}\n`).join('')] as const
    })
    return parseHistory(new Map(logs))
  }

  /** @param barrier Other bounds for writes behind barriers. */
  verdict(barrier: Partial<Bounds['barrier']> = {}): Verdict {
    const judged = { ...bounds, barrier: bounds.barrier && { ...bounds.barrier, ...barrier } }
    return checkHistory(this.history, judged)
  }
}

export function story(tell: (story: Story) => void, barrier: Partial<Bounds['barrier']> = {}): string[] {
  const told = new Story()
  tell(told)
  return told.verdict(barrier).violations.map(({ check }) => check)
}
