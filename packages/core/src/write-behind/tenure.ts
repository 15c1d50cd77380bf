import { newToken } from '../entry/token.ts'
import { acquire } from '../protocol/acquire.ts'
import { extend } from '../protocol/extend.ts'
import { release } from '../protocol/release.ts'
import type { Lease } from '../protocol/store.ts'
import type { Clock } from '../time/clock.ts'
import type { Link } from './link.ts'

interface TenureOptions {
  readonly link: Link
  readonly clock: Clock
  /** Of the lease. */
  readonly key: string
  /** Milliseconds. */
  readonly ttl: number
  /** Called once, unless the tenure was ended before. */
  readonly onLost: () => void
}

/** Takes the turn to write, or tells for how long another has it. */
export async function takeTurn(options: TenureOptions): Promise<Tenure | { readonly held: number }> {
  const { link, clock, key, ttl } = options
  const sent = clock.now()
  const reply = await link.send((redis) => acquire(redis, key, { token: newToken(), ttl }))
  if (reply.kind === 'acquired') return new Tenure(options, { head: reply.head, ttl }, sent)
  return { held: reply.kind === 'held' ? reply.remaining : ttl }
}

/**
 * One process's turn to write, by a lease in Redis that is extended at each third of its TTL.
 *
 * Invariant: while `stands`, the lease stands in Redis, unless its data was lost: the time counts from when the last
 * extension was sent, and the server's from when it arrived. Scripts compare the lease itself; this is what can be
 * known without asking.
 */
export class Tenure {
  readonly lease: Lease
  readonly #options: TenureOptions
  readonly #lost = new AbortController()
  #until: number
  #ended = false
  #cancel: (() => void)[] = []

  constructor(options: TenureOptions, lease: Lease, sent: number) {
    this.lease = lease
    this.#options = options
    this.#until = sent + lease.ttl
    this.#schedule()
  }

  get stands(): boolean {
    return !this.#lost.signal.aborted && this.#options.clock.now() < this.#until
  }

  /** Aborts when the turn is lost. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /** Redis has said so, or its time is over. */
  lose(): void {
    this.#stop()
    if (this.#ended || this.#lost.signal.aborted) return
    this.#lost.abort(new Error('another process may write: the lease of this one has ended'))
    this.#options.onLost()
  }

  /** Ends the turn without giving the lease back: nobody else writes before its TTL is over. */
  end(): void {
    this.#ended = true
    this.#stop()
  }

  /** Gives the lease back, so that another process need not wait for its end. */
  async release(): Promise<void> {
    const { link, key } = this.#options
    await link.send((redis) => release(redis, key, this.lease))
  }

  #schedule(): void {
    const { clock } = this.#options
    this.#stop()
    this.#cancel = [
      clock.after(this.lease.ttl / 3, () => void this.#extend()),
      clock.after(this.#until - clock.now(), () => this.lose()),
    ]
  }

  async #extend(): Promise<void> {
    const { link, clock, key } = this.#options
    const sent = clock.now()
    try {
      if ((await link.send((redis) => extend(redis, key, this.lease))) === 'lost') return this.lose()
      this.#until = sent + this.lease.ttl
    } catch {
      // The next one may get through before the lease ends.
    }
    if (!this.#ended && !this.#lost.signal.aborted) this.#schedule()
  }

  #stop(): void {
    for (const cancel of this.#cancel.splice(0)) cancel()
  }
}
