import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { findRedisServer } from '@cache-aside/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redis-binary-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

describe('findRedisServer', () => {
  it('takes the program that REDIS_SERVER names, and no other', async () => {
    const { path, version } = await findRedisServer()
    const own = join(folder, 'my-redis')
    await symlink(path, own)

    vi.stubEnv('REDIS_SERVER', own)
    expect(await findRedisServer()).toMatchObject({ path: own, version })

    vi.stubEnv('REDIS_SERVER', process.execPath)
    await expect(findRedisServer()).rejects.toThrow('is no Redis server')
  })

  it('takes redis-server from PATH, or else valkey-server', async () => {
    const { path } = await findRedisServer()
    await symlink(path, join(folder, 'valkey-server'))
    const places = { server: '', path: [join(folder, 'none'), folder].join(delimiter), fetched: folder }
    expect(await findRedisServer(places)).toMatchObject({ path: join(folder, 'valkey-server'), env: {} })

    await symlink(path, join(folder, 'redis-server'))
    expect(await findRedisServer(places)).toMatchObject({ path: join(folder, 'redis-server'), env: {} })
  })

  it('says what to install when there is none and no apt-get to fetch one', async () => {
    await expect(findRedisServer({ server: '', path: folder, fetched: folder })).rejects.toThrow(
      /apt-get install redis-server, brew install redis.* set REDIS_SERVER/,
    )
    expect(await readdir(folder)).toEqual([])
  })

  it('fetches one where PATH has none but apt-get can, once for all processes', { timeout: 120_000 }, async () => {
    const places = { server: '', path: await pathWithoutRedis(), fetched: join(folder, 'fetched') }

    const finds = Promise.all([findRedisServer(places), findRedisServer(places)])
    if (!aptCanDownload()) return expect(finds).rejects.toThrow('Fetching one failed')

    const [first, second] = await finds
    expect(first).toEqual(second)
    expect(first.version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(await readdir(places.fetched)).toEqual([basename(first.path)])

    expect(await findRedisServer({ ...places, path: '' })).toEqual(first)
  })
  it('fetches the server that REDIS_SERVER names from the release of Debian that has it', {
    timeout: 120_000,
  }, async () => {
    vi.stubEnv('REDIS_SERVER', 'valkey-8')
    const places = { kept: join(folder, 'kept') }

    const find = findRedisServer(places)
    if (!isDebian() || !aptCanDownload())
      return expect(find).rejects.toThrow("could not be fetched from Debian's trixie")

    const found = await find
    expect(found).toMatchObject({ name: 'valkey', env: {}, version: expect.stringMatching(/^8\./) })
    expect(await readdir(places.kept)).toEqual(['valkey-8'])

    // Kept: no apt-get is needed again.
    expect(await findRedisServer({ ...places, path: '' })).toEqual(found)
  })

  it('says what fetching a server that REDIS_SERVER names needs', async () => {
    const places = { server: 'redis-8', path: folder, kept: folder }

    await expect(findRedisServer(places)).rejects.toThrow(/Debian's trixie\. That needs apt-get .* set REDIS_SERVER/)
    expect(await readdir(folder)).toEqual([])
  })
})

/** The programs of this machine, the servers left out. */
async function pathWithoutRedis(): Promise<string> {
  const programs = join(folder, 'programs')
  await mkdir(programs)
  for (const from of (process.env.PATH ?? '').split(delimiter)) {
    for (const program of await readdir(from).catch(() => [])) {
      // The first on PATH wins, as it does in a shell.
      if (!/^(redis|valkey)-/.test(program)) await symlink(join(from, program), join(programs, program)).catch(() => {})
    }
  }
  return programs
}

/** Whether its mirror has Debian's releases. */
function isDebian(): boolean {
  const release = '/etc/os-release'
  return existsSync(release) && /^ID=debian$/m.test(readFileSync(release, 'utf8'))
}

/** Whether this machine has apt-get and its mirror answers: asked with a package of 10 kB. */
function aptCanDownload(): boolean {
  return spawnSync('apt-get', ['download', 'liblzf1'], { cwd: folder, timeout: 30_000 }).status === 0
}
