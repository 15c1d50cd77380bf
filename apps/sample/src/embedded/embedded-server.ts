import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

// Ends the server and removes its folder when nobody holds the other end of descriptor 3 any more: `stop` lets go of
// it, and the system does so when this process ends in any other way, a SIGKILL included. Told more than once, because
// the shell starts the server with SIGINT ignored.
const tiedToThisProcess = `
  trap "" TERM PIPE
  "$@" 3<&- & server=$!
  (read _ <&3; while kill -INT $server; do sleep 1; done) & watcher=$!
  wait $server
  kill -KILL $watcher
  rm -rf "$0"
`

export interface ServerCommand {
  /** Where the server can be reached once it is ready. */
  readonly url: string
  readonly command: string
  readonly args: readonly string[]
  /** The line of its log that says that it is. */
  readonly ready: RegExp
  /** Where it runs, removed with it. */
  readonly folder: string
  readonly account?: Account
}

/** Whom a process runs as: this process' own user when empty. */
export type Account = Pick<SpawnOptions, 'uid' | 'gid'>

/** A server that runs as a child of this process and never outlives it. */
export class EmbeddedServer {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  /** Resolves when the server is ready. */
  static async start({ url, command, args, ready, folder, account }: ServerCommand): Promise<EmbeddedServer> {
    const child = spawn('sh', ['-c', tiedToThisProcess, folder, command, ...args], {
      ...account,
      cwd: folder,
      env: { ...process.env, LC_ALL: 'C' },
      // Out of the terminal's process group: on Ctrl-C the app ends first, and its servers after that.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    await logged(child, command, ready)
    return new EmbeddedServer(url, child)
  }

  /** Resolves when the server has ended and its folder is gone. */
  async stop(): Promise<void> {
    const { child } = this
    if (child.exitCode !== null || child.signalCode !== null) return
    child.stdio[3]?.destroy()
    await once(child, 'exit')
  }
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function logged(child: ChildProcess, command: string, line: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let lastLines: string[] = []
    for (const output of [child.stdout, child.stderr] as Readable[]) {
      createInterface(output).on('line', (text) => {
        lastLines = [...lastLines, text].slice(-10)
        if (line.test(text)) resolve()
      })
    }
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`${command} ended before it was ready:\n${lastLines.join('\n')}`)))
  })
}
