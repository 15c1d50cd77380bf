import { type RedisCluster, startRedisCluster } from '@cache-aside/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startRedisCluster()
})
afterAll(async () => {
  await cluster.stop()
})

describe('startRedisCluster', () => {
  it('resolves when every node says that the cluster is ok', async () => {
    for (const node of cluster.nodes) {
      const info = await node.cli('CLUSTER', 'INFO')
      expect(info).toContain('cluster_state:ok')
      expect(info).toContain('cluster_known_nodes:3')
      expect(info).toContain('cluster_slots_assigned:16384')
    }
  })

  it('spreads keys over its nodes', async () => {
    const client = cluster.client()

    await Promise.all(Array.from({ length: 30 }, (_, index) => client.set(`key:${index}`, index)))

    const sizes = await Promise.all(cluster.nodes.map((node) => node.cli('DBSIZE').then(Number)))
    expect(sizes.reduce((sum, size) => sum + size)).toBe(30)
    expect(Math.min(...sizes)).toBeGreaterThan(0)
  })
})
