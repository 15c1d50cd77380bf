import { type RedisCluster, startRedisCluster } from '@cache-aside/testkit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeOf, slotOf } from '../../src/protocol/cluster-node.ts'

describe('the node of a key', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster.stop())

  it('has the slot that the server says', async () => {
    const client = cluster.nodes[0]?.client()
    const braces = fc.array(fc.constantFrom('{', '}', 'a', 'é', ':'), { maxLength: 8 }).map((parts) => parts.join(''))

    await fc.assert(
      fc.asyncProperty(fc.oneof(braces, fc.string({ unit: 'grapheme' })), async (key) => {
        expect(slotOf(key)).toBe(await client?.cluster('KEYSLOT', key))
      }),
      { numRuns: 1_000 },
    )
  })

  it.each([['no keyPrefix', ''] as const, ['a keyPrefix', 'app:'] as const])(
    'is the one that has it, with %s',
    async (_what, keyPrefix) => {
      const client = cluster.client({ keyPrefix })
      const keys = Array.from({ length: 30 }, (_, index) => `node-of-${index}`)
      await Promise.all(keys.map((key) => client.set(key, 'V')))

      const holders = await Promise.all(
        keys.map(async (key) => {
          const held = await Promise.all(
            cluster.nodes.map((node) => node.cli('CLUSTER', 'GETKEYSINSLOT', slotOf(keyPrefix + key), 10)),
          )
          return cluster.nodes[held.findIndex((found) => (found as string[]).includes(keyPrefix + key))]
        }),
      )

      expect(keys.map((key) => nodeOf(client, key))).toEqual(holders.map((node) => `127.0.0.1:${node?.port}`))
    },
  )

  it('is unknown before the client is connected', () => {
    const client = cluster.client({ lazyConnect: true })

    expect(nodeOf(client, 'k')).toBe('')
  })
})
