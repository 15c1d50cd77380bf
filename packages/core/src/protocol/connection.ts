import { ConnectionError } from '../errors.ts'
import type { Clock } from '../time/clock.ts'
import { Breaker } from './breaker.ts'
import { nodeOf } from './cluster-node.ts'
import { GatheredWrites } from './gathered-writes.ts'
import { guarded } from './guarded.ts'
import type { RedisPort } from './redis-port.ts'
import type { Availability } from './store.ts'

/** How long a first connection may take before `connect` gives up, in milliseconds: TLS across regions included. */
const connectTimeout = 10_000

/** How long a connection of ours may leave a probe without an answer before it is replaced, in milliseconds. */
const longestSilence = 5_000

export interface ConnectionSettings {
  /** The longest one command may delay its caller, in milliseconds. */
  readonly commandTimeout: number
  readonly clock: Clock
  /** Replaces the connection of a client that is ours; that of another's is its owner's to see to. */
  readonly reconnect?: (() => void) | undefined
}

/**
 * A Redis client that is never waited for longer than the command timeout, and while it does not answer not at all.
 *
 * Invariant: a command is handed to the client only while it is connected and answers, so what queues in it while Redis
 * is away is what was under way then, and one probe.
 */
export class Connection {
  readonly #redis: RedisPort
  readonly #settings: ConnectionSettings
  readonly #writes: GatheredWrites
  readonly #listeners = new Set<(change: Availability) => void>()
  /** Of the server, or of the cluster as a whole. */
  readonly #breaker: Breaker
  /** Of the nodes of a cluster: where one does not answer, the others do. */
  readonly #nodes = new Map<string, Breaker>()
  readonly #open = new Set<Breaker>()
  #awaySince = 0
  #cancelReplacing: (() => void) | undefined
  #lastError: unknown
  /** How often the connection, or that to a node of a cluster, was lost. */
  #losses = 0
  #connecting: Promise<void> | undefined

