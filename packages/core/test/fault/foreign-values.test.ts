import { type RedisServer, startRedis } from '@cache-aside/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CacheAside, type CacheEventOf } from '../../src/index.ts'

describe('a key that holds something else', () => {
  let redis: RedisServer
  let cache: CacheAside
  let reasons: string[]

  beforeAll(async () => {
    redis = await startRedis()
    cache = new CacheAside({ namespace: 'foreign', redis: redis.url })
    reasons = []
    cache.events.on('corrupt', ({ reason }: CacheEventOf<'corrupt'>) => reasons.push(reason))
  })
  afterAll(async () => {
    await cache.close()
    await redis.stop()
  })

  const id = 'A'.repeat(22)
  it.each([
    ['text of somebody else', ['SET', 'Tuesday']],
    ['text that begins like a value', ['SET', 'Value of the first quarter, preliminary']],
    ['text that begins like a lease', ['SET', 'Lorem ipsum dolor sit amet, consectetur']],
    ['text of the length of a lease, without a TTL', ['SET', `L${id}`]],
    ['nothing', ['SET', '']],
    ['a list', ['RPUSH', 'a']],
    ['a value with a payload cut short', ['SET', `V${id}1vjson\n{"name":"on`]],
    ['a value of another codec', ['SET', `V${id}1vmsgpack\n{}`]],
    ['a value of another format', ['SET', `V${id}2vjson\n{}`]],
    ['a value with a damaged header', ['SET', `V${id}1`]],
  ])('is a miss, and is replaced: %s', async (state, [command = '', ...content]) => {
    await redis.cli(command, `foreign:${state}`, ...content)

    expect(await cache.get(state)).toEqual({ found: false, value: undefined })
    expect(await cache.getOrLoad(state, () => 'loaded')).toBe('loaded')
    expect(await cache.get(state)).toEqual({ found: true, value: 'loaded' })
    // A lease without a TTL is told from one with a TTL only where it is taken.
    expect(reasons.splice(0).length > 0).toBe(!state.includes('lease, without'))
  })
})
