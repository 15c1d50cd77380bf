import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type DebianProgram, fetchProgram, librariesIn, starterOf } from './debian-program.ts'
import { knownServers, shelf } from './known-servers.ts'

const run = promisify(execFile)
const programs = ['redis-server', 'valkey-server'] as const

/** A server program of this machine. */
export interface RedisBinary {
  readonly name: 'redis' | 'valkey'
  readonly path: string
  /** What its environment needs beside our own. */
  readonly env: Record<string, string>
  readonly version: string
}

export interface Places {
  /** The program itself, or the name of a known server; looked for when empty. Default: the environment's REDIS_SERVER. */
  readonly server?: string
  /** The folders of programs, as in PATH, which is the default. */
  readonly path?: string
  /** Where fetched programs are kept. Default: `.cache/servers` of the repository. */
  readonly fetched?: string
  /** Where known servers are kept. Default: `cache-aside/servers` in XDG_CACHE_HOME, or in `~/.cache`. */
  readonly kept?: string
}

/**
 * Finds a Redis or Valkey server: REDIS_SERVER, then PATH, then what was fetched before. If there is none, fetches
 * Debian's or Ubuntu's package into the repository's `.cache`; this needs no root and installs nothing.
 *
 * REDIS_SERVER is a path, or the name of a known server (`redis-8`, `valkey-8`): that is fetched as well, from the release
 * of Debian that has it, and kept.
 *
 * @throws with what to install, when there is no server and none can be fetched.
 */
export async function findRedisServer({
  server = process.env.REDIS_SERVER ?? '',
  path = process.env.PATH ?? '',
  fetched = resolve(import.meta.dirname, '../../../.cache/servers'),
  kept = shelf(),
}: Places = {}): Promise<RedisBinary> {
  if (server) {
    const known = knownServers.get(server)
    return identify(known ? await keep({ ...known, home: join(kept, server), path }) : server)
  }

  for (const program of programs) {
    for (const folder of path.split(delimiter).filter(Boolean)) {
      if (await isExecutable(join(folder, program))) return identify(join(folder, program))
    }
  }
  for (const program of programs) {
    const home = join(fetched, program)
    if (await isExecutable(join(home, 'usr/bin', program))) return identifyFetched(home, program)
  }

  const failures: unknown[] = []
  for (const program of programs) {
    const home = join(fetched, program)
    try {
      await fetchProgram({ program, home, path })
      return await identifyFetched(home, program)
    } catch (error) {
      failures.push(error)
    }
  }
  const reasons = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)))
  throw new Error(
    'no Redis server: REDIS_SERVER is not set, and PATH has no redis-server and no valkey-server. ' +
      'Install one (apt-get install redis-server, brew install redis) or set REDIS_SERVER to its path.\n' +
      `Fetching one failed:\n${reasons.join('\n')}`,
    { cause: new AggregateError(failures) },
  )
}

/** Fetches a program of another release, once. */
async function keep(wanted: Required<DebianProgram>): Promise<string> {
  const { program, release, home } = wanted
  const starter = starterOf(program, home)
  if (await isExecutable(starter)) return starter
  try {
    await fetchProgram(wanted)
    return starter
  } catch (error) {
    throw new Error(
      `${program} could not be fetched from Debian's ${release}. That needs apt-get and dpkg, a mirror of ` +
        'Debian among its sources and the package debian-archive-keyring. Or have one and set REDIS_SERVER to its path.\n' +
        (error instanceof Error ? error.message : String(error)),
      { cause: error },
    )
  }
}

async function identifyFetched(home: string, program: string): Promise<RedisBinary> {
  return identify(join(home, 'usr/bin', program), { LD_LIBRARY_PATH: (await librariesIn(home)).join(delimiter) })
}

async function identify(path: string, env: Record<string, string> = {}): Promise<RedisBinary> {
  const { stdout } = await run(path, ['--version'], { env: { ...process.env, ...env } })
  const [, name, version] = /^(Redis|Valkey) server v=(\S+)/.exec(stdout) ?? []
  if (!name || !version) throw new Error(`${path} is no Redis server: --version says ${JSON.stringify(stdout)}`)
  return { name: name === 'Redis' ? 'redis' : 'valkey', path, env, version }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
