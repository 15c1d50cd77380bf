import type { Writable } from 'node:stream'
import type { RedisPort } from './redis-port.ts'

/** A client of a cluster keeps one for each node, which has a socket once it is connected. */
interface Nodes {
  nodes(): readonly { readonly stream?: Writable }[]
}

/** What is sent to a cluster in one tick leaves as one write to each node: most of what a short command costs is its write. */
export class GatheredWrites {
  readonly #cluster: RedisPort & Nodes
  #isGathering = false

  constructor(cluster: RedisPort) {
    this.#cluster = cluster as RedisPort & Nodes
  }

  /** Holds back what is sent from now on, until the end of this tick. */
  gather(): void {
    if (this.#isGathering) return
    this.#isGathering = true
    const sockets = this.#cluster.nodes().map(({ stream }) => stream)
    for (const socket of sockets) socket?.cork()
    process.nextTick(() => {
      this.#isGathering = false
      for (const socket of sockets) socket?.uncork()
    })
  }
}
