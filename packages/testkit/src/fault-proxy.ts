import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { onFreePort } from './free-port.ts'

const host = '127.0.0.1'
const directions = ['toServer', 'toClient'] as const

export type Direction = (typeof directions)[number]

/** In the first so many bytes of a connection a mark is looked for. */
const markedWithin = 16_384

/**
 * Starts a TCP proxy, on a free port of 127.0.0.1, for the server on `port` of 127.0.0.1.
 *
 * @param mark A text that tells connections apart: those on which the client says it soon can be disturbed alone.
 */
export async function startFaultProxy({ port }: { readonly port: number }, mark?: string): Promise<FaultProxy> {
  return onFreePort(async (own) => {
    const proxy = new FaultProxy(own, port, mark)
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
  /** Connections on which the mark was said; a disturbance of these begins, on a new one, with the mark. */
  readonly marked = new Connections()
  /** All others. */
  readonly unmarked = new Connections()
  readonly #upstream: number
  readonly #mark: string | undefined
  #server: Server | undefined

  constructor(port: number, upstream: number, mark?: string) {
    this.port = port
    this.url = `redis://${host}:${port}`
    this.#upstream = upstream
    this.#mark = mark
  }

  /** How many connections are open, on one side at least. */
  get connections(): number {
    return this.marked.count + this.unmarked.count
  }

  /** Forwards bytes so many milliseconds late. Without a direction: both ways. */
  delay(ms: number, direction?: Direction): void {
    for (const some of [this.marked, this.unmarked]) some.delay(ms, direction)
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
    for (const some of [this.marked, this.unmarked]) some.cut()
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
    // Before the connection forwards it: the mark itself is disturbed already.
    if (this.#mark) onceSaid(client, this.#mark, () => this.marked.add(connection))
    const connection = new Connection(client, server)
    this.unmarked.add(connection)
  }
}

/** Calls back when a text comes among the first bytes of a socket. */
function onceSaid(socket: Socket, text: string, callBack: () => void): void {
  let said = ''
  const listen = (bytes: Buffer): void => {
    said += bytes.toString('latin1')
    const isSaid = said.includes(text)
    if (isSaid || said.length > markedWithin) socket.off('data', listen)
    if (isSaid) callBack()
  }
  socket.on('data', listen)
}

/** Connections that fail together. Invariant: each has the delays of those that it is among. */
class Connections {
  readonly #delays = { toServer: 0, toClient: 0 }
  readonly #members = new Set<Connection>()

  /** How many are open, on one side at least. */
  get count(): number {
    return this.#members.size
  }

  /** {@link FaultProxy.delay} */
  delay(ms: number, direction?: Direction): void {
    for (const each of direction ? [direction] : directions) {
      this.#delays[each] = ms
      for (const connection of this.#members) connection[each].delay = ms
    }
  }

  /** {@link FaultProxy.blackHole} */
  blackHole(direction?: Direction): void {
    this.delay(Number.POSITIVE_INFINITY, direction)
  }

  /** {@link FaultProxy.heal} */
  heal(): void {
    this.delay(0)
  }

  /** {@link FaultProxy.cut} */
  cut(): void {
    for (const connection of this.#members) connection.destroy()
  }

  /** Takes one in, out of where it is. */
  add(connection: Connection): void {
    connection.leave()
    this.#members.add(connection)
    connection.leave = () => this.#members.delete(connection)
    for (const each of directions) connection[each].delay = this.#delays[each]
  }
}

class Connection {
  readonly toServer: Lane
  readonly toClient: Lane
  /** Called when both sides are closed, too. */
  leave: () => void = () => {}
  readonly #sockets: readonly Socket[]

  constructor(client: Socket, server: Socket) {
    this.#sockets = [client, server]
    const closed = this.#sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    void Promise.all(closed).then(() => this.leave())
    this.toServer = new Lane(client, server)
    this.toClient = new Lane(server, client)
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

/** One direction of a connection. Invariant: what arrived first is forwarded first, however the delay changes. */
class Lane {
  readonly #to: Socket
  readonly #held: { readonly bytes: Buffer | 'end'; readonly arrived: number }[] = []
  #delay = 0
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket) {
    this.#to = to
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
