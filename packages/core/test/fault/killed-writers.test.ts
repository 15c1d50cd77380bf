import { type RedisServer, type SpawnedProcess, startProcess, startRedis } from '@cache-aside/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CacheAside } from '../../src/index.ts'

const is =
  (kind: string) =>
  (message: unknown): message is { readonly kind: string } =>
    (message as { kind: string }).kind === kind

/** design §1, P4, between operating system processes. */
describe('a process that writes behind a barrier', () => {
  let redis: RedisServer
  let writer: SpawnedProcess
  let cache: CacheAside
  let row: string
  let test = 0

  const load = async () => row
  const cached = async () => (await cache.get('k')).value
  /** Reads until what is read is cached: the barrier is over then. */
  const cachedAgain = async () => {
    while ((await cached()) === undefined) await cache.getOrLoad('k', load)
    return cached()
  }

  beforeAll(async () => {
    redis = await startRedis()
  })
  beforeEach(async () => {
    const namespace = `writers-${++test}`
    row = 'old'
    cache = new CacheAside({ namespace, redis: redis.url })
    await cache.getOrLoad('k', load)
    const args = [redis.url, namespace, '300ms']
    writer = await startProcess(new URL('writer.process.ts', import.meta.url), { args })
    await writer.receive(is('ready'))
    await writer.send({ kind: 'write' })
    await writer.receive(is('writing'))
  })
  afterEach(async () => {
    await writer.kill()
    await cache.close()
  })
  afterAll(() => redis.stop())

  it('and is killed after its commit leaves nothing stale', async () => {
    expect(await cache.getOrLoad('k', load)).toBe('old')
    row = 'new'
    await writer.kill()

    expect(await cachedAgain()).toBe('new')
  })

  it('and is killed before its commit leaves the cache at work', async () => {
    await writer.kill()

    expect(await cachedAgain()).toBe('old')
  })

  it('and stands still for longer than its barrier leaves nothing stale once it has gone on', async () => {
    writer.pause()
    expect(await cachedAgain()).toBe('old')
    row = 'new'
    writer.resume()
    await writer.send({ kind: 'go on' })
    await writer.receive(is('written'))

    expect(await cache.getOrLoad('k', load)).toBe('new')
  })
})
