import { type RedisServer, type SpawnedProcess, startProcess, startRedis } from '@cache-aside/testkit'
import { give } from '../orders.ts'
import type { PeerName } from '../peers/peers.ts'
import { showSpread, spread } from '../spread.ts'
import {
  type Assignment,
  type Batches,
  type BatchScale,
  type Order,
  states,
  type Way,
  ways,
} from './batches.messages.ts'
import type { Choice, Outcome, Table } from './workload.ts'

export const batchingPeers = [
  'cache-aside',
  'bentocache',
  'cache-manager',
  'ioredis',
] as const satisfies readonly PeerName[]

const usual: BatchScale = { keys: 100, samples: 100, slowSamples: 5 }

interface Run {
  readonly peer: PeerName
  readonly round: number
  readonly measured: readonly Batches[]
}

interface Bed {
  readonly peer: PeerName
  readonly server: RedisServer
  readonly process: SpawnedProcess
}

/** Many keys at once: by one call, by many calls in one tick, and one after the other. */
export async function batches({ peers, rounds, progress }: Choice, scale: BatchScale = usual): Promise<Outcome> {
  const beds: Bed[] = []
  const runs: Run[] = []
  try {
    for (const peer of peers) beds.push(await bedOf(peer))
    // A, B, C, A, B, C: what the machine does meanwhile is done to all of them. Round 0 is for the compiler.
    for (let round = 0; round <= rounds; round += 1) {
      for (const { peer, process } of beds) {
        const order: Order = { scale: round > 0 ? scale : warmUp(scale) }
        const measured = await give<readonly Batches[]>(order, process)
        if (round > 0) runs.push({ peer, round, measured })
        progress?.(`round ${round}, ${peer}: ${summary(measured)}`)
      }
    }
  } finally {
    await Promise.all(beds.map(({ process }) => process.kill()))
    await Promise.all(beds.map(({ server }) => server.stop()))
  }
  return { tables: tablesOf(peers, runs, scale), runs }
}

async function bedOf(peer: PeerName): Promise<Bed> {
  const server = await startRedis()
  const args = [JSON.stringify({ peer, url: server.url } satisfies Assignment)]
  try {
    return { peer, server, process: await startProcess(new URL('batches.measured.ts', import.meta.url), { args }) }
  } catch (error) {
    await server.stop()
    throw error
  }
}

const warmUp = (scale: BatchScale): BatchScale => ({ ...scale, samples: Math.ceil(scale.samples / 4), slowSamples: 1 })

function summary(measured: readonly Batches[]): string {
  return measured.map(({ p50 }) => p50.toFixed(1)).join(', ')
}

const wayOf: Record<Way, string> = {
  together: 'one call',
  'in one tick': 'calls in one tick',
  'one after the other': 'one after the other',
}

type Column = readonly [title: string, figure: (batches: Batches) => number]

const columns: readonly Column[] = [
  ['commands', ({ commands }) => Object.values(commands).reduce((sum, count) => sum + count, 0)],
  ['loads', ({ loads }) => loads],
  ['p50, ms', ({ p50 }) => p50],
  ['p99, ms', ({ p99 }) => p99],
]

function tablesOf(peers: readonly PeerName[], runs: readonly Run[], { keys }: BatchScale): Table[] {
  return states.map((state) => ({
    title: `${keys} keys, ${state}`,
    head: ['', ...columns.map(([title]) => title)],
    rows: ways.flatMap((way) =>
      peers.flatMap((peer) => {
        const all = runs
          .filter((run) => run.peer === peer)
          .flatMap(({ measured }) => measured.filter((each) => each.state === state && each.way === way))
        if (all.length === 0) return []
        return [[`${peer}: ${wayOf[way]}`, ...columns.map(([, figure]) => showSpread(spread(all.map(figure))))]]
      }),
    ),
  }))
}
