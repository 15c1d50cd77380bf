import type { Chart } from '../chart.ts'
import type { PeerName } from '../peers/peers.ts'
import type { Sent } from '../server-ledger.ts'
import { showSpread, spread } from '../spread.ts'
import { type Stampede, StampedeBed, type StampedeScale } from './stampede.bed.ts'
import type { Choice, Outcome, Table } from './workload.ts'

export const stampedingPeers = [
  'cache-aside',
  'bentocache',
  'cache-manager',
  'cacheable',
  'async-cache-dedupe',
  'layered-loader',
  'ioredis',
] as const satisfies readonly PeerName[]

const usual: StampedeScale = { processes: 4, callers: 250, loadTime: 200 }

/** How many commands the processes sent. */
interface Commands {
  /** The first that each connection reads, one for each caller at most: a `GET` of each, or of several. */
  readonly firstReads: number
  /** Sent all the time, whatever is asked for. */
  readonly pings: number
  readonly others: number
}

interface StampedeRun extends Stampede {
  readonly peer: PeerName
  readonly round: number
  /** Of another stampede, right before: to count them takes the server time. */
  readonly commands: Commands
}

/** Callers in several processes who ask, all at once, for what nobody has loaded yet. */
export async function stampede({ peers, rounds, progress }: Choice, scale: StampedeScale = usual): Promise<Outcome> {
  const beds: StampedeBed[] = []
  const runs: StampedeRun[] = []
  try {
    for (const peer of peers) beds.push(await StampedeBed.make(peer, scale))
    // A, B, C, A, B, C: what the machine does meanwhile is done to all of them. Round 0 is for the compiler.
    for (let round = 0; round <= rounds; round += 1) {
      for (const bed of beds) {
        const commands = counted(await bed.log(), scale)
        const run = { peer: bed.peer, round, ...(await bed.run()), commands }
        if (round > 0) runs.push(run)
        progress?.(`round ${round}, ${summary(run)}`)
      }
    }
  } finally {
    await Promise.all(beds.map((bed) => bed[Symbol.asyncDispose]()))
  }
  return { tables: [tableOf(peers, runs, scale)], charts: [chartOf(peers, runs, scale)], runs }
}

function summary({ peer, loads, wait, commands: { firstReads, pings, others } }: StampedeRun): string {
  return `${peer}: ${loads} loads, ${wait.toFixed(1)} ms, commands ${firstReads} + ${others} + ${pings}`
}

const reads: ReadonlySet<string> = new Set(['get', 'mget'])

function counted(sent: readonly Sent[], { callers }: StampedeScale): Commands {
  /** Of each connection that has begun to read, how many first reads it may still have. */
  const left = new Map<string, number>()
  const counts = { firstReads: 0, pings: 0, others: 0 }
  for (const { name, source } of sent) {
    const first = left.get(source) ?? callers
    if (name === 'ping') counts.pings += 1
    else if (reads.has(name) && first > 0) {
      counts.firstReads += 1
      left.set(source, first - 1)
    } else {
      counts.others += 1
      if (left.has(source)) left.set(source, 0)
    }
  }
  return counts
}

type Column = readonly [title: string, figure: (run: StampedeRun) => number]

const columns: readonly Column[] = [
  ['loads', ({ loads }) => loads],
  ['last caller after the load, ms', ({ wait }) => wait],
  ['first reads', ({ commands }) => commands.firstReads],
  ['further commands', ({ commands }) => commands.others],
  ['PING', ({ commands }) => commands.pings],
]

const titleOf = ({ processes, callers, loadTime }: StampedeScale) =>
  `${processes} processes of ${callers} callers each, a loader of ${loadTime} ms`

function tableOf(peers: readonly PeerName[], runs: readonly StampedeRun[], scale: StampedeScale): Table {
  return {
    title: titleOf(scale),
    head: ['', ...columns.map(([title]) => title)],
    rows: peers.map((peer) => {
      const own = runs.filter((run) => run.peer === peer)
      return [peer, ...columns.map(([, figure]) => showSpread(spread(own.map(figure))))]
    }),
  }
}

function chartOf(peers: readonly PeerName[], runs: readonly StampedeRun[], scale: StampedeScale): Chart {
  return {
    name: 'last-caller',
    title: titleOf(scale),
    unit: 'ms from the end of the first load until the last caller has its value',
    bars: peers.map((peer) => ({
      label: peer,
      spread: spread(runs.filter((run) => run.peer === peer).map(({ wait }) => wait)),
      ours: peer === 'cache-aside',
    })),
    marks: [{ at: 10, label: 'wanted 10' }],
  }
}
