import { ConnectionError } from '../errors.ts'
import type { Clock } from '../time/clock.ts'
import type { RedisPort } from './redis-port.ts'

/** How long a first connection may take before `connect` gives up, in milliseconds: TLS across regions included. */
const connectTimeout = 10_000

/** The events of a lost connection: a cluster tells of its nodes. */
const lost = ['close', '-node']

/**
 * A Redis client that is never waited for longer than the command timeout.
 *
 * Invariant: a command is handed to the client only while it is connected, so nothing queues in it while Redis is away.
 */
export class Connection {
  readonly #redis: RedisPort
  readonly #commandTimeout: number
  readonly #clock: Clock
  #wasReady: boolean
  #lastError: unknown
  /** How often the connection, or that to a node of a cluster, was lost. */
  #losses = 0
  #connecting: Promise<void> | undefined

  constructor(redis: RedisPort, commandTimeout: number, clock: Clock) {
    this.#redis = redis
    this.#commandTimeout = commandTimeout
    this.#clock = clock
    this.#wasReady = redis.status === 'ready'
    redis.on('ready', this.#onReady)
    redis.on('error', this.#onError)
    for (const event of lost) redis.on(event, this.#onLoss)
  }

  /** Rejects when Redis is not connected, refuses the command, or has not answered in time. */
  async send<T>(command: (redis: RedisPort) => Promise<T>): Promise<T> {
    if (this.#redis.status !== 'ready') await this.#within(this.#commandTimeout, this.#ready())
    return this.#within(this.#commandTimeout, command(this.#redis))
  }

  /**
   * As `send`, and rejects when the connection was lost before the answer: the client may have sent the command twice,
   * and a copy that was held up on the way may arrive much later. For commands that create a lease.
   */
  async sendOnce<T>(command: (redis: RedisPort) => Promise<T>): Promise<T> {
    let losses = this.#losses
    const answer = await this.send((redis) => {
      losses = this.#losses
      return command(redis)
    })
    if (losses !== this.#losses) throw new Error('the connection was lost before Redis answered')
    return answer
  }

  /** @throws {ConnectionError} */
  async connect(address: string): Promise<void> {
    try {
      await this.#within(connectTimeout, this.#ready())
      await this.#within(connectTimeout, this.#redis.callBuffer('ping', []))
    } catch (error) {
      throw new ConnectionError(address, error)
    }
  }

  /** Stops listening to the client; the client itself is left as it is. */
  detach(): void {
    this.#redis.off('ready', this.#onReady)
    this.#redis.off('error', this.#onError)
    for (const event of lost) this.#redis.off(event, this.#onLoss)
  }

  /** Resolves when the client is connected. Only the first connection is worth waiting for: later ones are retries. */
  #ready(): Promise<void> {
    const { status } = this.#redis
    if (status === 'ready') return Promise.resolve()
    // A failure also arrives as the client's `error` event, which says more, and ends the wait by its `close` event.
    if (status === 'wait')
      this.#redis.connect().catch((error: unknown) => (this.#lastError ??= withoutArguments(error)))
    else if (this.#wasReady || (status !== 'connecting' && status !== 'connect'))
      return Promise.reject(this.#notConnected())

    return (this.#connecting ??= this.#firstConnection())
  }

  /** One promise for all who wait: a client is given one listener, not one for each caller. */
  #firstConnection(): Promise<void> {
    const events = ['ready', 'close', 'end']
    return new Promise((resolve, reject) => {
      const settle = () => {
        for (const event of events) this.#redis.off(event, settle)
        this.#connecting = undefined
        if (this.#redis.status === 'ready') resolve()
        else reject(this.#notConnected())
      }
      for (const event of events) this.#redis.on(event, settle)
    })
  }

  #within<T>(limit: number, answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(limit, () => {
        // An event loop that was blocked runs its timers first: let an answer that has arrived be read.
        setImmediate(() => reject(new Error(`no answer from Redis within ${limit} ms`)))
      })
      answer.then(
        (value) => {
          cancel()
          resolve(value)
        },
        (error: unknown) => {
          cancel()
          reject(withoutArguments(error))
        },
      )
    })
  }

  #notConnected(): Error {
    const reason =
      this.#lastError instanceof Error
        ? this.#lastError.message || (this.#lastError as { code?: string }).code
        : undefined
    return new Error(`not connected to Redis (${this.#redis.status}${reason ? `: ${reason}` : ''})`, {
      cause: this.#lastError,
    })
  }

  readonly #onReady = (): void => {
    this.#wasReady = true
    this.#lastError = undefined
  }

  readonly #onLoss = (): void => {
    this.#losses += 1
  }

  readonly #onError = (error: unknown): void => {
    this.#lastError = withoutArguments(error)
  }
}

/** ioredis attaches the command to an error, with a password or a cached value among its arguments: they must not reach a log. */
function withoutArguments(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  // A cluster that answers nowhere has the error of a node inside its own.
  const ofNode = (error as { lastNodeError?: unknown }).lastNodeError
  if (!('command' in error) && ofNode === undefined) return error
  const reason = ofNode instanceof Error ? `${error.message} ${ofNode.message}` : error.message
  return Object.assign(new Error(reason), { name: error.name })
}
