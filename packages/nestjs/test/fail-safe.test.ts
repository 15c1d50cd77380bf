import { gate } from '@cache-aside/testkit'
import {
  ConflictException,
  Controller,
  Get,
  NotFoundException,
  Res,
  ServiceUnavailableException,
  UseInterceptors,
} from '@nestjs/common'
import { describe, expect, it } from 'vitest'
import { CacheAsideInterceptor, CacheKey, CachePolicy, CacheTTL, type RouteReadOptions } from '../src/index.ts'
import { ClockedStore, platforms, startApp } from './app.ts'

interface Reply {
  status(code: number): Reply
  header(name: string, value: string | readonly string[]): Reply
  send(body: unknown): unknown
}

const minute = 60_000

describe.each(platforms)('on $name, when the handler fails', (platform) => {
  /** A route whose handler is `run`, fresh for a minute and a fallback for an hour after that. */
  async function start(run: (response: Reply) => unknown, options: RouteReadOptions = {}) {
    const store = new ClockedStore()
    @Controller()
    @UseInterceptors(CacheAsideInterceptor)
    class Products {
      @Get('product')
      @CacheKey('product')
      @CachePolicy({ statuses: [203] })
      @CacheTTL({ ttl: '1m', failSafe: '1h', ...options })
      find(@Res({ passthrough: true }) response: Reply) {
        return run(response)
      }
    }
    const app = await startApp({ platform, controllers: [Products], cache: { store, jitter: 0 } })
    return { app, store, get: () => app.get('/product') }
  }

  it.each([
    { what: 'an error', error: new Error('no database') },
    { what: 'an exception of 500 and above', error: new ServiceUnavailableException() },
  ])('with $what, answers with what is stale, and with nothing of what the handler has set', async ({ error }) => {
    let runs = 0
    const { store, get } = await start((response) => {
      if (++runs === 1) return response.status(203).header('X-Run', '1') && 'old'
      response.status(418).header('X-Run', '2').header('X-Failed', 'yes').header('Set-Cookie', ['a=1', 'b=2'])
      throw error
    })
    const first = await get()

    store.pass(minute)
    const stale = await get()
    const meanwhile = await get()

    expect([first.cache, stale.cache, meanwhile.cache]).toEqual(['MISS', 'STALE', 'STALE'])
    for (const { status, text, headers } of [first, stale, meanwhile]) {
      expect([status, text, headers.get('x-run')]).toEqual([203, 'old', '1'])
      expect([headers.get('x-failed'), headers.get('set-cookie')]).toEqual([null, null])
    }
    expect(runs).toBe(2)
  })

  it.each([
    { status: 404, exception: new NotFoundException() },
    { status: 409, exception: new ConflictException() },
  ])('with an exception below 500, which is an answer, passes that on: $status', async ({ status, exception }) => {
    let runs = 0
    const { store, get } = await start(() => {
      if (++runs > 1) throw exception
      return 'old'
    })
    await get()

    store.pass(minute)
    const answers = [await get(), await get()]

    expect(answers.map((answer) => answer.status)).toEqual([status, status])
    expect(answers.map(({ cache }) => cache)).toEqual(['MISS', 'MISS'])
  })

  it('passes the error on where nothing is cached, or no longer', async () => {
    const { app, store, get } = await start(() => {
      if (broken) throw new Error('no database')
      return 'old'
    })
    let broken = true
    const before = await get()
    broken = false
    await get()
    broken = true

    store.pass(62 * minute)
    const after = await get()
    await app.cache.invalidate('product')
    const invalidated = await get()

    expect([before, after, invalidated].map(({ status }) => status)).toEqual([500, 500, 500])
  })

  it('and has sent its response before, leaves it at that', async () => {
    let runs = 0
    const { app, store, get } = await start((response) => {
      if (++runs === 1) return 'old'
      response.send('sent')
      throw new Error('afterwards')
    })
    await get()

    store.pass(minute)
    const answer = await get()

    expect([answer.status, answer.text]).toEqual([200, 'sent'])
    expect(app.log.matching(/^error: .*afterwards/)).toHaveLength(1)
  })

  it('and is slow, lets others have what is stale, and waits for it where it runs', async () => {
    const source = gate<string>()
    const { app, store, get } = await start(source.load, { softTimeout: 1 })
    const first = get()
    await source.called
    source.answer('old')
    await first

    store.pass(minute)
    const again = source.next()
    const late = app.next('stale')
    const leader = get()
    await again
    const joiner = await get()
    await late
    source.answer('new')

    expect([joiner.cache, joiner.text]).toEqual(['STALE', 'old'])
    expect([(await leader).cache, (await leader).text]).toEqual(['MISS', 'new'])
    expect((await get()).text).toBe('new')
  })

  it('and was slow before, answers with what is stale where it runs too', async () => {
    const source = gate<string>()
    const { app, store, get } = await start(source.load, { softTimeout: 1 })
    const first = get()
    await source.called
    source.answer('old')
    await first

    store.pass(minute)
    const again = source.next()
    const late = app.next('stale')
    const leader = get()
    await again
    await late
    source.fail(new Error('no database'))

    expect([(await leader).cache, (await leader).text]).toEqual(['STALE', 'old'])
  })

  it('and was slow before, passes on an exception that is an answer', async () => {
    const source = gate<string>()
    const { app, store, get } = await start(source.load, { softTimeout: 1 })
    const first = get()
    await source.called
    source.answer('old')
    await first

    store.pass(minute)
    const again = source.next()
    const late = app.next('stale')
    const leader = get()
    await again
    await late
    source.fail(new NotFoundException())

    expect((await leader).status).toBe(404)
  })

  it('answers with what it returned where only the cache could not take it', async () => {
    let runs = 0
    const { store, get } = await start(() => (++runs === 1 ? 'old' : { name: 'new', call: () => {} }))
    await get()

    store.pass(minute)
    const answer = await get()

    expect([answer.cache, answer.text]).toEqual(['MISS', '{"name":"new"}'])
  })

  it('is tried again where the route says so, and its answer has nothing of the first try', async () => {
    let runs = 0
    const { get } = await start(
      (response) => {
        response.header(`X-Run-${++runs}`, 'yes')
        if (runs === 1) throw new Error('deadlock')
        return `run ${runs}`
      },
      { retry: { when: (error) => String(error).includes('deadlock'), attempts: 1, delay: 1 } },
    )

    const answer = await get()

    expect([answer.status, answer.text]).toEqual([200, 'run 2'])
    expect([answer.headers.get('x-run-1'), answer.headers.get('x-run-2')]).toEqual([null, 'yes'])
  })
})
