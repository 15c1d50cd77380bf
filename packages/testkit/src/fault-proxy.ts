import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { onFreePort } from './free-port.ts'

const host = '127.0.0.1'
const directions = ['toServer', 'toClient'] as const

export type Direction = (typeof directions)[number]

/** Starts a TCP proxy, on a free port of 127.0.0.1, for the server on `port` of 127.0.0.1. */
export async function startFaultProxy({ port }: { readonly port: number }): Promise<FaultProxy> {
  return onFreePort(async (own) => {
    const proxy = new FaultProxy(own, port)
    await proxy.accept()
    return proxy
  })
}

/**
 * A network that fails when a test says so. Bytes come late, or not before `heal`, or are lost with their connection;
 * those that come are complete and in order, as TCP promises it.
 */
export class FaultProxy {
  readonly port: number
  /** For a Redis client. */
  readonly url: string
  readonly #upstream: number
  readonly #delays = { toServer: 0, toClient: 0 }
  readonly #connections = new Set<Connection>()
  #server: Server | undefined

  constructor(port: number, upstream: number) {
    this.port = port
    this.url = `redis://${host}:${port}`
    this.#upstream = upstream
  }

  /** How many connections are open, on one side at least. */
  get connections(): number {
    return this.#connections.size
  }

  /** Forwards bytes so many milliseconds late. Without a direction: both ways. */
  delay(ms: number, direction?: Direction): void {
    for (const each of direction ? [direction] : directions) {
      this.#delays[each] = ms
      for (const connection of this.#connections) connection[each].delay = ms
    }
  }

  /** Takes bytes and connections, and forwards nothing before `heal`, not even that a connection was closed. */
  blackHole(direction?: Direction): void {
    this.delay(Number.POSITIVE_INFINITY, direction)
  }

  /** Ends every delay and black hole: what was held back is forwarded now. */
  heal(): void {
    this.delay(0)
  }

  /** Destroys every connection, with what was held back. */
  cut(): void {
    for (const connection of this.#connections) connection.destroy()
  }

  /** Refuses new connections. Those that are open stay. */
  refuse(): void {
    this.#server?.close()
    this.#server = undefined
  }

  /** Takes new connections again, after `refuse`. */
  async accept(): Promise<void> {
    if (this.#server) return
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#open(client))
    await once(this.#server.listen(this.port, host), 'listening')
  }

  /** The end. */
  close(): void {
    this.refuse()
    this.cut()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #open(client: Socket): void {
    const server = connect({ port: this.#upstream, host, allowHalfOpen: true, noDelay: true })
    const connection = new Connection(client, server, this.#delays)
    this.#connections.add(connection)
    void connection.closed.then(() => this.#connections.delete(connection))
  }
}

class Connection {
  readonly toServer: Lane
  readonly toClient: Lane
  /** Resolves when both sides are closed. */
  readonly closed: Promise<unknown>
  readonly #sockets: readonly Socket[]

  constructor(client: Socket, server: Socket, delays: Readonly<Record<Direction, number>>) {
    this.#sockets = [client, server]
    this.closed = Promise.all(this.#sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))))
    this.toServer = new Lane(client, server, delays.toServer)
    this.toClient = new Lane(server, client, delays.toClient)
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

/** One direction of a connection. Invariant: what arrived first is forwarded first, however the delay changes. */
class Lane {
  readonly #to: Socket
  readonly #held: { readonly bytes: Buffer | 'end'; readonly arrived: number }[] = []
  #delay: number
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, delay: number) {
    this.#to = to
    this.#delay = delay
    from.on('data', (bytes: Buffer) => this.#take(bytes))
    from.once('end', () => this.#take('end'))
    // An error is followed by `close`, which is all that the other side may learn of it.
    from.on('error', () => {})
    from.once('close', () => this.#take('end'))
    to.once('close', () => clearTimeout(this.#timer))
  }

  set delay(ms: number) {
    this.#delay = ms
    this.#forward()
  }

  #take(bytes: Buffer | 'end'): void {
    this.#held.push({ bytes, arrived: performance.now() })
    this.#forward()
  }

  #forward(): void {
    clearTimeout(this.#timer)
    for (let first = this.#held[0]; first && !this.#to.destroyed; first = this.#held[0]) {
      const wait = first.arrived + this.#delay - performance.now()
      if (wait > 0) {
        if (Number.isFinite(wait)) this.#timer = setTimeout(() => this.#forward(), wait)
        return
      }
      this.#held.shift()
      if (first.bytes === 'end') this.#to.end()
      else this.#to.write(first.bytes)
    }
  }
}
