import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findRedisServer, startProcess, startRedis } from '@cache-aside/testkit'
import { afterEach, describe, expect, it, vi } from 'vitest'

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('startRedis', () => {
  it('resolves with a server that answers', async () => {
    await using redis = await startRedis()

    expect(await redis.cli('PING')).toBe('PONG')
    expect(await redis.client().ping()).toBe('PONG')
    expect(await redis.cli('INFO', 'server')).toContain(`process_id:${redis.pid}`)
    expect(await redis.cli('CONFIG', 'GET', 'save')).toEqual(['save', ''])
  })

  it('gives every server a port of its own', async () => {
    const servers = await Promise.all(Array.from({ length: 4 }, () => startRedis()))

    expect(new Set(servers.map(({ port }) => port)).size).toBe(4)
    for (const redis of servers) expect(await redis.cli('INFO', 'server')).toContain(`process_id:${redis.pid}`)

    await Promise.all(servers.map((redis) => redis.stop()))
  })

  it('passes settings on', async () => {
    await using redis = await startRedis({ args: ['--maxmemory', '2mb'] })

    expect(await redis.cli('CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', '2097152'])
  })

  it('starts the program that it is given, and no other', async () => {
    const { path, version } = await findRedisServer()
    await using redis = await startRedis({ server: path })

    expect(redis.version).toBe(version)
    await expect(startRedis({ server: process.execPath })).rejects.toThrow('is no Redis server')
  })

  it('rejects with what the server says when it cannot start', async () => {
    await using redis = await startRedis()

    await expect(startRedis({ args: ['--no-such-setting', '1'] })).rejects.toThrow('Bad directive')
    await expect(startRedis({ port: redis.port })).rejects.toThrow('Address already in use')
  })

  it('writes every server down', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'servers-log-'))
    const file = join(folder, 'servers')
    vi.stubEnv('CACHE_ASIDE_SERVERS_LOG', file)

    await using first = await startRedis()
    await using second = await startRedis()

    const lines = [first, second].map(({ version, port }) =>
      expect.stringMatching(`^(redis|valkey) ${version} :${port}$`),
    )
    expect((await readFile(file, 'utf8')).trim().split('\n')).toEqual(lines)
    await rm(folder, { recursive: true })
  })
})

describe('RedisServer', () => {
  it('closes its port when it is killed, and starts again on the same one', async () => {
    await using redis = await startRedis()
    await redis.cli('SET', 'key', 'value')

    await redis.kill()
    await expect(redis.cli('PING')).rejects.toThrow('ECONNREFUSED')
    expect(() => redis.pid).toThrow('not running')

    await redis.start()
    expect(await redis.cli('GET', 'key')).toBeNull()
  })

  it('keeps what it has on disk when it is killed', async () => {
    await using redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
    await redis.cli('SET', 'key', 'value')

    await redis.kill()
    await redis.start()

    expect(await redis.cli('GET', 'key')).toBe('value')
  })

  it('answers nothing while it is paused', async () => {
    await using redis = await startRedis()
    const client = redis.client({ commandTimeout: 100 })
    await client.ping()

    redis.pause()
    await expect(client.ping()).rejects.toThrow('Command timed out')

    redis.resume()
    expect(await redis.cli('PING')).toBe('PONG')
  })

  it('stops while it is paused, and disconnects its clients', async () => {
    const redis = await startRedis()
    const client = redis.client()
    await client.ping()

    redis.pause()
    await redis.stop()

    await expect(client.ping()).rejects.toThrow('Connection is closed')
    await expect(redis.cli('PING')).rejects.toThrow('ECONNREFUSED')
  })

  it.each(['throw', 'SIGTERM'] as const)('ends with the process that started it: %s', async (end) => {
    const folder = await mkdtemp(join(tmpdir(), 'redis-owner-'))
    await using owner = await startProcess(new URL('process/redis-owner.ts', import.meta.url), {
      env: { TMPDIR: folder },
    })
    const port = await owner.receive((message) => typeof message === 'number')
    const connection = connect(port, '127.0.0.1')
    await once(connection, 'connect')
    // A reset closes it as well as an end does.
    connection.on('error', () => {})
    const closed = new Promise((resolve) => connection.resume().once('close', resolve))

    await (end === 'throw' ? owner.send('throw') : owner.kill(end))

    await closed
    await rm(folder, { recursive: true })
  })
})
