import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis, type RedisOptions } from 'ioredis'
import { onFreePort } from './free-port.ts'
import { OwnedProcess, own } from './owned-process.ts'
import { findRedisServer, type RedisBinary } from './redis-binary.ts'
import { logServer } from './servers-log.ts'

const host = '127.0.0.1'

export interface RedisServerOptions {
  /** The program itself, or the name of a known server, such as `redis-8`. Default: what `findRedisServer` finds. */
  readonly server?: string
  /** Further settings of the server, as on its command line: `['--maxmemory', '2mb']`. */
  readonly args?: readonly string[]
  /** Default: a free one. */
  readonly port?: number
  /** What errors call this server. Default: redis or valkey. */
  readonly name?: string
}

/** Starts a Redis server on 127.0.0.1 that keeps nothing on disk. Resolves when it answers. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const binary = await findRedisServer(options.server === undefined ? {} : { server: options.server })
  const dir = await mkdtemp(join(tmpdir(), `${binary.name}-`))
  const listen = async (port: number) => {
    const server = new RedisServer(binary, dir, port, options)
    await server.start()
    return server
  }
  try {
    const server = await (options.port === undefined ? onFreePort(listen) : listen(options.port))
    logServer(binary.name, binary.version, server.port)
    return server
  } catch (error) {
    await rm(dir, { recursive: true, force: true })
    throw error
  }
}

/** A Redis server of a test's own, which the test can stop, kill, freeze and start again. */
export class RedisServer {
  readonly port: number
  readonly version: string
  readonly url: string
  readonly #binary: RedisBinary
  readonly #args: readonly string[]
  readonly #dir: string
  readonly #name: string
  readonly #clients = new Set<Redis>()
  #process: OwnedProcess | undefined

  constructor(binary: RedisBinary, dir: string, port: number, { args = [], name = binary.name }: RedisServerOptions) {
    this.port = port
    this.version = binary.version
    this.url = `redis://${host}:${port}`
    this.#binary = binary
    this.#name = `${name} :${port}`
    this.#dir = dir
    const settings = { port, bind: host, dir, daemonize: 'no', save: '', appendonly: 'no' }
    this.#args = [...Object.entries(settings).flatMap(([setting, value]) => [`--${setting}`, String(value)]), ...args]
  }

  get pid(): number {
    return this.#running.pid
  }

  get #running(): OwnedProcess {
    if (!this.#process?.isRunning) throw new Error(`${this.#name}: not running`)
    return this.#process
  }

  /** Starts the server again, on its port and in its folder. Resolves when it answers. */
  async start(): Promise<void> {
    if (this.#process?.isRunning) throw new Error(`${this.#name}: running already`)
    this.#process = await own(
      spawn(this.#binary.path, this.#args, {
        env: { ...process.env, ...this.#binary.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )
    await this.printed(/Ready to accept connections/)
    await this.cli('PING')
  }

  /** SIGKILL. Resolves when the process is gone and its port closed. */
  async kill(): Promise<void> {
    await this.#running.kill('SIGKILL')
  }

  /** The end: disconnects the clients, stops the server, frozen or not, and removes its folder. */
  async stop(): Promise<void> {
    for (const client of this.#clients) client.disconnect()
    this.#clients.clear()
    if (this.#process?.isRunning) {
      this.resume()
      await this.#process.kill('SIGTERM')
    }
    await rm(this.#dir, { recursive: true, force: true })
  }

  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(): void {
    this.#running.signal('SIGSTOP')
  }

  /** SIGCONT, after `pause`. */
  resume(): void {
    this.#running.signal('SIGCONT')
  }

  /** A client of this server, disconnected by `stop`. */
  client(options: Omit<RedisOptions, 'replyMapping'> = {}): Redis {
    const client = new Redis({ host, port: this.port, ...options })
    // Tests break connections on purpose; a command that fails by it rejects.
    client.on('error', () => {})
    this.#clients.add(client)
    return client
  }

  /** Sends one command over a connection of its own. */
  async cli(command: string, ...args: readonly (string | Buffer | number)[]): Promise<unknown> {
    const connection = new Redis({
      host,
      port: this.port,
      protocol: 2,
      enableReadyCheck: false,
      retryStrategy: () => null,
    })
    const unreachable = once(connection, 'error').then(([error]) => Promise.reject(error))
    try {
      return await Promise.race([connection.call(command, ...args), unreachable])
    } finally {
      connection.disconnect()
    }
  }

  /** Resolves when the log of the running server matches; rejects with the log when it ends without. */
  async printed(pattern: RegExp): Promise<void> {
    await this.#running.printed(pattern)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
