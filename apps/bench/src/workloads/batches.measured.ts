import { Database, type Row } from '../database.ts'
import { obey } from '../orders.ts'
import type { Peer } from '../peers/peer.ts'
import { openPeer } from '../peers/peers.ts'
import { ServerLedger } from '../server-ledger.ts'
import { quantile } from '../spread.ts'
import { type Assignment, type Batches, type Order, type State, states, type Way, ways } from './batches.messages.ts'

const { peer: name, url } = JSON.parse(process.argv[2] ?? '') as Assignment
/** In milliseconds: the round trip to a database, for one row as for many. */
const queryTime = 1

const database = new Database(queryTime)
const filler = new Database(0)
const peer = await openPeer(name, url)
const ledger = new ServerLedger(url)
let sets = 0

const readers: Record<Way, ((keys: readonly string[]) => Promise<readonly Row[]>) | undefined> = {
  together: togetherOf(peer),
  'in one tick': (keys) => Promise.all(keys.map(readOne)),
  'one after the other': async (keys) => {
    const rows: Row[] = []
    for (const key of keys) rows.push(await readOne(key))
    return rows
  },
}

obey(async ({ scale }: Order) => {
  const batches: Batches[] = []
  for (const state of states) {
    const times: Record<Way, number[]> = { together: [], 'in one tick': [], 'one after the other': [] }
    const known = await keysIn(state, scale.keys)
    // Each way in turn, so that what the machine does meanwhile is done to all of them.
    for (let sample = 0; sample < scale.samples; sample += 1) {
      for (const way of ways) {
        if (way === 'one after the other' && sample >= scale.slowSamples) continue
        if (readers[way])
          times[way].push(await timed(way, state === 'all hits' ? known : await keysIn(state, scale.keys)))
      }
    }
    for (const way of ways) if (readers[way]) batches.push(await summed(state, way, times[way], scale.keys))
  }
  return batches
})

function togetherOf({ getOrLoadMany }: Peer): (typeof readers)['together'] {
  return getOrLoadMany && ((keys) => getOrLoadMany(keys, (missing) => database.readMany(missing)))
}

function readOne(key: string): Promise<Row> {
  return peer.getOrLoad(key, () => database.read(key))
}

/** Keys that nobody has asked for yet, and as many of them in the cache as the state says. */
async function keysIn(state: State, count: number): Promise<readonly string[]> {
  sets += 1
  const set = sets
  const keys = Array.from({ length: count }, (_, number) => `${set}:${number}`)
  const cached = { 'all hits': keys, 'all misses': [], 'half and half': keys.filter((_, place) => place % 2 === 0) }
  await Promise.all(cached[state].map((key) => peer.getOrLoad(key, () => filler.read(key))))
  return keys
}

async function timed(way: Way, keys: readonly string[]): Promise<number> {
  const began = performance.now()
  const rows = await readers[way]?.(keys)
  const time = performance.now() - began
  if (rows?.some(({ key }, place) => key !== keys[place])) throw new Error(`${way}: a row of another key`)
  if (rows?.length !== keys.length) throw new Error(`${way}: ${rows?.length} rows of ${keys.length}`)
  return time
}

async function summed(state: State, way: Way, times: readonly number[], count: number): Promise<Batches> {
  const keys = await keysIn(state, count)
  const queries = database.queries
  const commands = await ledger.sent(() => timed(way, keys))
  const loads = database.queries - queries
  return { state, way, p50: quantile(times, 0.5), p99: quantile(times, 0.99), commands, loads }
}
