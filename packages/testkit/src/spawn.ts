import { type ChildProcess, type Serializable, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Exit, type OwnedProcess, own } from './owned-process.ts'

const require = createRequire(import.meta.url)

export interface ProcessOptions {
  readonly args?: readonly string[]
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Runs a TypeScript file in an operating system process of its own, which imports our packages as sources; as they were
 * built last, where the environment has `CACHE_ASIDE_BUILT=1`.
 * The two talk by messages: `process.send` and `process.on('message')` over there, `send` and `receive` here.
 */
export async function startProcess(
  file: string | URL,
  { args = [], env = {} }: ProcessOptions = {},
): Promise<SpawnedProcess> {
  const path = file instanceof URL ? fileURLToPath(file) : file
  const tsx = pathToFileURL(require.resolve('tsx')).href
  const conditions = process.env['CACHE_ASIDE_BUILT'] === '1' ? [] : ['--conditions=@cache-aside/source']
  const child = spawn(process.execPath, [...conditions, '--import', tsx, path, ...args], {
    // The tsconfig.json at the root, which tsx would take, knows nothing of our decorators.
    env: { ...process.env, TSX_TSCONFIG_PATH: resolve(import.meta.dirname, '../../../tsconfig.base.json'), ...env },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    // Keeps undefined, bigints, dates, maps, buffers and errors what they are.
    serialization: 'advanced',
  })
  return new SpawnedProcess(child, await own(child))
}

/** Another process of a test: it shares nothing with this one but what the two send each other. */
export class SpawnedProcess {
  readonly pid: number
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #process: OwnedProcess
  readonly #unread: unknown[] = []

  constructor(child: ChildProcess, owned: OwnedProcess) {
    this.#child = child
    this.#process = owned
    this.pid = owned.pid
    this.exited = owned.exited
    child.on('message', (message) => this.#unread.push(message))
  }

  /** Resolves when the message is on its way; rejects when the process is gone. */
  async send(message: Serializable): Promise<void> {
    await new Promise<void>((sent, failed) => {
      this.#child.send(message, (error) => (error ? failed(error) : sent()))
    })
  }

  /**
   * Takes the first message that fits and was not taken yet, or waits for it.
   *
   * @throws with what the process wrote to its standard error, when it ends before.
   */
  receive(): Promise<unknown>
  receive<Message>(fits: (message: unknown) => message is Message): Promise<Message>
  receive(fits: (message: unknown) => boolean): Promise<unknown>
  async receive(fits: (message: unknown) => boolean = () => true): Promise<unknown> {
    const [message] = await this.#process.heard(() => {
      const index = this.#unread.findIndex(fits)
      return index < 0 ? undefined : this.#unread.splice(index, 1)
    })
    return message
  }

  /** Resolves when the process has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    return this.#process.kill(signal)
  }

  /** SIGSTOP: the process stands still, its connections stay open. */
  pause(): void {
    this.#process.signal('SIGSTOP')
  }

  /** SIGCONT, after `pause`. */
  resume(): void {
    this.#process.signal('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
