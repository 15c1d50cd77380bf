import type { Cluster, Redis } from 'ioredis'
import { escapeGlob } from './glob.ts'

/** Keys that the server looks at in one step: few enough not to hold it up. */
const step = 500

export interface Clearing {
  /** Runs one command, within its deadline. */
  readonly send: <T>(command: () => Promise<T>) => Promise<T>
  /** Voids keys, which come without the client's `keyPrefix`. */
  readonly invalidate: (keys: readonly string[]) => Promise<void>
}

/**
 * Voids every key that begins with `prefix` and stands there when it begins, on every master of a client that is connected.
 *
 * It looks at every key of the database, a step at a time. Of a slot that is on its way to another node of a cluster, it
 * may miss a key.
 */
export async function clear(client: Redis | Cluster, prefix: string, { send, invalidate }: Clearing): Promise<void> {
  const { keyPrefix = '' } = client.options
  // ioredis leaves the patterns of SCAN and what it finds as they are.
  const pattern = `${escapeGlob(keyPrefix + prefix)}*`

  const clearNode = async (node: Redis): Promise<void> => {
    let cursor = '0'
    do {
      const [next, found] = await send(() => node.scan(cursor, 'MATCH', pattern, 'COUNT', step))
      if (found.length > 0) await invalidate(found.map((key) => key.slice(keyPrefix.length)))
      cursor = next
    } while (cursor !== '0')
  }

  await Promise.all((client.isCluster ? await mastersOf(client as Cluster) : [client as Redis]).map(clearNode))
}

/** Asked for, because a client forgets a node that it has lost. */
async function mastersOf(cluster: Cluster): Promise<Redis[]> {
  await new Promise<void>((resolve, reject) => {
    cluster.refreshSlotsCache((error) => (error ? reject(error) : resolve()))
  })
  return cluster.nodes('master')
}
