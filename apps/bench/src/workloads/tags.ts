import type { PeerName } from '../peers/peers.ts'
import { TagBed } from './tags.bed.ts'
import type { HitCounts, Hits, Operation, Voided } from './tags.messages.ts'
import { hitTables, voidTables } from './tags.tables.ts'
import type { Choice, Outcome } from './workload.ts'

export const taggingPeers = ['cache-aside', 'bentocache', 'async-cache-dedupe'] as const satisfies readonly PeerName[]

/** How much of everything. */
export interface TagScale {
  /** How many entries have the tag, from the fewest. */
  readonly sizes: readonly number[]
  /** How often a call is made again in each round. */
  readonly again: number
  readonly hits: HitCounts
}

const usual: TagScale = { sizes: [10, 1_000, 100_000], again: 200, hits: { alone: 2_000, together: 150 } }

/** What one peer did in one round. */
export interface TagRun {
  readonly peer: PeerName
  /** In round 0 commands are counted, which slows them down; the others are timed. */
  readonly round: number
  readonly measured: Readonly<Record<Operation, readonly Voided[]>> & { readonly hits: readonly Hits[] }
}

/** What it costs to void all entries of a tag, few or many, and what tags cost those who read. */
export async function tags({ peers, rounds, progress }: Choice, scale: TagScale = usual): Promise<Outcome> {
  const beds: TagBed[] = []
  const runs: TagRun[] = []
  try {
    for (const peer of peers) {
      beds.push(await TagBed.make(peer, scale.sizes))
      progress?.(`${peer}: ${scale.sizes.join(', ')} entries`)
    }
    // A, B, C, A, B, C: what the machine does meanwhile is done to all of them.
    for (let round = 0; round <= rounds; round += 1) {
      for (const bed of beds) {
        const run = { peer: bed.peer, round, measured: await measure(bed, round, scale) }
        runs.push(run)
        progress?.(`round ${round}, ${bed.peer}: ${summary(run)}`)
      }
    }
  } finally {
    await Promise.all(beds.map((bed) => bed[Symbol.asyncDispose]()))
  }
  return { tables: [...voidTables(peers, scale.sizes, runs), ...hitTables(peers, runs)], runs }
}

async function measure(bed: TagBed, round: number, scale: TagScale): Promise<TagRun['measured']> {
  const how = { round, counted: round === 0, again: round === 0 ? 0 : scale.again }
  return {
    invalidateTag: await bed.operate('invalidateTag', how),
    clear: await bed.operate('clear', how),
    hits: await bed.hits(scale.hits),
  }
}

function summary({ measured: { invalidateTag } }: TagRun): string {
  const bySize = invalidateTag.toSorted((one, other) => one.entries - other.entries)
  return bySize.map(({ entries, time }) => `${entries} entries void in ${time.toFixed(1)} ms`).join(', ')
}
