import type { PeerName } from '../peers/peers.ts'
import { showSpread, spread } from '../spread.ts'
import type { Timing } from './redis-away.messages.ts'
import { type Measured, type OutageKind, outages, type Run, run } from './redis-away.run.ts'
import type { Choice, Outcome, Table } from './workload.ts'

export const readingPeers = [
  'cache-aside',
  'cache-aside-journal',
  'bentocache',
  'bentocache-breaker',
  'bentocache-tiers',
  'cache-manager',
  'cache-manager-throwing',
] as const satisfies readonly PeerName[]

const usual: Omit<Timing, 'outage'> = { healthy: 2, back: 2, quiet: 2 }

/**
 * Redis is away for some seconds, stopped or frozen, while 64 callers read and a writer invalidates: what readers see,
 * how soon Redis is used again, and which invalidations others never hear of.
 */
export async function redisAway(
  { peers, rounds, seconds, progress }: Choice,
  timing: Omit<Timing, 'outage'> = usual,
): Promise<Outcome> {
  const runs: (Run & { readonly round: number })[] = []
  // A, B, C, A, B, C: what the machine does meanwhile is done to all of them.
  for (let round = 1; round <= rounds; round += 1) {
    for (const outage of kinds) {
      for (const peer of peers) {
        const result = await run(peer, outage, { ...timing, outage: seconds })
        runs.push({ round, ...result })
        progress?.(`round ${round}, ${outage}, ${peer}: ${summary(result.measured)}`)
      }
    }
  }
  return { tables: kinds.flatMap((outage) => tablesOf(outage, peers, runs)), runs }
}

const kinds = Object.keys(outages) as OutageKind[]

function summary(measured: Run['measured']): string {
  if ('failed' in measured) return `failed: ${measured.failed}`
  const { outage } = measured.phases
  return `p99 ${showSpread(spread([outage.p99]))} ms, ${outage.errors} errors, ${measured.lost} invalidations lost`
}

type Column = readonly [title: string, figure: (measured: Measured) => number]

const readers: readonly Column[] = [
  ['p99 before, ms', ({ phases }) => phases.healthy.p99],
  ['p50, ms', ({ phases }) => phases.outage.p50],
  ['p99, ms', ({ phases }) => phases.outage.p99],
  ['max, ms', ({ phases }) => phases.outage.max],
  ['reads', ({ phases }) => phases.outage.reads],
  ['loads', ({ phases }) => phases.outage.loads],
  ['errors', ({ phases }) => phases.outage.errors],
  ['hung', ({ phases }) => phases.outage.hung],
  ['unhandled', ({ phases }) => phases.healthy.unhandled + phases.outage.unhandled + phases.back.unhandled],
]

const writers: readonly Column[] = [
  ['Redis used again after, ms', ({ recovery }) => recovery ?? Number.POSITIVE_INFINITY],
  ['p99 then, ms', ({ phases }) => phases.back.p99],
  ['max then, ms', ({ phases }) => phases.back.max],
  ['errors then', ({ phases }) => phases.back.errors + phases.back.hung],
  ['acknowledged', ({ invalidations }) => invalidations.acknowledged],
  ['pending', ({ invalidations }) => invalidations.pending],
  ['rejected', ({ invalidations }) => invalidations.rejected + invalidations.hung],
  ['lost', ({ lost }) => lost],
]

function tablesOf(outage: OutageKind, peers: readonly PeerName[], runs: readonly Run[]): Table[] {
  const table = (title: string, columns: readonly Column[]): Table => ({
    title: `Redis ${outage}: ${title}`,
    head: ['', ...columns.map(([name]) => name)],
    rows: peers.map((peer) => {
      const rounds = runs.filter((each) => each.peer === peer && each.outage === outage).map(({ measured }) => measured)
      return rowOf(peer, rounds, columns)
    }),
  })
  return [table('readers meanwhile', readers), table('the return, and invalidations', writers)]
}

function rowOf(peer: PeerName, rounds: readonly Run['measured'][], columns: readonly Column[]): string[] {
  const measured = rounds.filter((each): each is Measured => !('failed' in each))
  const failed = rounds.length - measured.length
  const name = failed === 0 ? peer : `${peer} (${failed} of ${rounds.length} failed)`
  if (measured.length === 0) return [name, ...columns.map(() => '')]
  return [name, ...columns.map(([, figure]) => showSpread(spread(measured.map(figure))))]
}
