import { type RedisServer, type SpawnedProcess, startProcess, startRedis } from '@cache-aside/testkit'
import { give } from '../orders.ts'
import type { PeerName } from '../peers/peers.ts'
import type { Assignment, HitCounts, Hits, Operation, Order, Place, Voided } from './tags.messages.ts'

/** How a round is gone through. */
interface Passage {
  readonly round: number
  /** How often a call is made again. */
  readonly again: number
  readonly counted: boolean
}

interface Holding {
  readonly server: RedisServer
  readonly entries: number
}

/** One peer in a process of its own, and a Redis for each number of entries, which can have them all again. */
export class TagBed {
  readonly peer: PeerName
  readonly #process: SpawnedProcess
  readonly #holdings: readonly Holding[]
  /** For reads. */
  readonly #server: RedisServer

  private constructor(peer: PeerName, process: SpawnedProcess, holdings: readonly Holding[], server: RedisServer) {
    this.peer = peer
    this.#process = process
    this.#holdings = holdings
    this.#server = server
  }

  /** Resolves when each Redis holds its entries, on disk as well. */
  static async make(peer: PeerName, sizes: readonly number[]): Promise<TagBed> {
    const process = await startProcess(new URL('tags.measured.ts', import.meta.url), {
      args: [JSON.stringify({ peer } satisfies Assignment)],
    })
    const holdings: Holding[] = []
    for (const entries of sizes) holdings.push({ entries, server: await startRedis() })
    const bed = new TagBed(peer, process, holdings, await startRedis())
    try {
      await bed.#fill()
      return bed
    } catch (error) {
      await bed[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Each Redis holds its entries when this begins. In each round, another size comes first. */
  async operate(operation: Operation, { round, ...how }: Passage): Promise<Voided[]> {
    await Promise.all(this.#holdings.map(({ server }) => restore(server)))
    const first = round % this.#holdings.length
    const places = [...this.#holdings.slice(first), ...this.#holdings.slice(0, first)].map(placeOf)
    return this.#order({ kind: 'operate', operation, places, ...how })
  }

  hits(counts: HitCounts): Promise<Hits[]> {
    return this.#order({ kind: 'hits', url: this.#server.url, counts })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill()
    await Promise.all([this.#server, ...this.#holdings.map(({ server }) => server)].map((server) => server.stop()))
  }

  async #fill(): Promise<void> {
    for (const holding of this.#holdings) {
      await this.#order({ kind: 'fill', place: placeOf(holding) })
      await holding.server.cli('SAVE')
    }
  }

  #order<Answer>(order: Order): Promise<Answer> {
    return give(order, this.#process)
  }
}

const placeOf = ({ server, entries }: Holding): Place => ({ url: server.url, entries })

/** Back to what is on disk. */
async function restore(server: RedisServer): Promise<void> {
  await server.kill()
  await server.start()
}
