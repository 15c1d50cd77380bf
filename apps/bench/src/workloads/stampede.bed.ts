import { type RedisServer, type SpawnedProcess, sharedNow, startProcess, startRedis } from '@cache-aside/testkit'
import { give } from '../orders.ts'
import type { PeerName } from '../peers/peers.ts'
import { type Sent, ServerLedger } from '../server-ledger.ts'
import type { Assignment, Order, Report } from './stampede.messages.ts'

/** How many ask, and how long their answer takes. */
export interface StampedeScale {
  readonly processes: number
  /** In each process. */
  readonly callers: number
  /** Of the loader, in milliseconds. */
  readonly loadTime: number
}

export interface Stampede {
  /** In all processes. */
  readonly loads: number
  /** From the end of the first load until the last caller had its value, in milliseconds. */
  readonly wait: number
}

/** In milliseconds: by then, each process knows what it is to do. */
const notice = 50

/** Several processes with one peer, and a Redis of theirs. */
export class StampedeBed {
  readonly peer: PeerName
  readonly #scale: StampedeScale
  readonly #server: RedisServer
  readonly #ledger: ServerLedger
  readonly #processes: SpawnedProcess[] = []
  #keys = 0

  private constructor(peer: PeerName, scale: StampedeScale, server: RedisServer) {
    this.peer = peer
    this.#scale = scale
    this.#server = server
    this.#ledger = new ServerLedger(server.url)
  }

  /** Resolves when each process is connected: many at once would keep each other from it. */
  static async make(peer: PeerName, scale: StampedeScale): Promise<StampedeBed> {
    const bed = new StampedeBed(peer, scale, await startRedis())
    const args = [JSON.stringify({ peer, url: bed.#server.url, loadTime: scale.loadTime } satisfies Assignment)]
    const measured = new URL('stampede.measured.ts', import.meta.url)
    try {
      for (let count = 0; count < scale.processes; count += 1)
        bed.#processes.push(await startProcess(measured, { args }))
      await bed.run()
      return bed
    } catch (error) {
      await bed[Symbol.asyncDispose]()
      throw error
    }
  }

  /** All callers of all processes ask for a key that nobody has asked for before. */
  async run(): Promise<Stampede> {
    this.#keys += 1
    const order: Order = { key: `hot:${this.#keys}`, callers: this.#scale.callers, at: sharedNow() + notice }
    const reports = await Promise.all(this.#processes.map((process) => give<Report>(order, process)))
    return {
      loads: reports.reduce((sum, { loads }) => sum + loads, 0),
      wait: Math.max(...reports.map(({ last }) => last)) - Math.min(...reports.map(({ loaded }) => loaded)),
    }
  }

  /** The same, and what Redis is sent for it, which slows it down. */
  async log(): Promise<readonly Sent[]> {
    return this.#ledger.log(() => this.run())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.kill()))
    await this.#ledger.close()
    await this.#server.stop()
  }
}
