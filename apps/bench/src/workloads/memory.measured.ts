import { setTimeout as sleep } from 'node:timers/promises'
import { collect } from '../collector.ts'
import { keysOf } from '../documents.ts'
import { obey } from '../orders.ts'
import { openPeer } from '../peers/peers.ts'
import type { Assignment } from '../stage.ts'
import type { Footprint, Order } from './memory.messages.ts'
import { Nearby } from './near.fill.ts'

const { peer: name, url } = JSON.parse(process.argv[2] ?? '') as Assignment
/** Longer than all of it takes. */
const kept = { ttl: 3_600_000, namespace: name }
/** Entries that are there before: connections, code and what is allocated once are paid for. */
const first = 200

const peer = await openPeer(name, url, kept)
const nearby = new Nearby(peer, url)

obey(async ({ form, entries }: Order): Promise<Footprint> => {
  await nearby.fill(keysOf(form, first), form)
  const before = await occupied()
  await nearby.fill(keysOf(form, first + entries), form)
  const after = await occupied()
  return { heap: (after.heap - before.heap) / entries, external: (after.external - before.external) / entries }
})

async function occupied(): Promise<Footprint> {
  // What ends with a turn of the event loop is not held any more after some of them.
  for (let turn = 0; turn < 4; turn += 1) {
    collect()
    await sleep(50)
  }
  const { heapUsed, external } = process.memoryUsage()
  return { heap: heapUsed, external }
}
