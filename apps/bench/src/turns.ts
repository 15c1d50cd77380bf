import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** In milliseconds: what is not waited for is sent by then, since client and counter are in one process. */
const held = 5

/**
 * Between clients and a server on this machine: counts round trips, one operation at a time. What is sent before there is any
 * reply is one of them, however many commands it is; what is sent after a reply is another.
 */
export class Turns {
  /** For a Redis client. */
  readonly url: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #count = 0
  #isAsked = false

  private constructor(server: Server) {
    this.url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`
    this.#server = server
  }

  static async before(redis: string): Promise<Turns> {
    const { port, hostname } = new URL(redis)
    const server = createServer({ noDelay: true })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const turns = new Turns(server)
    server.on('connection', (client) => turns.#join(client, connect({ port: Number(port), host: hostname })))
    return turns
  }

  /** How many round trips something takes. Nothing else may be sent meanwhile. */
  async of(work: () => Promise<unknown>): Promise<number> {
    this.#count = 0
    this.#isAsked = false
    await work()
    return this.#count
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #join(client: Socket, server: Socket): void {
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
    }
    client.on('data', (bytes) => {
      if (!this.#isAsked) this.#count += 1
      this.#isAsked = true
      server.write(bytes)
    })
    server.on('data', (bytes) => {
      setTimeout(() => {
        this.#isAsked = false
        client.write(bytes)
      }, held)
    })
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroy())
  }
}
