import { setTimeout as sleep } from 'node:timers/promises'
import { sharedNow } from '@cache-aside/testkit'
import { Database } from '../database.ts'
import { obey } from '../orders.ts'
import { openPeer } from '../peers/peers.ts'
import type { Assignment, Order, Report } from './stampede.messages.ts'

const { peer: name, url, loadTime } = JSON.parse(process.argv[2] ?? '') as Assignment
// By default they end the process; `redis-away` is where they are counted.
process.on('unhandledRejection', () => {})
const database = new Database(loadTime)
const peer = await openPeer(name, url)

obey(async ({ key, callers, at }: Order): Promise<Report> => {
  const queries = database.queries
  let [loaded, last] = [Number.POSITIVE_INFINITY, 0]
  const load = async () => {
    const row = await database.read(key)
    loaded = Math.min(loaded, sharedNow())
    return row
  }
  const call = async () => {
    const row = await peer.getOrLoad(key, load)
    if (row.key !== key) throw new Error(`${key}: the row of ${row.key}`)
    last = sharedNow()
  }
  await sleep(at - sharedNow())
  await Promise.all(Array.from({ length: callers }, call))
  return { loads: database.queries - queries, loaded, last }
})
