import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type FaultProxy, type HistoryLog, type SpawnedProcess, startProcess } from '@cache-aside/testkit'
import type { Death, WorkerPlace } from './place.ts'
import type { Assignment, Done, Order } from './worker.ts'

/** How long a worker has to come to the moment that a fault is for, in milliseconds. */
const patience = 5_000

/** What the workers of a run have in common. */
type Job = Omit<Assignment, 'name' | 'seed' | 'log' | 'cacheUrl' | 'reads'>

export interface SlotOptions {
  readonly number: number
  readonly seed: number
  readonly job: Job
  readonly folder: string
  readonly log: HistoryLog
  readonly proxy: FaultProxy
}

/** A place for a worker: who is killed is followed by another, under a name of its own. */
export class Slot implements WorkerPlace {
  readonly proxy: FaultProxy
  readonly #options: SlotOptions
  #generation = 0
  #process: SpawnedProcess | undefined
  #meantToDie = false
  /** Rejects when a worker ends that was not told to. */
  readonly broken: Promise<never>
  #break: (error: Error) => void = () => {}

  constructor(options: SlotOptions) {
    this.#options = options
    this.proxy = options.proxy
    this.broken = new Promise((_, reject) => {
      this.#break = reject
    })
    this.broken.catch(() => {}) // Whoever awaits it later is told all the same.
  }

  get name(): string {
    return `w${this.#options.number}.${this.#generation}`
  }

  async start(): Promise<void> {
    const { number, seed, job, folder, proxy } = this.#options
    this.#generation += 1
    const assignment: Assignment = {
      ...job,
      name: this.name,
      seed: seed + number * 1_000 + this.#generation,
      log: join(folder, `${this.name}.log`),
      cacheUrl: proxy.url,
      reads: number < (job.workload.readers ?? job.workload.workers),
    }
    const process = await startProcess(new URL('worker.ts', import.meta.url), { args: [JSON.stringify(assignment)] })
    this.#process = process
    this.#meantToDie = false
    void process.exited.then(() => {
      if (!this.#meantToDie) process.receive(() => false).catch(this.#break)
    })
    await process.receive(isDone('start'))
  }

  pause(): void {
    this.#process?.pause()
  }

  resume(): void {
    this.#process?.resume()
  }

  async pauseInWrite(): Promise<boolean> {
    const process = this.#process
    await process?.send({ kind: 'stop' } satisfies Order)
    // It says so just before: by then it stands.
    const stopped = process?.receive(isDone('stop')).then(() => sleep(100, true))
    const inTime = await Promise.race([stopped, sleep(patience, false, { ref: false })])
    // Should it stop yet, it does so for nothing; and a process that ends before has nothing to say.
    if (!inTime) stopped?.then(() => process?.resume()).catch(() => {})
    return inTime === true
  }

  async kill(when: 'now' | Death): Promise<void> {
    this.#meantToDie = true
    if (when === 'now') await this.#process?.kill()
    else await this.#endItself({ kind: when })
    await this.#replace()
  }

  async block(ms: number): Promise<void> {
    await this.order({ kind: 'block', lasts: ms })
  }

  async retire(): Promise<void> {
    this.#meantToDie = true
    await this.#process?.send({ kind: 'retire' } satisfies Order)
    await Promise.race([this.#process?.receive(isDone('retire')), sleep(2 * patience, undefined, { ref: false })])
    await this.#process?.kill()
    await this.#replace()
  }

  async #replace(): Promise<void> {
    this.#options.log.died(this.name)
    await this.start()
  }

  /** When no such moment comes, it is killed all the same. */
  async #endItself(order: Order): Promise<void> {
    await this.#process?.send(order)
    const inTime = await Promise.race([this.#process?.exited, sleep(patience, 'late', { ref: false })])
    if (inTime === 'late') await this.#process?.kill()
  }

  /** Resolves when the order is done. */
  async order(order: Order): Promise<void> {
    await this.#process?.send(order)
    await this.#process?.receive(isDone(order.kind))
  }

  async end(): Promise<void> {
    this.#meantToDie = true
    await this.#process?.kill()
  }
}

const isDone =
  (kind: Done['done']) =>
  (message: unknown): message is Done =>
    typeof message === 'object' && message !== null && 'done' in message && message.done === kind
