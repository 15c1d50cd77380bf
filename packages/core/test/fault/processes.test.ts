import { type RedisServer, type SpawnedProcess, startProcess, startRedis } from '@cache-aside/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CacheAside } from '../../src/index.ts'

interface Told {
  readonly kind: string
  readonly values?: unknown[]
  readonly loads?: number
}

const is =
  (kind: string) =>
  (message: unknown): message is Told =>
    (message as Told).kind === kind

/** design §1, P1 and P5, between operating system processes. */
describe('processes of their own', () => {
  let redis: RedisServer
  let namespace: string
  let running: SpawnedProcess[] = []
  let test = 0

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterEach(async () => {
    await Promise.all(running.map((reader) => reader.kill()))
    running = []
  })
  afterAll(() => redis.stop())

  const startReaders = async (count: number, leaseTtl: string) => {
    namespace = `processes-${++test}`
    running = await Promise.all(
      Array.from({ length: count }, () =>
        startProcess(new URL('reader.process.ts', import.meta.url), { args: [redis.url, namespace, leaseTtl] }),
      ),
    )
    await Promise.all(running.map((reader) => reader.receive(is('ready'))))
    return running as [SpawnedProcess, SpawnedProcess, ...SpawnedProcess[]]
  }

  it('that miss the same key make one load', async () => {
    const readers = await startReaders(4, '30s')
    await Promise.all(readers.map((reader) => reader.send({ kind: 'read', callers: 50 })))
    const leader = await Promise.race(readers.map((reader) => reader.receive(is('loading')).then(() => reader)))

    await leader.send({ kind: 'answer', value: { name: 'one' } })
    const replies = await Promise.all(readers.map((reader) => reader.receive(is('values'))))

    expect(replies.flatMap(({ values }) => values)).toEqual(Array.from({ length: 200 }, () => ({ name: 'one' })))
    const loads = await Promise.all(
      readers.map(async (reader) => {
        await reader.send({ kind: 'stats' })
        return (await reader.receive(is('stats'))).loads
      }),
    )
    expect(loads.map(String).toSorted()).toEqual(['0', '0', '0', '1'])
  })

  it('go on when the one that loads is killed', async () => {
    const [holder, other] = await startReaders(2, '300ms')
    await holder.send({ kind: 'read' })
    await holder.receive(is('loading'))
    await other.send({ kind: 'read' })

    await holder.kill('SIGKILL')
    await other.receive(is('loading'))
    await other.send({ kind: 'answer', value: 'loaded' })

    expect(await other.receive(is('values'))).toMatchObject({ values: ['loaded'] })
  })

  it('do not see what a paused one loaded before its lease ended', async () => {
    const [paused, other] = await startReaders(2, '300ms')
    await paused.send({ kind: 'read' })
    await paused.receive(is('loading'))
    paused.pause()

    await other.send({ kind: 'read' }) // Waits until the lease ends, which nobody extends.
    await other.receive(is('loading'))
    await other.send({ kind: 'answer', value: 'newer' })
    await other.receive(is('values'))
    await paused.send({ kind: 'answer', value: 'old' })
    paused.resume()

    expect(await paused.receive(is('values'))).toMatchObject({ values: ['old'] }) // its own call began before
    await paused.send({ kind: 'read' })
    expect(await paused.receive(is('values'))).toMatchObject({ values: ['newer'] })
  })

  it('do not see what a paused one loaded before an invalidation', async () => {
    const [paused, other] = await startReaders(2, '300ms')
    await paused.send({ kind: 'read' })
    await paused.receive(is('loading'))
    paused.pause()

    await other.send({ kind: 'invalidate' })
    await other.receive(is('invalidated'))
    await paused.send({ kind: 'answer', value: 'old' })
    paused.resume()
    await paused.receive(is('values'))

    const cache = new CacheAside({ namespace, redis: redis.url })
    expect(await cache.get('k')).toEqual({ found: false, value: undefined })
    await cache.close()
  })
})
