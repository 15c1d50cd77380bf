import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { findRedisServer } from '@cache-aside/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../../..')
let redisOnPath: NodeJS.ProcessEnv

// Most of them start a Postgres, which takes its time on a busy machine.
describe('the app that `npm start` starts', { timeout: 60_000 }, () => {
  /** Where its own servers have their folders, and nothing else is. */
  let temporary: string

  beforeAll(async () => {
    await run('node_modules/.bin/nest', ['build', 'sample'], { cwd: root })
    // Where this machine has none, the testkit's.
    const redis = await findRedisServer()
    redisOnPath = { ...redis.env, PATH: [dirname(redis.path), process.env['PATH']].join(delimiter) }
    temporary = await mkdtemp(join(tmpdir(), 'start-'))
    // As the system's: where tests run as root, its Postgres runs as somebody else.
    await chmod(temporary, 0o1777)
  })
  afterAll(async () => {
    await rm(temporary, { recursive: true, force: true })
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('runs on servers of its own, and ends them on %s', async (signal) => {
    await using app = new StartedApp({ TMPDIR: temporary })
    const { url } = await app.ready()

    const page = await fetch(url)
    const product = await fetch(`${url}/products/p-001`)
    app.child.kill(signal)

    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await page.text()).toContain('Cache-aside at work')
    expect(await product.json()).toMatchObject({ id: 'p-001' })
    expect(await app.exitCode()).toBe(0)
    expect(await readdir(temporary)).toEqual([])
    expect((await run('ps', ['-eo', 'args'])).stdout).not.toContain(temporary)
  })

  it('leaves no server behind when it is killed', async () => {
    await using app = new StartedApp({ TMPDIR: temporary })
    const { ports } = await app.ready()
    const connections = ports.map((port) => connect(port, '127.0.0.1').on('error', () => {}))
    await Promise.all(connections.map((connection) => once(connection, 'connect')))

    const closed = connections.map((connection) => new Promise((resolve) => connection.resume().once('close', resolve)))
    app.child.kill('SIGKILL')

    expect(ports).toHaveLength(2)
    await Promise.all(closed)
  })

  it.each([
    { PORT: 'http' },
    { DATABASE_URL: 'postgres://me:secret@127.0.0.1:1/shop' },
    { REDIS_URL: 'redis://:secret@127.0.0.1:1' },
  ])('does not start with %o, and says why', async (environment) => {
    await using app = new StartedApp({ TMPDIR: temporary, ...environment })

    expect(await app.exitCode()).toBe(1)
    const [variable] = Object.keys(environment)
    expect(app.output).toMatch(new RegExp(`${variable}.*(expected|such as)`))
    expect(app.output).not.toContain('secret')
  })

  it('does not start on a port that is taken, and says which', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await using app = new StartedApp({ TMPDIR: temporary, PORT: String(port) })

    expect(await app.exitCode()).toBe(1)
    expect(app.output).toContain(`PORT=${port}: listen EADDRINUSE`)
    server.close()
  })
})

/** The bundle in a process of its own. */
class StartedApp {
  readonly child: ChildProcess
  readonly #exit: Promise<unknown[]>
  output = ''

  constructor(environment: NodeJS.ProcessEnv) {
    this.child = spawn(process.execPath, ['apps/sample/dist/main.js'], {
      cwd: root,
      env: { ...redisOnPath, NO_COLOR: '1', PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#exit = once(this.child, 'close')
    for (const stream of [this.child.stdout, this.child.stderr] as Readable[]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    }
  }

  async exitCode(): Promise<unknown> {
    const [code] = await this.#exit
    return code
  }

  /** Resolves when it can be asked. */
  async ready(): Promise<{ url: string; ports: number[] }> {
    for (;;) {
      const url = /Ready on (\S+)/.exec(this.output)?.[1]
      const ports = [...this.output.matchAll(/127\.0\.0\.1:(\d+), started by this app/g)].map(([, port]) =>
        Number(port),
      )
      if (url) return { url, ports }
      const ended = await Promise.race([once(this.child.stdout as Readable, 'data'), this.#exit.then(() => 'ended')])
      if (ended === 'ended') throw new Error(`The app has ended:\n${this.output}`)
    }
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#exit
  }
}
