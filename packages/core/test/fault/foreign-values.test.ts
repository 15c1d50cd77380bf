import { type RedisServer, startRedis } from '@cache-aside/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CacheAside, type CacheEventOf } from '../../src/index.ts'

describe('a key that holds something else', () => {
  let redis: RedisServer
  let cache: CacheAside
  let events: string[]

  beforeAll(async () => {
    redis = await startRedis()
    cache = new CacheAside({ namespace: 'foreign', redis: redis.url })
    events = []
    for (const type of ['corrupt', 'outdated'] as const) {
      cache.events.on(type, (event: CacheEventOf<'corrupt' | 'outdated'>) => events.push(event.type))
    }
  })
  afterAll(async () => {
    await cache.close()
    await redis.stop()
  })

  const id = 'A'.repeat(22)
  const header = `V${id}3-${'0'.repeat(13)}${'9'.repeat(13)}${'0'.repeat(18)}v`
  const [untagged, tagged] = [`${'g'.repeat(16)}-`, `${'g'.repeat(16)}t${'c'.repeat(16)}${'9'.repeat(16)}`]
  it.each([
    ['text of somebody else', 'corrupt', ['SET', 'Tuesday']],
    ['text that begins like a value', 'corrupt', ['SET', 'Value of the first quarter, preliminary']],
    ['text that begins like a lease', 'corrupt', ['SET', 'Lorem ipsum dolor sit amet, consectetur']],
    ['text that begins like a barrier', 'corrupt', ['SET', 'Bananas, as of the first quarter, preliminary']],
    // It is told from one with a TTL only where it is taken.
    ['text of the length of a lease, without a TTL', undefined, ['SET', `L${id}`]],
    ['nothing', 'corrupt', ['SET', '']],
    ['a list', 'corrupt', ['RPUSH', 'a']],
    ['a value with a payload cut short', 'corrupt', ['SET', `${header}-${untagged}json\n{"name":"on`]],
    ['a value of another codec', 'outdated', ['SET', `${header}-${untagged}msgpack\n{}`]],
    ['a value of the format before', 'outdated', ['SET', `V${id}2${header.slice(24)}-json\n{}`]],
    [
      'a value of an older format',
      'outdated',
      ['SET', `V${id}1vjson\n{"name":"Claw hammer","price":1299,"stock":4,"id":"p-001"}`],
    ],
    ['a value of a newer format', 'outdated', ['SET', `V${id}4${header.slice(24)}-${untagged}json\n{}`]],
    ['a value compressed by nobody knows what', 'corrupt', ['SET', `${header}?${untagged}json\n{}`]],
    ['a value with a damaged header', 'corrupt', ['SET', `V${id}3`]],
    ['a value with a damaged number', 'corrupt', ['SET', `${header.replace('9', 'x')}-${untagged}json\n{}`]],
    ['a value with a damaged moment', 'corrupt', ['SET', `${header}-${tagged.slice(0, -1)}xjson #a\n{}`]],
    ['a value that has lost its tags', 'corrupt', ['SET', `${header}-${tagged}json\n{}`]],
    ['a value with a damaged tag', 'corrupt', ['SET', `${header}-${tagged}json #%E0\n{}`]],
    ['a value of nobody’s generation', undefined, ['SET', `${header}-${untagged}json\n{}`]],
    ['a value of nobody’s tag clock', undefined, ['SET', `${header}-${tagged}json #a\n{}`]],
  ])('is a miss, and is replaced: %s', async (state, event, [command = '', ...content]) => {
    await redis.cli(command, `foreign:${state}`, ...content)

    expect(await cache.get(state)).toEqual({ found: false, value: undefined })
    expect(await cache.getOrLoad(state, () => 'loaded')).toBe('loaded')
    expect(await cache.get(state)).toEqual({ found: true, value: 'loaded' })
    expect(new Set(events.splice(0))).toEqual(new Set(event === undefined ? [] : [event]))
  })
})