  constructor(redis: RedisPort, settings: ConnectionSettings) {
    this.#redis = redis
    this.#settings = settings
    this.#writes = new GatheredWrites(redis)
    this.#breaker = this.#newBreaker()
    for (const [event, listener] of this.#heard) redis.on(event, listener)
  }

  /**
   * Rejects when Redis is not connected, refuses the command, or has not answered in time; at once while it is known
   * not to answer.
   *
   * @param key One of the command's: in a cluster it says whose silence that would be.
   */
  async send<T>(command: (redis: RedisPort) => Promise<T>, key?: string): Promise<T> {
    const { status } = this.#redis
    try {
      if (status === 'ready') return await this.#sendNow(() => command(this.#redis), key)
      if (this.#breaker.isOpen || !isConnecting(status)) throw this.#lost()
      // Only the first connection is worth waiting for: later ones are retries.
      return await this.#breaker.run(async () => {
        await this.#ready()
        return command(this.#redis)
      })
    } catch (error) {
      // A caller that tries again at once would keep the client from connecting: nothing else here waits for the network.
      await new Promise(setImmediate)
      throw withoutArguments(error)
    }
  }

  /** As `send`, and leaves with all that is sent in the same tick. */
  sendTogether<T>(command: (redis: RedisPort) => Promise<T>, key: string): Promise<T> {
    this.#writes.gather()
    return this.send(command, key)
  }

  /**
   * As `send`, and rejects when the connection was lost before the answer: the client may have sent the command twice,
   * and a copy that was held up on the way may arrive much later. For commands that create a lease.
   */
  async sendOnce<T>(command: (redis: RedisPort) => Promise<T>, key?: string): Promise<T> {
    let losses = this.#losses
    const answer = await this.send((redis) => {
      losses = this.#losses
      return command(redis)
    }, key)
    if (losses !== this.#losses) throw new Error('the connection was lost before Redis answered')
    return answer
  }

  /** As `send`, for many keys: in a cluster those of each node stand or fall by themselves. Rejects if some have fallen. */
  async sendEach(
    keys: readonly string[],
    command: (redis: RedisPort, keys: readonly string[]) => Promise<void>,
  ): Promise<void> {
    if (!this.#redis.isCluster) return this.send((redis) => command(redis, keys))
    const ofNode = new Map<string, string[]>()
    for (const key of keys) {
      const node = nodeOf(this.#redis, key)
      const others = ofNode.get(node)
      if (others) others.push(key)
      else ofNode.set(node, [key])
    }
    await Promise.all([...ofNode.values()].map((some) => this.send((redis) => command(redis, some), some[0])))
  }

  /** How often a connection was lost: what was asked of one server may go on with another. */
  get losses(): number {
    return this.#losses
  }

  /** Calls `listener` when Redis stops answering and when it answers again. Returns how to stop. */
  onChange(listener: (change: Availability) => void): () => void {
    const tell = guarded(listener)
    this.#listeners.add(tell)
    return () => this.#listeners.delete(tell)
  }

  /** @throws {ConnectionError} */
  async connect(address: string): Promise<void> {
    try {
      await this.#within(connectTimeout, this.#ready())
      await this.#within(connectTimeout, this.#redis.callBuffer('ping', []))
    } catch (error) {
      const cause = withoutArguments(error)
      this.#breaker.open(cause)
      throw new ConnectionError(address, cause)
    }
    this.#breaker.close()
  }

  /** Stops listening to the client; the client itself is left as it is. */
  detach(): void {
    for (const [event, listener] of this.#heard) this.#redis.off(event, listener)
    for (const breaker of [this.#breaker, ...this.#nodes.values()]) breaker.stop()
    this.#cancelReplacing?.()
    this.#listeners.clear()
  }

  #sendNow<T>(command: () => Promise<T>, key: string | undefined): Promise<T> {
    if (!this.#redis.isCluster || this.#breaker.isOpen) return this.#breaker.run(command)
    this.#writes.gather()
    // Nobody knows which node is silent then: it is to one caller only.
    if (key === undefined) return this.#within(this.#settings.commandTimeout, command())

    const node = nodeOf(this.#redis, key)
    let breaker = this.#nodes.get(node)
    if (!breaker) this.#nodes.set(node, (breaker = this.#newBreaker()))
    return breaker.run(command, key)
  }

  #newBreaker(): Breaker {
    const breaker: Breaker = new Breaker({
      limit: this.#settings.commandTimeout,
      clock: this.#settings.clock,
      // A PING goes to any node; a key to the one that was silent, or to that which has taken its place.
      ask: (key) => {
        if (this.#redis.status !== 'ready') return undefined
        return key === undefined ? this.#redis.callBuffer('ping', []) : this.#redis.callBuffer('exists', [key])
      },
      opened: (reason) => this.#opened(breaker, reason),
      closed: () => this.#closed(breaker),
    })
    return breaker
  }

  #opened(breaker: Breaker, reason: unknown): void {
    this.#open.add(breaker)
    if (this.#open.size > 1) return
    this.#awaySince = this.#settings.clock.now()
    this.#replaceWhenSilent()
    for (const tell of this.#listeners) tell({ kind: 'degraded', reason })
  }

  #closed(breaker: Breaker): void {
    this.#open.delete(breaker)
    if (this.#open.size > 0) return
    this.#cancelReplacing?.()
    const after = this.#settings.clock.now() - this.#awaySince
    for (const tell of this.#listeners) tell({ kind: 'recovered', after })
  }

  /** The other end of a connection can be gone without a word, and TCP takes a quarter of an hour to notice. */
  #replaceWhenSilent(): void {
    const { clock, reconnect } = this.#settings
    if (!reconnect) return
    this.#cancelReplacing = clock.after(longestSilence, () => {
      const { status } = this.#redis
      if (status === 'ready' || status === 'connect') {
        this.#breaker.forgetProbe()
        reconnect()
      }
      this.#replaceWhenSilent()
    })
  }

  /** Resolves when the client is connected; rejects unless that is the first time, or about to be. */
  #ready(): Promise<void> {
    const { status } = this.#redis
    if (status === 'ready') return Promise.resolve()
    if (!isConnecting(status)) return Promise.reject(this.#notConnected())
    // A failure also arrives as the client's `error` event, which says more, and ends the wait by its `close` event.
    if (status === 'wait')
      this.#redis.connect().catch((error: unknown) => (this.#lastError ??= withoutArguments(error)))

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
      const cancel = this.#settings.clock.after(limit, () => {
        // As in the breaker: let an answer that has arrived be read.
        setImmediate(() => reject(new Error(`no answer from Redis within ${limit} ms`)))
      })
      answer.then(resolve, reject).finally(cancel)
    })
  }

  #lost(): Error {
    const error = this.#notConnected()
    this.#breaker.open(error)
    return error
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
    this.#lastError = undefined
    for (const breaker of this.#open) breaker.probe()
  }

  readonly #onLoss = (): void => {
    this.#losses += 1
    this.#lost()
  }

  readonly #onNodeLoss = (): void => {
    this.#losses += 1
  }

  readonly #onError = (error: unknown): void => {
    this.#lastError = withoutArguments(error)
  }

  readonly #heard = [
    ['ready', this.#onReady],
    ['error', this.#onError],
    ['close', this.#onLoss],
    ['end', this.#onLoss],
    ['-node', this.#onNodeLoss],
  ] as const
}

/** Not lost yet. */
const isConnecting = (status: string) => status === 'wait' || status === 'connecting' || status === 'connect'

/** ioredis attaches the command to an error, with a password or a cached value among its arguments: they must not reach a log. */
function withoutArguments(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  // A cluster that answers nowhere has the error of a node inside its own.
  const ofNode = (error as { lastNodeError?: unknown }).lastNodeError
  if (!('command' in error) && ofNode === undefined) return error
  const reason = ofNode instanceof Error ? `${error.message} ${ofNode.message}` : error.message
  return Object.assign(new Error(reason), { name: error.name })
}
