import { type RedisServer, type SpawnedProcess, startProcess, startRedis } from '@cache-aside/testkit'
import { give } from './orders.ts'
import type { PeerName } from './peers/peers.ts'

/** What a process under test is started with. */
export interface Assignment {
  readonly peer: PeerName
  readonly url: string
}

/** Peers, each in a process of its own, all on one Redis. */
export class Stage {
  readonly #measured: URL
  readonly #server: RedisServer
  readonly #processes = new Map<PeerName, SpawnedProcess>()

  private constructor(measured: URL, server: RedisServer) {
    this.#measured = measured
    this.#server = server
  }

  /** @param measured What each process runs: it obeys orders. */
  static async open(measured: URL): Promise<Stage> {
    return new Stage(measured, await startRedis())
  }

  /** What comes of its first order tells whether it has connected: another is best added after that. */
  async add(peer: PeerName): Promise<void> {
    const args = [JSON.stringify({ peer, url: this.#server.url } satisfies Assignment)]
    this.#processes.set(peer, await startProcess(this.#measured, { args }))
  }

  async order<Answer>(peer: PeerName, order: object): Promise<Answer> {
    const process = this.#processes.get(peer)
    if (!process) throw new Error(`${peer}: not on this stage`)
    try {
      return await give(order, process)
    } catch (error) {
      throw new Error(`${peer}: ${String(error)}`, { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#processes.values(), (process) => process.kill()))
    await this.#server.stop()
  }
}
