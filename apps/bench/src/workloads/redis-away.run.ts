import { setTimeout as sleep } from 'node:timers/promises'
import { type RedisServer, type SpawnedProcess, sharedNow, startProcess, startRedis } from '@cache-aside/testkit'
import { patience } from '../callers.ts'
import { within } from '../orders.ts'
import type { PeerName } from '../peers/peers.ts'
import type { Answer, Assignment, Order, Question, Report, Said, Timing } from './redis-away.messages.ts'

/** Begins; returns how to end it, which resolves, when Redis answers again, with the moment from which it could. */
type Outage = (server: RedisServer) => Promise<() => Promise<number>>

export const outages = {
  /** Killed, and started again with what it held: connections are refused meanwhile. */
  stopped: async (server) => {
    await server.kill()
    return async () => {
      await server.start()
      return sharedNow()
    }
  },
  /** SIGSTOP, then SIGCONT: connections stay open, and nothing is answered. */
  frozen: async (server) => {
    server.pause()
    return async () => {
      const at = sharedNow()
      server.resume()
      return at
    }
  },
} as const satisfies Record<string, Outage>

export type OutageKind = keyof typeof outages

/** One peer through one outage. */
export interface Run {
  readonly peer: PeerName
  readonly outage: OutageKind
  readonly measured: Measured | { readonly failed: string }
}

export interface Measured extends Omit<Report, 'promised'> {
  /** How many keys were seen by another process as they were before an invalidation that did not throw. */
  readonly lost: number
}

// On disk before it is acknowledged: a server that came back without its data would have nothing stale.
const durable = ['--appendonly', 'yes', '--appendfsync', 'always']

export async function run(peer: PeerName, outage: OutageKind, timing: Timing): Promise<Run> {
  await using server = await startRedis({ args: durable })
  try {
    return { peer, outage, measured: await measure(server, outage, { peer, url: server.url, timing }) }
  } catch (error) {
    // A peer that breaks is a result as well, and the others are still to come.
    return { peer, outage, measured: { failed: String(error) } }
  }
}

async function measure(server: RedisServer, outage: OutageKind, assignment: Assignment): Promise<Measured> {
  const { peer, url, timing } = assignment
  await using measured = await startProcess(new URL('redis-away.measured.ts', import.meta.url), {
    args: [JSON.stringify(assignment)],
  })
  await said(measured, 'ready', 60)
  await sleep(timing.healthy * 1000)

  await measured.send({ kind: 'outage' } satisfies Order)
  await said(measured, 'outage', 10)
  const end = await outages[outage](server)
  await sleep(timing.outage * 1000)
  await measured.send({ kind: 'back', at: await end() } satisfies Order)
  // It waits for a read from Redis, then for its callers to be answered, each time as long as its patience lasts.
  const rested = await said(measured, 'rested', timing.back + timing.quiet + (3 * patience) / 1000)
  const { promised, ...figures } = rested.report

  await using onlooker = await startProcess(new URL('redis-away.onlooker.ts', import.meta.url))
  await onlooker.send({ peer, url, promised } satisfies Question)
  const answer = await within(60_000, onlooker.receive())
  if (!isAnswer(answer)) throw new Error(`the onlooker: ${JSON.stringify(answer)}`)
  return { ...figures, lost: answer.stale.length }
}

async function said<What extends Said['said']>(
  process: SpawnedProcess,
  what: What,
  seconds: number,
): Promise<Extract<Said, { said: What }>> {
  const message = (await within(seconds * 1000, process.receive())) as Said
  if (message.said === 'broken') throw message.error
  if (message.said !== what) throw new Error(`${message.said}, not ${what}`)
  return message as Extract<Said, { said: What }>
}

const isAnswer = (message: unknown): message is Answer =>
  typeof message === 'object' && message !== null && 'stale' in message
