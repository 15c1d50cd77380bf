import type { ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'

/** How a process ended: one of the two is null. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Resolves when `child` runs; rejects when it cannot be started. */
export async function own(child: ChildProcess): Promise<OwnedProcess> {
  await once(child, 'spawn')
  return new OwnedProcess(child)
}

/**
 * A child process that ends when this one ends: by an exit, an error, or a signal that can be handled.
 * A SIGKILL cannot: it leaves the children behind.
 */
export class OwnedProcess {
  readonly pid: number
  /** Resolves when the process, and whatever shares its output, has ended, and all it wrote and sent is here. */
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #speech = new EventEmitter()
  #output = ''

  constructor(child: ChildProcess) {
    if (child.pid === undefined) throw new Error(`${child.spawnfile}: not started`)
    this.#child = child
    this.pid = child.pid
    const closed = new Promise<Exit>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })))
    const disconnected = child.connected && once(child, 'disconnect')
    this.exited = Promise.all([closed, disconnected]).then(([exit]) => exit)

    running.add(child)
    child.once('exit', () => running.delete(child))
    child.on('message', () => this.#speech.emit('heard'))
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
        this.#speech.emit('heard')
      })
    }
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves when what it has written matches; rejects when it ends without. */
  async printed(pattern: RegExp): Promise<void> {
    await this.heard(() => pattern.exec(this.#output) ?? undefined)
  }

  /**
   * Looks for something now and whenever the process writes or sends, until it is found.
   *
   * @throws with what the process has written, when it ends before.
   */
  async heard<T>(look: () => T | undefined): Promise<T> {
    const ended = this.exited.then(() => true)
    for (let hasEnded = false; ; ) {
      const found = look()
      if (found !== undefined) return found
      if (hasEnded) throw new Error(`${this.#child.spawnargs.join(' ')} has ended:\n${this.#output.trim()}`)
      hasEnded = await Promise.race([once(this.#speech, 'heard').then(() => false), ended])
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Sends a signal that ends the process and waits until it has. */
  async kill(signal: NodeJS.Signals): Promise<Exit> {
    this.signal(signal)
    return this.exited
  }
}

// Of the whole process, as its exit is.
const running = new Set<ChildProcess>()
const killAll = () => {
  for (const child of running) child.kill('SIGKILL')
}
process.once('exit', killAll)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    killAll()
    // Without another listener the signal does what it does by default.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  })
}
