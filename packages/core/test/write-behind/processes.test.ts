import { type RedisServer, type SpawnedProcess, startProcess, startRedis } from '@cache-aside/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { WriteBehindEntry } from '../../src/write-behind/index.ts'
import { type Database, startDatabase } from './database.ts'
import { allWritten, open } from './opened.ts'

interface Told {
  readonly kind: string
  readonly batch?: readonly WriteBehindEntry<unknown>[]
}

const is =
  (kind: string) =>
  (message: unknown): message is Told =>
    (message as Told).kind === kind

interface How {
  /** When its test lets it go on: before or after its database has a batch. Default: at once. */
  readonly mode?: 'before' | 'after' | 'at once'
  readonly fence?: 'fenced'
  readonly leaseTtl?: string
}

describe('processes of their own', { timeout: 60_000 }, () => {
  let redis: RedisServer
  let databaseServer: RedisServer
  let database: Database
  let namespace: string
  let running: SpawnedProcess[] = []
  let test = 0

  beforeAll(async () => {
    redis = await startRedis()
  })
  beforeEach(async () => {
    namespace = `processes-${++test}`
    ;({ server: databaseServer, database } = await startDatabase())
  })
  afterEach(async () => {
    await Promise.all(running.map((worker) => worker.kill()))
    running = []
    await databaseServer.stop()
  })
  afterAll(() => redis.stop())

  const start = async ({ mode = 'at once', fence, leaseTtl = '1s' }: How = {}) => {
    const args = [redis.url, namespace, String(databaseServer.port), leaseTtl, mode, fence ?? '']
    const worker = await startProcess(new URL('worker.process.ts', import.meta.url), { args })
    running.push(worker)
    await worker.receive(is('ready'))
    return worker
  }
  const openHere = () => open({ redis: redis.url, namespace })

  it('go on with what one had in hand that is killed before its write', async () => {
    const { stock } = openHere()
    await stock.put('k', 1)
    const killed = await start({ mode: 'before' })
    await killed.receive(is('writing'))
    const other = await start()

    await killed.kill()
    await stock.put('k', 2)
    await allWritten(stock)

    expect((await database.log()).map(({ value }) => value).at(-1)).toBe(2)
    expect(await database.row('k')).toBe(2)
    await other.kill()
  })

  it('write again what one has written that is killed before Redis knows', async () => {
    const { stock } = openHere()
    await stock.put('k', 1)
    const killed = await start({ mode: 'after' })
    await killed.receive(is('written'))

    await killed.kill()
    await start()
    await allWritten(stock)

    expect((await database.log()).map(({ value }) => value)).toEqual([1, 1])
  })

  it('give up an entry during whose write one after the other dies, and write its neighbours', async () => {
    const { stock } = openHere()
    for (const key of ['a', 'deadly', 'b']) await stock.put(key, key)
    const workers = await Promise.all(Array.from({ length: 4 }, () => start({ mode: 'before' })))

    let deaths = 0
    const work = async (worker: SpawnedProcess): Promise<void> => {
      const { batch } = await worker.receive(is('writing'))
      if (batch?.some(({ key }) => key === 'deadly')) {
        await worker.kill()
        deaths += 1
        return
      }
      await worker.send({ kind: 'answer' })
      await work(worker)
    }
    // Whoever survives ends with the test.
    void Promise.allSettled(workers.map(work))
    await allWritten(stock)

    expect(deaths).toBe(3) // Once with its neighbours, and as often alone as it may be tried.
    expect(await database.row('a')).toBe('a')
    expect(await database.row('b')).toBe('b')
    expect(await stock.stats()).toMatchObject({ deadLetters: 1 })
  })

  it('that compete write the values of a key in the order of their puts', async () => {
    const workers = await Promise.all(Array.from({ length: 3 }, () => start({ leaseTtl: '10s' })))
    await Promise.all(
      workers.map(async (worker, n) => {
        for (let value = 0; value < 60; value++) {
          await worker.send({ kind: 'put', key: `k${n}`, value })
          await worker.receive(is('put'))
        }
      }),
    )
    await allWritten(openHere().stock)

    const log = await database.log()
    for (const key of ['k0', 'k1', 'k2']) {
      const values = log.filter((row) => row.key === key).map(({ value }) => value as number)
      expect(values).toEqual(values.toSorted((one, other) => one - other))
      expect(values.at(-1)).toBe(59)
    }
    expect(log.map(({ id }) => id)).toEqual(log.map(({ id }) => id).toSorted())
  })

  it('that are paused while they write are refused by a database that compares ids, and say that they are late', async () => {
    const { stock } = openHere()
    await stock.put('k', 'old')
    const paused = await start({ mode: 'before', fence: 'fenced' })
    await paused.receive(is('writing'))
    paused.pause()

    await start({ fence: 'fenced' }) // It takes over when the lease has ended.
    await stock.put('k', 'new')
    await allWritten(stock)
    await paused.send({ kind: 'answer' })
    paused.resume()
    await paused.receive(is('late'))

    expect((await database.log()).map(({ value }) => value).at(-1)).toBe('old') // It came,
    expect(await database.row('k')).toBe('new') // and was refused.
  })

  it('killed at any time lose nothing, and never write an older value after a newer one', async () => {
    const { stock } = openHere()
    const workers = new Set(await Promise.all(Array.from({ length: 3 }, () => start({ leaseTtl: '3s' }))))
    const turns = new Map([...workers].map((worker) => [worker, worker.receive(is('active')).then(() => worker)]))
    const keys = ['a', 'b', 'c']
    let last = -1
    const killing = new AbortController()
    const putting = (async () => {
      while (!killing.signal.aborted) {
        if (((await stock.stats()).pending ?? 0) > 200) continue
        last += 1
        for (const key of keys) await stock.put(key, last)
      }
    })()

    while (workers.size > 1) {
      const victim = await Promise.race([...workers].map(async (worker) => turns.get(worker)))
      const before = await database.writes()
      // At some time after its next write.
      while ((await database.writes()) === before) await stock.stats()
      await victim?.kill()
      workers.delete(victim as SpawnedProcess)
    }
    await turns.get([...workers][0] as SpawnedProcess)
    killing.abort()
    await putting
    await allWritten(stock)

    const log = await database.log()
    for (const key of keys) {
      const ids = log.filter((row) => row.key === key).map(({ id }) => id)
      expect(ids).toEqual(ids.toSorted())
      expect(await database.row(key)).toBe(last)
    }
  })
})
