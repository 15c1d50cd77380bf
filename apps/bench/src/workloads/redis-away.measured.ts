import { setTimeout as sleep } from 'node:timers/promises'
import { sharedNow } from '@cache-aside/testkit'
import { ending, patience, startCallers } from '../callers.ts'
import { Database } from '../database.ts'
import { Meter } from '../meter.ts'
import type { Peer } from '../peers/peer.ts'
import { openPeer } from '../peers/peers.ts'
import type { Assignment, Invalidations, Order, Phase, Said } from './redis-away.messages.ts'

const callers = 64
const keys = Array.from({ length: 200 }, (_, number) => `row:${number}`)
/** In milliseconds. */
const writeInterval = 50
const probeInterval = 10
/** In Redis, and read once at most: what one of them answers comes from Redis, whatever else the cache remembers. */
const probes = Array.from({ length: patience / probeInterval }, (_, number) => `probe:${number}`)

const { peer: name, url, timing } = JSON.parse(process.argv[2] ?? '') as Assignment
const database = new Database()
const meters: Record<Phase, Meter> = { healthy: new Meter(), outage: new Meter(), back: new Meter() }
const invalidations: Record<keyof Invalidations, number> = { acknowledged: 0, pending: 0, rejected: 0, hung: 0 }
const promised = new Map<string, number>()
let phase: Phase = 'healthy'

const say = (message: Said): void => void process.send?.(message)

async function prepare(): Promise<Peer> {
  const another = await openPeer(name, url)
  await readAll(another, probes)
  await another.close()
  const peer = await openPeer(name, url)
  await readAll(peer, keys)
  return peer
}

async function readAll(peer: Peer, all: readonly string[]): Promise<void> {
  const left = [...all]
  const reader = async () => {
    for (let key = left.pop(); key !== undefined; key = left.pop()) {
      const wanted = key
      await peer.getOrLoad(wanted, () => database.read(wanted))
    }
  }
  await Promise.all(Array.from({ length: callers }, reader))
}

async function read(peer: Peer): Promise<void> {
  const key = keys[Math.floor(Math.random() * keys.length)] ?? ''
  const begun = phase
  const began = performance.now()
  const { kind } = await ending(async () => {
    const row = await peer.getOrLoad(key, () => {
      meters[phase].load()
      return database.read(key)
    })
    if (row?.key !== key) throw new Error(`${key}: ${JSON.stringify(row)} was read`)
  })
  meters[spanning(begun, phase)].read(performance.now() - began, kind)
}

/** A read that was under way when Redis went is one of the outage, and so is one that outlives it. */
function spanning(from: Phase, to: Phase): Phase {
  return from === 'healthy' && to !== 'healthy' ? 'outage' : from
}

/** Writes on and on, whether or not the last invalidation has ended. Returns how to stop, which resolves when all have. */
function startWriter(peer: Peer): () => Promise<void> {
  const open: Promise<void>[] = []
  const timer = setInterval(() => {
    // Far apart, and each key once in a row: no later invalidation makes up for one that was lost.
    open.push(write(peer, keys[(open.length * 7) % keys.length] ?? ''))
  }, writeInterval)
  return async () => {
    clearInterval(timer)
    await Promise.all(open)
  }
}

async function write(peer: Peer, key: string): Promise<void> {
  const version = database.commit(key)
  const how = await ending(() => peer.invalidate(key))
  switch (how.kind) {
    case 'answered':
      invalidations[how.value] += 1
      promised.set(key, Math.max(version, promised.get(key) ?? 0))
      return
    case 'failed':
      invalidations.rejected += 1
      return
    case 'hung':
      invalidations.hung += 1
  }
}

/** Resolves with the milliseconds from `at` until Redis answered a read; with null when it did not. */
async function recovery(peer: Peer, at: number): Promise<number | null> {
  const over = new AbortController()
  const first = new Promise<number>((resolve) => {
    const probe = async (key: string) => {
      let isLoaded = false
      const { kind } = await ending(() =>
        peer.getOrLoad(key, () => {
          isLoaded = true
          return database.read(key)
        }),
      )
      if (kind === 'answered' && !isLoaded) resolve(sharedNow() - at)
    }
    const left = [...probes]
    const timer = setInterval(() => {
      const key = left.pop()
      if (key !== undefined) void probe(key)
    }, probeInterval)
    over.signal.addEventListener('abort', () => clearInterval(timer))
  })
  const never = sleep(patience, null)
  const milliseconds = await Promise.race([first, never])
  over.abort()
  return milliseconds
}

async function live(): Promise<void> {
  const peer = await prepare()
  const stopCallers = startCallers(callers, () => read(peer))
  say({ said: 'ready' })

  await ordered('outage')
  phase = 'outage'
  const stopWriter = startWriter(peer)
  say({ said: 'outage' })

  const { at } = await ordered('back')
  phase = 'back'
  const written = stopWriter()
  const recovered = await recovery(peer, at)
  await sleep(timing.back * 1000)
  await Promise.all([stopCallers(), written])

  await sleep(timing.quiet * 1000)
  const { healthy, outage, back } = meters
  const phases = { healthy: healthy.figures(), outage: outage.figures(), back: back.figures() }
  say({ said: 'rested', report: { phases, recovery: recovered, invalidations, promised: [...promised] } })
}

function ordered<Kind extends Order['kind']>(kind: Kind): Promise<Extract<Order, { kind: Kind }>> {
  return new Promise((resolve) => {
    process.on('message', (order: Order) => {
      if (order.kind === kind) resolve(order as Extract<Order, { kind: Kind }>)
    })
  })
}

// One library lives in this process: what nobody handles is its own.
process.on('unhandledRejection', () => meters[phase].unhandled())
process.on('uncaughtException', () => meters[phase].unhandled())
process.on('disconnect', () => process.exit())
live().catch((error: unknown) => say({ said: 'broken', error }))
