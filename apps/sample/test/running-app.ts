import { CacheAsideService, type CacheEventType } from '@cache-aside/nestjs'
import { type INestApplication, Logger } from '@nestjs/common'
import { createApp } from '../src/app.ts'
import { Config } from '../src/config.ts'
import { Postgres } from '../src/database/postgres.ts'

export interface Answer {
  readonly status: number
  /** The header `X-Cache`. */
  readonly cache: string | null
  readonly body: unknown
}

/** The app of `main.ts`, listening, and what its clients say to it. */
export class RunningApp {
  private constructor(
    readonly nest: INestApplication,
    private readonly url: string,
    /** What it has logged, but for what Nest says when it starts; the app that was started last logs for all of this process. */
    readonly log: readonly string[],
  ) {}

  static async start(environment: NodeJS.ProcessEnv): Promise<RunningApp> {
    const log: string[] = []
    const line = (level: string) => (message: unknown) => void log.push(`${level}: ${String(message)}`)
    Logger.overrideLogger({ log: () => {}, warn: line('warn'), error: line('error'), fatal: line('fatal') })
    const nest = await createApp(new Config({ READ_LATENCY: '0', MODEL_LATENCY: '0', ...environment }))
    await nest.listen(0, '127.0.0.1')
    Logger.overrideLogger({ log: line('log'), warn: line('warn'), error: line('error'), fatal: line('fatal') })
    return new RunningApp(nest, await nest.getUrl(), log)
  }

  async get(path: string): Promise<Answer> {
    return this.#request(path, {})
  }

  async delete(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#request(path, { method: 'DELETE', headers })
  }

  async patch(path: string, body: unknown): Promise<Answer> {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    return this.#request(path, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: text })
  }

  async post(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> {
    const all = { 'content-type': 'application/json', ...headers }
    return this.#request(path, { method: 'POST', headers: all, body: JSON.stringify(body) })
  }

  /** Resolves at the next event of its cache of this type. */
  next(type: CacheEventType): Promise<unknown> {
    const { events } = this.nest.get(CacheAsideService)
    return new Promise((resolve) => {
      const listener = (event: unknown) => {
        events.off(type, listener)
        resolve(event)
      }
      events.on(type, listener)
    })
  }

  /** How many times `work` has the app use its database: the pool hands out a connection for each. */
  async databaseReads(work: () => Promise<unknown>): Promise<number> {
    const { pool } = this.nest.get(Postgres)
    let reads = 0
    const count = () => void (reads += 1)
    pool.on('acquire', count)
    await work()
    pool.off('acquire', count)
    return reads
  }

  async #request(path: string, options: RequestInit): Promise<Answer> {
    const response = await fetch(this.url + path, options)
    const text = await response.text()
    return {
      status: response.status,
      cache: response.headers.get('x-cache'),
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nest.close()
  }
}
