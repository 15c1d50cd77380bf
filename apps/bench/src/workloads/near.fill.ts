import { deepStrictEqual } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { documentOf, type Form, mustNotLoad } from '../documents.ts'
import type { Peer } from '../peers/peer.ts'

/** A near cache under test, and the Redis behind it. */
export class Nearby {
  readonly #peer: Peer
  readonly #redis: Redis

  constructor(peer: Peer, url: string) {
    this.#peer = peer
    this.#redis = new Redis(url)
  }

  /** Resolves when it answers for all of them from memory. A near cache may keep only what it has read, once it hears of changes. */
  async fill(names: readonly string[], form: Form): Promise<void> {
    for (const key of names) {
      // Parsed, as what a database has sent: it shares nothing with another.
      await this.#peer.getOrLoad(key, async () => JSON.parse(JSON.stringify(documentOf(key, form))))
    }
    for (
      let attempt = 0;
      (await this.commandsOf(() => this.hit(names, 0, names.length))) > names.length / 10;
      attempt += 1
    ) {
      if (attempt === 50) throw new Error('it goes on asking Redis')
      await sleep(100)
    }
    for (const key of names) deepStrictEqual(await this.#peer.getOrLoad(key, mustNotLoad), documentOf(key, form))
  }

  /** One after the other: nothing but the call and its answer. */
  async hit(names: readonly string[], first: number, hits: number): Promise<void> {
    for (let number = first; number < first + hits; number += 1) {
      await this.#peer.getOrLoad(names[number % names.length] as string, mustNotLoad)
    }
  }

  /** How many commands everybody sends meanwhile, but for those that only ask whether Redis is there. */
  async commandsOf(work: () => Promise<void>): Promise<number> {
    const before = await this.#processed()
    await work()
    return (await this.#processed()) - before
  }

  async #processed(): Promise<number> {
    const stats = (await this.#redis.info('commandstats')).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)
    return Array.from(stats)
      .filter(([, name]) => name !== 'ping' && name !== 'info')
      .reduce((sum, [, , calls]) => sum + Number(calls), 0)
  }
}
