import { Database } from '../database.ts'
import { obey } from '../orders.ts'
import type { Peer, PeerOptions } from '../peers/peer.ts'
import { openPeer } from '../peers/peers.ts'
import { ServerLedger } from '../server-ledger.ts'
import { quantile } from '../spread.ts'
import { measureHits } from './tags.hits.ts'
import type { Assignment, Operation, Order, Place, Voided } from './tags.messages.ts'

/** Longer than all of it takes. */
const kept: PeerOptions = { ttl: 3_600_000, namespace: 'bench' }
const tag = 'everything'
const fillers = 64
const warmUps = 5

const { peer: name } = JSON.parse(process.argv[2] ?? '') as Assignment
const database = new Database(0)

obey(async (order: Order) => {
  switch (order.kind) {
    case 'fill':
      return fill(order.place)
    case 'operate':
      return operate(order)
    case 'hits':
      return measureHits(name, order, kept)
  }
})

async function fill({ url, entries }: Place): Promise<void> {
  const peer = await openPeer(name, url, kept)
  let next = 0
  const filler = async () => {
    while (next < entries) await read(peer, next++)
  }
  await Promise.all(Array.from({ length: fillers }, filler))
  await peer.close()
}

/** Whether the entry was there. */
async function read(peer: Peer, number: number): Promise<boolean> {
  const before = database.queries
  const key = `row:${number}`
  await peer.getOrLoad(key, () => database.read(key), [tag])
  return database.queries === before
}

interface Stage {
  readonly entries: number
  readonly peer: Peer
  readonly ledger: ServerLedger
}

async function operate(order: Extract<Order, { kind: 'operate' }>): Promise<Voided[]> {
  const act = (peer: Peer) => (order.operation === 'clear' ? peer.clear?.() : peer.invalidateTag?.(tag))
  const stages = await Promise.all(order.places.map((place) => open(place, order.operation)))

  const first: Omit<Voided, 'again'>[] = []
  for (const stage of stages) first.push(await voidAll(stage, act, order.counted))
  const again = await voidAgain(stages, act, order.again)

  for (const { peer, ledger } of stages) {
    await peer.close()
    await ledger.close()
  }
  return first.map((voided, place) => ({ ...voided, again: again[place] }))
}

/** Ready for the call: the server knows the scripts, this process the way, and both each other. */
async function open({ url, entries }: Place, operation: Operation): Promise<Stage> {
  const warm = await openPeer(name, url, { ...kept, namespace: 'warm' })
  for (let count = 0; count < warmUps; count += 1)
    await (operation === 'clear' ? warm.clear?.() : warm.invalidateTag?.('warm'))
  await warm.close()
  const peer = await openPeer(name, url, kept)
  if (!(await read(peer, 0))) throw new Error(`${entries} entries: the first is not there`)
  return { entries, peer, ledger: new ServerLedger(url) }
}

async function voidAll(
  { entries, peer, ledger }: Stage,
  act: (peer: Peer) => Promise<unknown> | undefined,
  counted: boolean,
): Promise<Omit<Voided, 'again'>> {
  let time = 0
  const call = async () => {
    const began = performance.now()
    await act(peer)
    time = performance.now() - began
  }
  if (counted) {
    const commands = await ledger.sent(call)
    return { entries, time, commands, server: undefined, missed: !(await read(peer, 0)) }
  }
  const end = await ledger.watch()
  await call()
  const server = await end()
  return { entries, time, commands: undefined, server, missed: !(await read(peer, 0)) }
}

/** Each size in turn, so that what the machine does meanwhile is done to all of them. */
async function voidAgain(
  stages: readonly Stage[],
  act: (peer: Peer) => Promise<unknown> | undefined,
  calls: number,
): Promise<Voided['again'][]> {
  const sizes = await Promise.all(stages.map(({ ledger }) => ledger.size()))
  if (calls === 0 || stages.some(({ entries }, place) => (sizes[place] ?? 0) < entries)) return []

  const ends = await Promise.all(stages.map(({ ledger }) => ledger.watch()))
  const times: number[][] = stages.map(() => [])
  for (let count = 0; count < calls; count += 1) {
    for (const [place, { peer }] of stages.entries()) {
      const began = performance.now()
      await act(peer)
      times[place]?.push(performance.now() - began)
    }
  }
  const work = await Promise.all(ends.map((end) => end()))
  return times.map((all, place) => ({
    p50: quantile(all, 0.5),
    p99: quantile(all, 0.99),
    server: (work[place]?.total ?? 0) / calls,
  }))
}
