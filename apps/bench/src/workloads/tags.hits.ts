import { Database } from '../database.ts'
import type { Peer, PeerOptions } from '../peers/peer.ts'
import { openPeer, type PeerName } from '../peers/peers.ts'
import { ServerLedger } from '../server-ledger.ts'
import { type HitCounts, type Hits, type Order, tagCounts } from './tags.messages.ts'

const rows = 200
const manyCallers = 64
/** Hits of each way before the first that are measured. */
const warmUps = 2000
/** Hits of each caller whose commands are counted, which slows them down. */
const countedHits = 20

interface Way {
  readonly tags: Hits['tags']
  readonly peer: Peer
  readonly wanted: readonly { readonly key: string; readonly tags: readonly string[] | undefined }[]
}

const database = new Database(0)
let turn = 0
let warm = false

/** Hits of ioredis alone, and of a peer with none, one and several tags: each in turn, another one first each time. */
export async function measureHits(
  name: PeerName,
  { url, counts }: Extract<Order, { kind: 'hits' }>,
  options: PeerOptions,
): Promise<Hits[]> {
  const ledger = new ServerLedger(url)
  const raw = await openPeer('ioredis', url, { ...options, namespace: 'raw' })
  const peer = await openPeer(name, url, options)
  const ways: Way[] = [
    { tags: undefined, peer: raw, wanted: wantedWith(0) },
    ...tagCounts.map((tags) => ({ tags, peer, wanted: wantedWith(tags) })),
  ]
  for (const way of ways) {
    await read(way, 1, rows)
    if (!warm) await read(way, manyCallers, warmUps / manyCallers)
  }
  warm = true
  turn += 1
  const inTurn = [...ways.slice(turn % ways.length), ...ways.slice(0, turn % ways.length)]

  const hits: Hits[] = []
  for (const callers of [1, manyCallers]) {
    for (const way of inTurn) hits.push(await slice(way, callers, counts, ledger))
  }
  await peer.close()
  await raw.close()
  await ledger.close()
  return hits
}

/** Rows of a shop: all have a tag in common, some another, and each has one of its own. */
function wantedWith(count: number): Way['wanted'] {
  return Array.from({ length: rows }, (_, number) => ({
    key: `${count}:${number}`,
    tags: count === 0 ? undefined : [`category:${number % 20}`, 'products', `product:${number}`].slice(0, count),
  }))
}

async function slice(way: Way, callers: number, { alone, together }: HitCounts, ledger: ServerLedger): Promise<Hits> {
  const each = callers === 1 ? alone : together
  const hits = callers * each
  const queries = database.queries
  const sent = await ledger.sent(() => read(way, callers, countedHits))
  const end = await ledger.watch()
  const [began, cpu] = [performance.now(), process.cpuUsage()]
  await read(way, callers, each)
  const [time, { user, system }] = [performance.now() - began, process.cpuUsage(cpu)]
  const server = await end()
  if (database.queries !== queries) throw new Error(`${way.tags ?? 'no'} tags: what should have been a hit was a miss`)
  return {
    tags: way.tags,
    callers,
    time: (time * 1000) / hits,
    cpu: (user + system) / hits,
    server: server.total / hits,
    commands: Object.values(sent).reduce((sum, count) => sum + count, 0) / (callers * countedHits),
  }
}

/** Callers who read again as soon as they are answered. */
async function read({ peer, wanted }: Way, callers: number, each: number): Promise<void> {
  const caller = async (_: unknown, number: number) => {
    for (let count = 0; count < each; count += 1) {
      // Far apart: callers of one tick want different rows.
      const { key, tags } = wanted[(number * 3 + count) % rows] as Way['wanted'][number]
      await peer.getOrLoad(key, () => database.read(key), tags)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
}
