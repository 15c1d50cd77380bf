import { createHook } from 'node:async_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { collect } from '../collector.ts'
import { keysOf, mustNotLoad } from '../documents.ts'
import { obey } from '../orders.ts'
import { openPeer } from '../peers/peers.ts'
import type { Assignment } from '../stage.ts'
import { Nearby } from './near.fill.ts'
import type { NearCounts, NearSlice, Order } from './near.messages.ts'

const { peer: name, url } = JSON.parse(process.argv[2] ?? '') as Assignment
/** Longer than all of it takes. */
const kept = { ttl: 3_600_000, namespace: name }
/** Hits before other events have their turn: few enough that nobody waits for long. */
const burst = 1_000
/** Few enough that what they allocate is not collected meanwhile. */
const counted = 500

const peer = await openPeer(name, url, kept)
const nearby = new Nearby(peer, url)

obey(async (order: Order) => {
  const names = keysOf(order.form, order.keys)
  switch (order.kind) {
    case 'fill':
      return nearby.fill(names, order.form)
    case 'read':
      return read(names, order.milliseconds)
    case 'count':
      return count(names)
  }
})

async function read(names: readonly string[], milliseconds: number): Promise<NearSlice> {
  const end = performance.now() + milliseconds
  const cpu = process.cpuUsage()
  let [hits, time] = [0, 0]
  do {
    const began = performance.now()
    await nearby.hit(names, hits, burst)
    time += performance.now() - began
    hits += burst
    await nextTurn()
  } while (performance.now() < end)
  const { user, system } = process.cpuUsage(cpu)
  return { time: (time * 1000) / hits, cpu: (user + system) / hits }
}

async function count(names: readonly string[]): Promise<NearCounts> {
  const [key = ''] = names
  const [one, other] = [await peer.getOrLoad(key, mustNotLoad), await peer.getOrLoad(key, mustNotLoad)]
  const shared = Object.isFrozen(one) ? 'shared, frozen' : 'shared'
  const commands = await nearby.commandsOf(() => nearby.hit(names, 0, names.length))
  return {
    allocated: await allocatedBy(() => nearby.hit(names, 0, counted)),
    promises: await promisesOf(() => nearby.hit(names, 0, counted)),
    commands: commands / names.length,
    value: one === other ? shared : 'own',
  }
}

/** Bytes for each hit: the least of several times. */
async function allocatedBy(hits: () => Promise<void>): Promise<number> {
  const figures: number[] = []
  while (figures.length < 5) {
    collect()
    const before = process.memoryUsage().heapUsed
    await hits()
    const bytes = process.memoryUsage().heapUsed - before
    // Below zero, something was collected.
    if (bytes >= 0) figures.push(bytes / counted)
    await nextTurn()
  }
  return Math.min(...figures)
}

/** For each hit, with the one of the caller's `await`. */
async function promisesOf(hits: () => Promise<void>): Promise<number> {
  let promises = 0
  const hook = createHook({ init: (_id, type) => void (promises += type === 'PROMISE' ? 1 : 0) })
  hook.enable()
  await hits()
  hook.disable()
  return promises / counted
}
