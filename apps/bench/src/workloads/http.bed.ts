import assert from 'node:assert/strict'
import { type RedisServer, type SpawnedProcess, startProcess, startRedis } from '@cache-aside/testkit'
import { give } from '../orders.ts'
import { ServerLedger } from '../server-ledger.ts'
import { type Ask, type Load, load } from './http.load.ts'
import type { Assignment, Order, Told, Way } from './http.messages.ts'

/** An application: how its route is answered, and whether `@fastify/etag` stands around it. */
export interface Subject {
  readonly way: Way
  readonly etag: boolean
}

/** How much is asked for at a time. */
export interface HttpScale {
  readonly seconds: number
  readonly connections: number
  /** Of which each has a key of its own. */
  readonly pages: number
  /** How many requests go before the first that are measured. */
  readonly warmUps: number
}

/** What clients saw, and what it took, for each request. */
export interface Slice extends Load {
  /** Processor time of the application, in microseconds. */
  readonly cpu: number
  /** Of Redis. */
  readonly commands: number
}

/** `unchanged`: clients say which version they have, and are told that it stands. */
export type Question = 'whole' | 'unchanged'

/** An application with a Redis of its own, and a cache that is filled. */
export class HttpBed {
  readonly subject: Subject
  readonly #server: RedisServer
  readonly #ledger: ServerLedger
  readonly #process: SpawnedProcess
  #url = ''
  #asks: Partial<Record<Question, readonly Ask[]>> = {}

  private constructor(subject: Subject, server: RedisServer, process: SpawnedProcess) {
    this.subject = subject
    this.#server = server
    this.#ledger = new ServerLedger(server.url)
    this.#process = process
  }

  /** Resolves while the application is still starting. */
  static async start(subject: Subject): Promise<HttpBed> {
    const server = await startRedis()
    const args = [JSON.stringify({ ...subject, url: server.url } satisfies Assignment)]
    return new HttpBed(subject, server, await startProcess(new URL('http.measured.ts', import.meta.url), { args }))
  }

  /** Resolves when every page is in the cache. @throws when the application is not what it should be. */
  async fill(pages: number): Promise<void> {
    this.#url = await give<string>({ kind: 'listen' } satisfies Order, this.#process)
    const { way } = this.subject
    const paths = Array.from({ length: pages }, (_, number) => `/pages/${number}?sort=price`)
    const etags: string[] = []
    for (const path of paths) {
      const [first, second] = [await this.#get(path), await this.#get(path)]
      assert.deepEqual([first.status, second.status], [200, 200], `${way}: statuses`)
      assert.deepEqual(await second.json(), await first.json(), `${way}: a hit is what the miss was`)
      assert.equal(second.headers.get('x-cache'), way === 'no cache' ? null : 'HIT', `${way}: the second is a hit`)
      etags.push(second.headers.get('etag') ?? '')
    }
    const refused = await this.#get(paths[0] ?? '', { 'x-client': 'unknown' })
    assert.equal(refused.status, 403, `${way}: the guard stands before a hit`)

    const whole = paths.map((path) => ({ path }))
    const unchanged = whole.map((ask, place) => ({ ...ask, headers: { 'if-none-match': etags[place] ?? '' } }))
    this.#asks = etags.includes('') ? { whole } : { whole, unchanged }
  }

  /** Whether clients are given an ETag. */
  get hasEtags(): boolean {
    return this.#asks.unchanged !== undefined
  }

  async warmUp(question: Question, scale: HttpScale): Promise<void> {
    for (let asked = 0; asked < scale.warmUps; ) asked += (await this.measure(question, scale)).requests
  }

  /** @throws when a guard was passed by, a handler ran that should not, or an answer is another than it should be. */
  async measure(question: Question, scale: HttpScale): Promise<Slice> {
    const { way } = this.subject
    const [before, ledger] = [await this.#told(), await this.#commands()]
    const seen = await load(this.#url, this.#asks[question] ?? [], scale)
    const [after, commands] = [await this.#told(), (await this.#commands()) - ledger]

    assert.deepEqual(Object.keys(seen.statuses), [question === 'whole' ? '200' : '304'], `${way}: statuses`)
    assert.equal(seen.errors, 0, `${way}: errors`)
    assert.ok(after.admitted - before.admitted >= seen.requests, `${way}: the guard was passed by`)
    if (way !== 'no cache') assert.equal(after.handled, before.handled, `${way}: misses among the hits`)
    return { ...seen, cpu: (after.cpu - before.cpu) / seen.requests, commands: commands / seen.requests }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill()
    await this.#ledger.close()
    await this.#server.stop()
  }

  #get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.#url + path, { headers })
  }

  #told(): Promise<Told> {
    return give<Told>({ kind: 'tell' } satisfies Order, this.#process)
  }

  async #commands(): Promise<number> {
    return Object.values(await this.#ledger.executed()).reduce((sum, count) => sum + count, 0)
  }
}
