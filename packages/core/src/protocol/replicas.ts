import type { Redis } from 'ioredis'
import type { Clock } from '../time/clock.ts'
import { Connection } from './connection.ts'
import type { RedisPort } from './redis-port.ts'

/**
 * Invalidations that replicas have acknowledged too. `WAIT` speaks of what its own connection has sent, and holds it up
 * until it answers: so both go over a connection of their own.
 */
export class Replicas {
  readonly #open: () => Redis
  readonly #timeout: number
  readonly #clock: Clock
  #client: Redis | undefined
  #connection: Connection | undefined

  /** @param timeout How long replicas are waited for, in milliseconds. */
  constructor(open: () => Redis, timeout: number, clock: Clock) {
    this.#open = open
    this.#timeout = timeout
    this.#clock = clock
  }

  async acknowledge(command: (redis: RedisPort) => Promise<unknown>, replicas: number): Promise<void> {
    this.#client ??= this.#open()
    // The server ends the wait; a deadline of our own is for a server that does not answer at all.
    this.#connection ??= new Connection(this.#client, {
      commandTimeout: 2 * this.#timeout,
      clock: this.#clock,
      reconnect: () => this.#client?.disconnect(true),
    })
    const reply = await this.#connection.send(async (redis) => {
      await command(redis)
      return redis.callBuffer('wait', [replicas, this.#timeout])
    })
    if (reply !== undefined && Number(reply) >= replicas) return
    throw new Error(`${Number(reply)} of ${replicas} replicas acknowledged it within ${this.#timeout} ms`)
  }

  close(): void {
    this.#connection?.detach()
    this.#client?.disconnect()
  }
}
