import type { Cluster, Redis } from 'ioredis'
import type { Clock } from '../time/clock.ts'
import type { Tracking, TrackingListener } from './store.ts'

/** How long a connection may leave a PING without an answer before it is replaced, in milliseconds. */
const longestSilence = 5_000

/** Before a connection that is of no use now is made anew, in milliseconds. */
const restartPause = 1_000

const channel = '__redis__:invalidate'

export interface TrackingSettings {
  readonly prefixes: readonly string[]
  /** Between two PINGs, in milliseconds. */
  readonly beat: number
  readonly clock: Clock
}

/**
 * Hears from every master which keys change: `CLIENT TRACKING` in broadcasting mode, over connections of its own.
 *
 * The server sends what has changed before it answers a PING that came after the change. So what changed before the last
 * PING that was answered was sent has been told: `lag` is the age of that PING, whatever becomes of network and process.
 *
 * @see https://redis.io/docs/latest/develop/reference/client-side-caching/
 */
export function track(client: Redis | Cluster, settings: TrackingSettings, listener: TrackingListener): Tracking {
  const { beat, clock } = settings
  const nodes = new Map<Redis, NodeTracking>()
  const { keyPrefix = '' } = client.options // Those of a cluster's nodes have none.
  const masters = () => (client.isCluster ? (client as Cluster).nodes('master') : [client as Redis])
  let hearing = false
  let cancel = () => {}
  let isClosed = false

  const follow = (): void => {
    const current = new Set(masters())
    for (const [node, tracking] of nodes) {
      if (current.has(node)) continue
      tracking.close()
      nodes.delete(node)
      lost('a master of the cluster is gone')
    }
    for (const node of current) {
      if (nodes.has(node)) continue
      const around = { ...settings, keyPrefix, data: client.isCluster ? undefined : node }
      nodes.set(node, new NodeTracking(node, around, { ...listener, lost, ready, refused }))
      lost('a master of the cluster has come')
    }
    ready()
  }
  const lost = (reason: unknown): void => {
    if (!hearing) return
    hearing = false
    listener.lost(reason)
    ready() // A server that was flushed goes on telling.
  }
  const ready = (): void => {
    if (hearing || nodes.size === 0 || [...nodes.values()].some((node) => !node.isHeard)) return
    hearing = true
    listener.ready()
  }
  const refused = (reason: unknown): void => {
    close()
    listener.refused(reason)
  }
  const tick = (): void => {
    follow() // A replica that is promoted is no new node.
    for (const node of nodes.values()) node.beat()
    cancel = clock.after(beat, tick)
  }
  const restart = (): void => {
    for (const node of nodes.values()) node.restart()
  }
  const arm = (): void => {
    for (const node of nodes.values()) void node.arm()
  }
  const rest = (): void => {
    for (const node of nodes.values()) node.rest()
  }
  const close = (): void => {
    if (isClosed) return
    isClosed = true
    cancel()
    allowListeners(client, -1)
    client.off('close', restart)
    client.off('ready', arm)
    client.off('end', rest)
    client.off('+node', follow)
    client.off('-node', follow)
    for (const node of nodes.values()) node.close()
    nodes.clear()
    hearing = false
  }

  if (client.isCluster) {
    client.on('+node', follow)
    client.on('-node', follow)
  } else {
    // What it connects to may be another server than before, and what changes there is not told here.
    client.on('close', restart)
    client.on('ready', arm)
    client.on('end', rest)
  }
  allowListeners(client, 1)
  tick()
  return {
    lag: () => {
      if (!hearing || nodes.size === 0) return Number.POSITIVE_INFINITY
      let longest = 0
      for (const node of nodes.values()) longest = Math.max(longest, node.lag())
      return longest
    },
    close,
  }
}

interface NodeSettings extends TrackingSettings {
  /** Of every key. */
  readonly keyPrefix: string
  /** The client that reads, where it may be connected to another server than a second client with the same options. */
  readonly data: Redis | undefined
}

/** The connection to one master. RESP2: the client drops what is pushed over RESP3. */
class NodeTracking {
  readonly #subscriber: Redis
  readonly #settings: NodeSettings
  readonly #listener: TrackingListener
  /** Of the connection: another one after each loss, and an answer to a PING of an earlier one does not count. */
  #era = 0
  #isArmed = false
  /** Whether a PING is under way. */
  #isAsking = false
  /** When the last PING that was answered was sent, by both clocks: the monotonic one stands still while a machine sleeps. */
  #heard: { readonly now: number; readonly wall: number } | undefined
  #silentSince: number | undefined

