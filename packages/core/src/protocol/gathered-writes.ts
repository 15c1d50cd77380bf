import type { Writable } from 'node:stream'
import type { RedisPort } from './redis-port.ts'

/** A client has a socket once it is connected; that of a cluster keeps a client for each node. */
interface Sockets {
  readonly stream?: Writable
  nodes(): readonly { readonly stream?: Writable }[]
}

/** What is sent in one tick leaves as one write, to each node of a cluster: most of what a short command costs is its write. */
export class GatheredWrites {
  readonly #redis: RedisPort & Sockets
  #isGathering = false

  constructor(redis: RedisPort) {
    this.#redis = redis as RedisPort & Sockets
  }

  /** Holds back what is sent from now on, until the end of this tick. */
  gather(): void {
    if (this.#isGathering) return
    this.#isGathering = true
    const redis = this.#redis
    const sockets = redis.isCluster ? redis.nodes().map(({ stream }) => stream) : [redis.stream]
    for (const socket of sockets) socket?.cork()
    process.nextTick(() => {
      this.#isGathering = false
      for (const socket of sockets) socket?.uncork()
    })
  }
}
