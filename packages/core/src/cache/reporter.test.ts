import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type EventEmitter, once } from 'node:events'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import type { CacheEvent } from '../events.ts'
import { Reporter } from './reporter.ts'

const hit: CacheEvent = { type: 'hit', key: 'user:1', near: false }
const miss: CacheEvent = { type: 'miss', key: 'user:1' }

describe('events', () => {
  it('are given to those who listen for their type, and to nobody else', () => {
    const reporter = new Reporter('shop')
    const hits: CacheEvent[] = []
    const misses: CacheEvent[] = []
    reporter.events.on('hit', (event) => hits.push(event)).on('miss', (event) => misses.push(event))

    reporter.report(hit)

    expect(hits).toEqual([hit])
    expect(misses).toEqual([])
  })

  it('have the type that was asked for', () => {
    const { events } = new Reporter('shop')

    events.on('load', (event) => {
      expectTypeOf(event).toEqualTypeOf<{ readonly type: 'load'; readonly key: string; readonly duration: number }>()
    })
    // @ts-expect-error: nobody reports it
    events.on('no such event', () => {})
    // @ts-expect-error: a hit took no time
    events.on('hit', ({ duration }) => duration)
  })

  it('are given to every listener', () => {
    const reporter = new Reporter('shop')
    const heard: string[] = []
    reporter.events.on('hit', () => heard.push('one')).on('hit', () => heard.push('another'))

    reporter.report(hit)

    expect(heard).toEqual(['one', 'another'])
  })

  it('are not given to a listener that was taken off', () => {
    const reporter = new Reporter('shop')
    const heard: CacheEvent[] = []
    const listener = (event: CacheEvent) => heard.push(event)
    reporter.events.on('hit', listener)

    reporter.events.off('hit', listener)
    reporter.report(hit)

    expect(heard).toEqual([])
  })

  it('are given once to a listener that is there for one', () => {
    const reporter = new Reporter('shop')
    const heard: CacheEvent[] = []
    ;(reporter.events as unknown as EventEmitter).once('hit', (event: CacheEvent) => heard.push(event))

    reporter.report(hit)
    reporter.report(hit)

    expect(heard).toEqual([hit])
  })

  it('are not given to listeners of another cache', () => {
    const heard: CacheEvent[] = []
    new Reporter('shop').events.on('hit', (event) => heard.push(event))

    new Reporter('shop').report(hit)

    expect(heard).toEqual([])
  })

  it('are counted, whether somebody listens or not', () => {
    const reporter = new Reporter('shop')
    reporter.events.on('hit', () => {})

    reporter.report(hit)
    reporter.report(miss)

    expect(reporter.stats()).toMatchObject({ hits: 1, misses: 1 })
  })
})

describe('a listener that throws', () => {
  it('is reported as a process warning, and not to who reports the event', async () => {
    const reporter = new Reporter('shop')
    const thrown = new Error('listener broke')
    reporter.events.on('hit', () => {
      throw thrown
    })
    const warned = once(process, 'warning')

    reporter.report(hit)

    expect(await warned).toEqual([thrown])
  })

  it('is reported as a process warning too when it throws what is no error', async () => {
    const reporter = new Reporter('shop')
    const thrown: unknown = 404
    reporter.events.on('hit', () => {
      throw thrown
    })
    const warned = once(process, 'warning')

    reporter.report(hit)

    expect(await warned).toMatchObject([{ message: '404' }])
  })

  it('keeps no other listener from the event', async () => {
    const reporter = new Reporter('shop')
    const heard: CacheEvent[] = []
    reporter.events.on('hit', failing).on('hit', (event) => heard.push(event))
    const warned = once(process, 'warning')

    reporter.report(hit)
    await warned

    expect(heard).toEqual([hit])
  })

  it('keeps no event from the counters and the diagnostics channel', async () => {
    const namespace = randomUUID()
    const published = publishedBy(namespace, 'hit')
    const reporter = new Reporter(namespace)
    reporter.events.on('hit', failing)
    const warned = once(process, 'warning')

    reporter.report(hit)
    await warned

    expect(reporter.stats().hits).toBe(1)
    expect(published).toHaveLength(1)
  })
})

describe('the diagnostics channel', () => {
  it('has each event with the namespace of its cache', () => {
    const namespace = randomUUID()
    const published = publishedBy(namespace, 'hit')

    new Reporter(namespace).report(hit)

    expect(published).toEqual([{ type: 'hit', key: 'user:1', near: false, namespace }])
  })

  it('has the events of its own type only', () => {
    const namespace = randomUUID()
    const published = publishedBy(namespace, 'hit')

    new Reporter(namespace).report(miss)

    expect(published).toEqual([])
  })

  it('has the events of every cache', () => {
    const [one, another] = [randomUUID(), randomUUID()]
    const published = [publishedBy(one, 'miss'), publishedBy(another, 'miss')]

    new Reporter(one).report(miss)
    new Reporter(another).report(miss)

    expect(published).toEqual([[{ ...miss, namespace: one }], [{ ...miss, namespace: another }]])
  })

  it('may be subscribed to after the first event', () => {
    const namespace = randomUUID()
    const reporter = new Reporter(namespace)
    reporter.report(hit)
    const published = publishedBy(namespace, 'hit')

    reporter.report(hit)

    expect(published).toHaveLength(1)
  })
})

function failing(): never {
  throw new Error('listener broke')
}

/** What the channel of this type says of one cache, while the test runs. */
function publishedBy(namespace: string, type: CacheEvent['type']): unknown[] {
  const published: unknown[] = []
  const listener = (message: unknown) => {
    if ((message as { readonly namespace: string }).namespace === namespace) published.push(message)
  }
  subscribe(`cache-aside:${type}`, listener)
  onTestFinished(() => void unsubscribe(`cache-aside:${type}`, listener))
  return published
}