  constructor(node: Redis, settings: NodeSettings, listener: TrackingListener) {
    this.#settings = settings
    this.#listener = listener
    const options = {
      protocol: 2 as const,
      replyMapping: 'legacy' as const,
      keyPrefix: '',
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: null,
      retryStrategy: (attempt: number) => Math.min(50 * attempt, 1_000),
      // Of the client's own, what would end a PING or its connection before the server has answered.
      enableAutoPipelining: false,
      reconnectOnError: null,
      commandTimeout: undefined,
      socketTimeout: undefined,
    }
    this.#subscriber = node.duplicate(options)
    this.#subscriber.on('error', () => {}) // It is tried again until it is closed.
    this.#subscriber.on('ready', () => void this.arm())
    this.#subscriber.on('close', () => this.#lost())
    this.#subscriber.on('messageBuffer', (_channel: Buffer, keys: readonly Buffer[] | null) => {
      if (keys === null) listener.lost('the server was flushed')
      else listener.changed(keys.map((key) => key.toString().slice(settings.keyPrefix.length)))
    })
    this.#connect()
  }

  get isHeard(): boolean {
    return this.#heard !== undefined
  }

  lag(): number {
    if (!this.#heard) return Number.POSITIVE_INFINITY
    const { clock } = this.#settings
    return Math.max(clock.now() - this.#heard.now, clock.wall() - this.#heard.wall)
  }

  beat(): void {
    const { clock, data } = this.#settings
    if (this.#subscriber.status === 'end' && (!data || data.status === 'ready')) return this.#connect()
    if (this.#silentSince !== undefined && clock.now() - this.#silentSince > longestSilence) return this.restart()
    // One at a time: of two that a busy server answers in one turn, the later is answered before what changed between them is told.
    if (this.#isArmed && !this.#isAsking) void this.#ping()
  }

  restart(): void {
    this.#lost()
    if (this.#subscriber.status !== 'end') this.#subscriber.disconnect(true)
  }

  /** Until the client that reads is connected again: a client that was closed keeps no process alive. */
  rest(): void {
    this.#lost()
    this.#subscriber.disconnect()
  }

  close(): void {
    this.#subscriber.removeAllListeners('messageBuffer').disconnect()
    this.#era += 1
    this.#isArmed = false
    this.#heard = undefined
  }

  #connect(): void {
    this.#subscriber.connect().catch(() => {})
  }

  /** Once both connections are ready. */
  async arm(): Promise<void> {
    const { prefixes, keyPrefix, data, clock } = this.#settings
    if (this.#subscriber.status === 'end') this.#connect()
    if (this.#subscriber.status !== 'ready' || (data && data.status !== 'ready')) return
    const era = ++this.#era
    this.#isAsking = false
    const isOver = () => era !== this.#era
    const listed = prefixes.flatMap((prefix) => ['PREFIX', `${keyPrefix}${prefix}`])
    this.#silentSince = clock.now()
    try {
      const isSame = data === undefined || (await areOfOneServer(data, this.#subscriber))
      if (isOver()) return
      if (!isSame) return this.#restartLater()
      const id = await this.#subscriber.client('ID')
      if (isOver()) return
      await this.#subscriber.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST', ...listed)
      if (isOver()) return
      await this.#subscriber.subscribe(channel)
      if (isOver()) return
    } catch (error) {
      if (isOver()) return
      if (isRefusal(error)) this.#listener.refused(new Error(error.message))
      else this.#restartLater() // LOADING, BUSY: it passes.
      return
    }
    this.#isArmed = true
    this.beat()
  }

  #restartLater(): void {
    const era = this.#era
    this.#settings.clock.after(restartPause, () => {
      if (era === this.#era) this.restart()
    })
  }

  async #ping(): Promise<void> {
    const { clock } = this.#settings
    const era = this.#era
    this.#silentSince = clock.now()
    const sent = { now: clock.now(), wall: clock.wall() }
    this.#isAsking = true
    try {
      await this.#subscriber.ping()
      if (era !== this.#era) return
    } catch (error) {
      // Its connection is gone; or the server is BUSY with a script, and answers that before it tells what has changed.
      if (era === this.#era && isRefusal(error)) this.#listener.refused(new Error(error.message))
      return
    } finally {
      if (era === this.#era) this.#isAsking = false
    }
    const isFirst = !this.#heard
    this.#heard = sent
    this.#silentSince = undefined
    if (isFirst) this.#listener.ready()
  }

  #lost(): void {
    this.#era += 1
    const wasHeard = this.#heard !== undefined
    this.#isArmed = false
    this.#isAsking = false
    this.#heard = undefined
    this.#silentSince = undefined
    if (wasHeard) this.#listener.lost('the connection was lost')
  }
}

/** Many caches on one client are no leak. */
function allowListeners(client: Redis | Cluster, more: number): void {
  const most = client.getMaxListeners()
  if (most > 0) client.setMaxListeners(most + more)
}

/** By Sentinel, by DNS or by a balancer two clients may come to different ones. True where that is not told. */
async function areOfOneServer(one: Redis, other: Redis): Promise<boolean> {
  const runId = async (redis: Redis) => /run_id:(\w+)/.exec(await redis.info('server'))?.[1]
  try {
    const [first, second] = await Promise.all([runId(one), runId(other)])
    return first === second
  } catch (error) {
    if (isRefusal(error)) return true
    throw error
  }
}

/** No permission, or a proxy that does not know the command. */
const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && /^(NOPERM|ERR unknown) /i.test(error.message)
