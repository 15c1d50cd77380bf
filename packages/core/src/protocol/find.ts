import type { Cluster, Redis } from 'ioredis'
import { escapePattern } from './glob.ts'

/** Keys that the server looks at in one step: few enough not to hold it up. */
const step = 500

export interface Finding {
  /** Runs one command, within its deadline. */
  readonly send: <T>(command: () => Promise<T>) => Promise<T>
  /** How often the client has lost a connection. */
  readonly losses: () => number
}

/**
 * Finds the keys that begin with `prefix`, as it is written, and go on as the glob `pattern` says, on every master of a
 * client that is connected. They come without the client's `keyPrefix`, as each step finds them: perhaps none, perhaps
 * some for a second time.
 *
 * It misses no key that stands from before the first step until after the last, and rejects where it cannot say so.
 * It looks at every key of the database. Of a slot that is on its way to a node of a cluster which serves no other yet,
 * it may miss a key.
 *
 * @see https://redis.io/docs/latest/commands/scan/#scan-guarantees
 */
export async function* find(
  client: Redis | Cluster,
  prefix: string,
  pattern: string,
  finding: Finding,
): AsyncGenerator<readonly string[], void, undefined> {
  const { keyPrefix = '' } = client.options
  // ioredis leaves the patterns of SCAN and what it finds as they are.
  const match = escapePattern(keyPrefix + prefix) + pattern
  const steps = client.isCluster
    ? stepsInCluster(client as Cluster, match, finding)
    : stepsOn([client as Redis], match, finding)
  for await (const found of steps) yield found.map((key) => key.slice(keyPrefix.length))
}

async function* stepsInCluster(
  cluster: Cluster,
  match: string,
  finding: Finding,
): AsyncGenerator<readonly string[], void, undefined> {
  const masters = await mastersOf(cluster)
  const before = await layoutOf(masters, finding)
  yield* stepsOn(masters, match, finding)
  const after = await layoutOf(masters, finding)
  // A key may have gone to a node that had been looked through, from one that had not: it is at its new place now.
  if (before !== after || isMoving(after)) yield* stepsOn(await mastersOf(cluster), match, finding)
}

/** One step on every node at a time, until each has been looked through. */
async function* stepsOn(
  nodes: readonly Redis[],
  match: string,
  { send, losses }: Finding,
): AsyncGenerator<readonly string[], void, undefined> {
  const before = losses()
  const cursors = new Map(nodes.map((node) => [node, '0']))
  while (cursors.size > 0) {
    const found = await Promise.all(
      [...cursors].map(async ([node, cursor]) => {
        const [next, keys] = await send(() => node.scan(cursor, 'MATCH', match, 'COUNT', step))
        if (next === '0') cursors.delete(node)
        else cursors.set(node, next)
        return keys
      }),
    )
    // Another process may answer now, restarted or promoted: each has an order of its own, and the cursor is of the old one.
    if (losses() !== before) throw new Error('the connection was lost on the way through the keys')
    yield found.flat()
  }
}

/** Asked for, because a client forgets a node that it has lost. */
async function mastersOf(cluster: Cluster): Promise<Redis[]> {
  await new Promise<void>((resolve, reject) => {
    cluster.refreshSlotsCache((error) => (error ? reject(error) : resolve()))
  })
  return cluster.nodes('master')
}

/** Which slots each node serves, as it says itself: its role, its epoch, its slots and those on their way. */
async function layoutOf(nodes: readonly Redis[], { send }: Finding): Promise<string> {
  const layouts = await Promise.all(
    nodes.map(async (node) => {
      const lines = String(await send(() => node.cluster('NODES'))).split('\n')
      const [id, , flags, , , , epoch, , ...slots] = lines.find((line) => line.includes('myself'))?.split(' ') ?? []
      return [id, flags, epoch, ...slots].join(' ')
    }),
  )
  return layouts.join('\n')
}

/** A slot on its way is told in brackets. */
const isMoving = (layout: string) => layout.includes('[')
