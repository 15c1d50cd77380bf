import { gate, type RedisServer, startFaultProxy, startRedis } from '@cache-aside/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { CacheAside, type CacheOptions, type Clock } from '../../src/index.ts'
import { systemClock } from '../../src/time/clock.ts'
import { next } from './opened.ts'

/** Time in which nobody who waits for another's load asks again by himself, until he is told to. */
class Patience implements Clock {
  #waiting: (() => void)[] = []
  readonly now = () => systemClock.now()
  readonly wall = () => systemClock.wall()

  after(delay: number, run: () => void): () => void {
    if (delay > 3_001) return systemClock.after(delay, run)
    this.#waiting.push(run)
    return () => {}
  }

  end(): void {
    for (const run of this.#waiting.splice(0)) run()
  }
}

/** design §2, waiters; P5 of docs/guarantees.md. */
describe('a caller who waits for the load of another process', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())
  beforeEach(async () => {
    const client = redis.client()
    await client.flushall()
    await client.quit()
  })

  const open = (options: Partial<CacheOptions> = {}, clock?: Clock) => {
    const cache = new CacheAside({ namespace: 'shop', redis: redis.url, ...options }, clock)
    onTestFinished(() => cache.close())
    return cache
  }
  const calls = async (command: string): Promise<number> => {
    const client = redis.client()
    const stats = await client.info('commandstats')
    await client.quit()
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
  }
  /** A cache that hears what changes, and a load of another that it waits for. */
  const waiting = async (options: Partial<CacheOptions> = {}) => {
    const patience = new Patience()
    const cache = open({ near: true, ...options }, patience)
    const on = next(cache, 'tracking-on')
    await cache.get('-')
    await on
    const theirs = gate<string>()
    const loading = open({ leaseTtl: '1m' }).getOrLoad('k', theirs.load) // No word of an extension meanwhile.
    await theirs.called
    const before = await calls('evalsha')
    const value = cache.getOrLoad('k', () => 'ours')
    await expect.poll(() => calls('evalsha')).toBeGreaterThan(before)
    return { cache, patience, theirs, loading, value }
  }

  it('is woken when the value lands', async () => {
    const { cache, theirs, loading, value } = await waiting()

    theirs.answer('theirs')

    expect(await Promise.all([loading, value])).toEqual(['theirs', 'theirs'])
    expect(cache.stats().loads).toBe(0)
  })

  it('sends nothing while it waits', async () => {
    const { theirs, loading, value } = await waiting()
    const heartbeats = async (count: number) => {
      const before = await calls('ping')
      await expect.poll(() => calls('ping')).toBeGreaterThanOrEqual(before + count)
    }
    await heartbeats(4) // The push that tells of the lease itself may wake it once.
    const sent = await calls('evalsha')
    await heartbeats(8)

    expect(await calls('evalsha')).toBe(sent)
    theirs.answer('theirs')
    await Promise.all([loading, value])
  })

  it('loads itself once the load it waited for has failed, or was voided', async () => {
    const failed = await waiting()
    failed.theirs.fail(new Error('no database'))
    await expect(failed.loading).rejects.toThrow('no database')
    expect(await failed.value).toBe('ours')
    await failed.cache.invalidate('k')

    const voided = await waiting()
    await open().invalidate('k')
    expect(await voided.value).toBe('ours')
    voided.theirs.answer('theirs')
    await voided.loading
  })

  it('asks again when the connection that would have told it is lost', async () => {
    const proxy = await startFaultProxy({ port: redis.port }, 'TRACKING')
    onTestFinished(() => proxy.close())
    const { patience, theirs, loading, value } = await waiting({ redis: `redis://127.0.0.1:${proxy.port}` })
    const before = await calls('evalsha')

    proxy.marked.cut()

    await expect.poll(() => calls('evalsha')).toBeGreaterThan(before)
    theirs.answer('theirs')
    await loading
    await expect
      .poll(() => {
        patience.end()
        return Promise.race([value, Promise.resolve()])
      })
      .toBe('theirs')
  })

  it('asks again and again where the server does not tell', async () => {
    const client = redis.client()
    await client.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking')
    const cache = open({ redis: `redis://app:secret@127.0.0.1:${redis.port}` })
    const refused = next(cache, 'tracking-refused')
    const theirs = gate<string>()
    const loading = open().getOrLoad('k', theirs.load)
    await theirs.called
    const value = cache.getOrLoad('k', () => 'ours')
    await refused

    theirs.answer('theirs')

    expect(await Promise.all([loading, value])).toEqual(['theirs', 'theirs'])
    await client.quit()
  })

  it('has the server tell only once somebody waits, and for a while', async () => {
    let hush = () => {}
    const clock: Clock = {
      ...systemClock,
      after: (delay, run) => {
        if (delay !== 60_000) return systemClock.after(delay, run)
        hush = run
        return () => {}
      },
    }
    const cache = open({}, clock)
    await cache.getOrLoad('other', () => 'value')
    const trackers = async () => {
      const client = redis.client()
      const list = (await client.call('CLIENT', 'LIST', 'TYPE', 'PUBSUB')) as string
      await client.quit()
      return list.split('\n').filter((line) => line.includes('sub=1')).length
    }
    expect(await trackers()).toBe(0)

    const theirs = gate<string>()
    const loading = open().getOrLoad('k', theirs.load)
    await theirs.called
    const on = next(cache, 'tracking-on')
    const value = cache.getOrLoad('k', () => 'ours')
    await on
    expect(await trackers()).toBe(1)
    theirs.answer('theirs')
    expect(await Promise.all([loading, value])).toEqual(['theirs', 'theirs'])

    hush()
    await expect.poll(trackers).toBe(0)
  })
})
