import { backOff } from './back-off.ts'
import type { Link } from './link.ts'
import { Pauses } from './pauses.ts'
import { type Tenure, takeTurn } from './tenure.ts'
import { Turn, type TurnSurroundings } from './turn.ts'

interface ConsumerOptions extends Omit<TurnSurroundings, 'pauses' | 'stop' | 'isClosing'> {
  readonly link: Link
  /** Of the lease. */
  readonly leaseKey: string
}

/** How often those that stand by ask whose turn it is, in milliseconds. */
const standingBy = 1_000
/** The first pause after Redis has failed; the next ones are longer. In milliseconds. */
const firstPause = 100

/** Writes when it is this process's turn, and stands by when it is not. */
export class Consumer {
  readonly #options: ConsumerOptions
  readonly #pauses: Pauses
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #isClosing = false
  #isActive = false
  /** A lease that could not be given back. */
  #leftover: Tenure | undefined
  #failures = 0

  constructor(options: ConsumerOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
    this.#running = this.#run()
  }

  get isActive(): boolean {
    return this.#isActive
  }

  /** Lets nothing wait for a fuller batch any more. */
  hurry(): void {
    this.#isClosing = true
    this.#pauses.end()
  }

  /** Ends what goes on; what is not settled is for the next turn. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the write-behind was closed'))
    this.#pauses.end()
    await this.#running
  }

  async #run(): Promise<void> {
    const { reporter } = this.#options
    while (!this.#stop.signal.aborted) {
      try {
        const tenure = await this.#standBy()
        if (tenure) await this.#serve(tenure)
      } catch (error) {
        this.#failures += 1
        reporter.degraded(error)
        await this.#pauses.wait(Math.min(backOff(this.#failures, firstPause), standingBy))
      }
    }
  }

  async #standBy(): Promise<Tenure | undefined> {
    const { link, clock, settings, leaseKey: key, reporter } = this.#options
    await this.#leftover?.release()
    this.#leftover = undefined

    const turn = await takeTurn({ link, clock, key, ttl: settings.leaseTtl, onLost: () => this.#pauses.end() })
    if (!('held' in turn)) return turn
    reporter.recovered()
    this.#failures = 0
    await this.#pauses.wait(Math.min(turn.held + 1, standingBy * (0.5 + Math.random() / 2)))
    return undefined
  }

  async #serve(tenure: Tenure): Promise<void> {
    const { reporter } = this.#options
    const stop = this.#stop.signal
    const turn = new Turn(tenure, { ...this.#options, pauses: this.#pauses, stop, isClosing: () => this.#isClosing })
    this.#isActive = true
    reporter.report({ type: 'active' })
    try {
      await turn.run()
      this.#failures = 0
    } finally {
      this.#isActive = false
      tenure.end()
      // Nobody else may write while `write` still runs here.
      if (!turn.isWriting) {
        this.#leftover = tenure
        await tenure.release().then(
          () => (this.#leftover = undefined),
          () => 'the next turn of this process begins with it',
        )
      }
      reporter.report({ type: 'standby' })
    }
  }
}
