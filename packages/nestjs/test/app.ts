import { randomUUID } from 'node:crypto'
import { request as send } from 'node:http'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { Test } from '@nestjs/testing'
import type { AbstractHttpAdapter } from '@nestjs/core'
import type { INestApplication, LoggerService, ModuleMetadata } from '@nestjs/common'
import { onTestFinished } from 'vitest'
import {
  CacheAsideInterceptor,
  CacheAsideModule,
  type CacheAsideModuleOptions,
  CacheAsideService,
  type CacheEventOf,
  type CacheEventType,
  MemoryStore,
} from '../src/index.ts'

export interface Platform {
  readonly name: string
  adapter(): AbstractHttpAdapter
}

export const platforms: readonly Platform[] = [
  { name: 'Express', adapter: () => new ExpressAdapter() },
  { name: 'Fastify', adapter: () => new FastifyAdapter() },
]

export interface AppOptions extends ModuleMetadata {
  readonly platform: Platform
  /** Default: a memory store of its own. */
  readonly cache?: Partial<CacheAsideModuleOptions>
  /** Called before the application listens. */
  readonly configure?: (app: INestApplication) => void
}

/** What a client sees. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** `MISS`, `HIT`, `STALE`, `BYPASS`, or null. */
  readonly cache: string | null
  readonly text: string
  readonly json: unknown
}

/** An application that listens on a port of its own, closed when the test ends. */
export class App {
  readonly nest: INestApplication
  readonly log: LogRecorder
  readonly url: string

  constructor(nest: INestApplication, log: LogRecorder, url: string) {
    this.nest = nest
    this.log = log
    this.url = url
  }

  get cache(): CacheAsideService {
    return this.nest.get(CacheAsideService)
  }

  /** The next event of a type. */
  next<Type extends CacheEventType>(type: Type): Promise<CacheEventOf<Type>> {
    return new Promise((resolve) => {
      const listener = (event: CacheEventOf<Type>) => {
        this.cache.events.off(type, listener)
        resolve(event)
      }
      this.cache.events.on(type, listener)
    })
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', path, { headers })
  }

  async send(method: string, path: string, { headers = {}, body }: SendOptions = {}): Promise<Answer> {
    const content = body === undefined ? {} : { body: JSON.stringify(body) }
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await fetch(this.url + path, { method, headers: { ...type, ...headers }, ...content })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      cache: response.headers.get('x-cache'),
      text,
      get json() {
        return JSON.parse(text) as unknown
      },
    }
  }

  /** `get` of exactly this target and host, which fetch would make regular. */
  getRaw(target: string, host: string): Promise<{ readonly cache: string | undefined; readonly text: string }> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(this.url)
      send({ hostname, port, path: target, headers: { host } }, (response) => {
        const chunks: Buffer[] = []
        response
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', () =>
            resolve({ cache: String(response.headers['x-cache']), text: Buffer.concat(chunks).toString() }),
          )
      })
        .on('error', reject)
        .end()
    })
  }
}

interface SendOptions {
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

export async function startApp({ platform, cache, configure, imports = [], ...metadata }: AppOptions): Promise<App> {
  const log = new LogRecorder()
  const testing = await Test.createTestingModule({
    imports: [CacheAsideModule.forRoot({ isGlobal: true, ...cacheOptions(cache) }), ...imports],
    ...metadata,
  })
    .setLogger(log)
    .compile()
  const nest = testing.createNestApplication(platform.adapter())
  onTestFinished(() => nest.close())
  configure?.(nest)
  await nest.listen(0, '127.0.0.1')
  return new App(nest, log, (await nest.getUrl()).replace('[::1]', '127.0.0.1'))
}

/** A store for which time passes when a test says so. */
export class ClockedStore extends MemoryStore {
  #now = super.now()

  override now(): number {
    return this.#now
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds
  }
}

/** Options of a cache that no other test shares. */
export function cacheOptions(given: Partial<CacheAsideModuleOptions> = {}): CacheAsideModuleOptions {
  const store = given.redis === undefined && given.store === undefined ? { store: new MemoryStore() } : {}
  return { namespace: `test-${randomUUID()}`, ...store, ...given }
}

export function bindGlobally(app: INestApplication): void {
  app.useGlobalInterceptors(app.get(CacheAsideInterceptor))
}

/** The lines an application logs, and a way to wait for one. */
export class LogRecorder implements LoggerService {
  readonly lines: string[] = []
  readonly #waiting: { readonly pattern: RegExp; readonly found: () => void }[] = []

  readonly log = (message: unknown): void => this.#add('log', message)
  readonly warn = (message: unknown): void => this.#add('warn', message)
  readonly error = (message: unknown): void => this.#add('error', message)
  readonly debug = (): void => {}
  readonly verbose = (): void => {}
  readonly fatal = (message: unknown): void => this.#add('fatal', message)

  matching(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line))
  }

  /** Resolves when a line matches, one that stands already too. */
  async printed(pattern: RegExp): Promise<void> {
    if (this.matching(pattern).length > 0) return
    await new Promise<void>((found) => this.#waiting.push({ pattern, found }))
  }

  #add(level: string, message: unknown): void {
    const line = `${level}: ${String(message)}`
    this.lines.push(line)
    for (const { pattern, found } of this.#waiting) if (pattern.test(line)) found()
  }
}
