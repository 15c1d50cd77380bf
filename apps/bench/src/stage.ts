import {
  type RedisServer,
  type RedisServerOptions,
  type SpawnedProcess,
  startProcess,
  startRedis,
} from '@cache-aside/testkit'
import { give } from './orders.ts'
import type { PeerName } from './peers/peers.ts'

/** What a process under test is started with. */
export interface Assignment<Peer extends string = PeerName> {
  readonly peer: Peer
  readonly url: string
}

/** Peers, each in a process of its own, all on one Redis. */
export class Stage<Peer extends string = PeerName> {
  readonly #measured: URL
  readonly #server: RedisServer
  readonly #processes = new Map<Peer, SpawnedProcess>()

  private constructor(measured: URL, server: RedisServer) {
    this.#measured = measured
    this.#server = server
  }

  /** @param measured What each process runs: it obeys orders. */
  static async open<Peer extends string = PeerName>(measured: URL, redis?: RedisServerOptions): Promise<Stage<Peer>> {
    return new Stage<Peer>(measured, await startRedis(redis))
  }

  /** `redis 8.0.2` */
  get redis(): string {
    return `redis ${this.#server.version}`
  }

  /** What comes of its first order tells whether it has connected: another is best added after that. */
  async add(peer: Peer): Promise<void> {
    const args = [JSON.stringify({ peer, url: this.#server.url } satisfies Assignment<Peer>)]
    this.#processes.set(peer, await startProcess(this.#measured, { args }))
  }

  async order<Answer>(peer: Peer, order: object): Promise<Answer> {
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
