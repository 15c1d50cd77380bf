import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Bounds,
  checkHistory,
  HistoryLog,
  nearReadsUnderFaults,
  type RedisServer,
  readHistory,
  sharedNow,
  startFaultProxy,
  startRedis,
  type Verdict,
  type Violation,
} from '@cache-aside/testkit'
import { type FaultKind, isServerFault } from './fault-kinds.ts'
import { inject, schedule } from './faults.ts'
import type { Place } from './place.ts'
import { Slot } from './slot.ts'
import { keyOf, listsOf, rowsOf, Source, tagsOf } from './source.ts'
import { commandTimeout, loadTimeout, weightOf, type Workload } from './workload.ts'

export interface RunOptions {
  readonly workload: Workload
  readonly faults: readonly FaultKind[]
  readonly seed: number
  readonly seconds: number
  /** The engine to run: a module's name or address. Default: the one of this repository. */
  readonly engine?: string
  /** Looks at the history every few seconds, and ends with the first such violation. */
  readonly stopAt?: (violation: Violation) => boolean
  readonly progress?: (line: string) => void
}

export interface Result {
  readonly name: string
  readonly seed: number
  readonly seconds: number
  readonly verdict: Verdict
  readonly faults: Partial<Record<FaultKind, number>>
  /** On how many connections that tell of changes each kind has come. */
  readonly tracking: Partial<Record<FaultKind, number>>
  /** How many reads near caches have answered under each kind. */
  readonly near?: Readonly<Record<string, number>>
  /** Where the logs are; removed when they show nothing wrong. */
  readonly folder: string
}

type Counts = Pick<Result, 'faults' | 'tracking'>

/** Only a connection that is told of changes says this. */
const whoIsTold = '__redis__:invalidate'

/** Workers, their cache and their database, for so many seconds of faults; then quiet, and the verdict. */
export async function run(options: RunOptions): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'prove-'))
  const scene = await openScene(options, folder)
  const began = sharedNow()
  try {
    const calm = new AbortController()
    const counts: Counts = { faults: {}, tracking: {} }
    const lanes = [isServerFault, (kind: FaultKind) => !isServerFault(kind)].map((mine, lane) =>
      disturb(options.faults.filter(mine), options.seed + lane, scene.place, counts, calm.signal),
    )
    const watching = watchMachine(scene.redis, scene.place.log, calm.signal)
    const broken = scene.slots.map((slot) => slot.broken)

    await Promise.race([pass(options, folder, began, counts), ...broken, ...lanes.map(onlyFailure)])
    calm.abort()
    await Promise.all([...lanes, watching])

    const judge = () => checkHistory(readHistory(folder), boundsOf(options.workload))
    // The proxy stands still while the logs are read, and those who load cannot keep their leases up.
    const judging = scene.place.log.begin('fault', '*', { reason: 'judging', stalls: true })
    let verdict = judge()
    scene.place.log.end(judging)
    if (!options.stopAt || !verdict.violations.some(options.stopAt)) {
      const settled = await Promise.race([settle(options, scene), ...broken])
      verdict = judge()
      if (!settled && verdict.violations.length === 0) throw new Error(`workers do not come to rest: ${folder}`)
    }
    const seconds = (sharedNow() - began) / 1000
    const { name, near } = options.workload
    const nearReads = near && nearReadsUnderFaults(readHistory(folder), near.lag)
    if (verdict.violations.length === 0) await rm(folder, { recursive: true })
    return { name, seed: options.seed, seconds, verdict, ...counts, ...(nearReads && { near: nearReads }), folder }
  } finally {
    await scene.close()
  }
}

function boundsOf(workload: Workload): Bounds {
  const { leaseTtl, barrierTtl, by, shape } = workload
  const waitOut = loadTimeout + leaseTtl
  const isBarred = by.mutate !== undefined || by.writeThrough !== undefined || by.amend !== undefined
  return {
    // A caller can be denied once: two loads waited out, and their commands.
    read: 2 * waitOut + 4_000,
    idle: workload.idle ?? leaseTtl + 200 + 600,
    waitOut: waitOut - 100,
    echo: 2 * commandTimeout,
    // The pause of one who waited for another's load when it became known, and what a busy machine takes.
    degraded: 400,
    nearLag: workload.near?.lag,
    window: shape?.kind === 'window' ? { ...shape, weigh: (version) => weightOf(version, shape.heaviest) } : undefined,
    barrier: isBarred ? { ttl: barrierTtl, expiry: 100, optional: journals(workload) } : undefined,
  }
}

const journals = ({ options }: Workload): boolean => options.onUnreachable === 'journal'

interface Scene {
  readonly redis: RedisServer
  readonly database: RedisServer
  readonly slots: readonly Slot[]
  readonly place: Place
  close(): Promise<void>
}

async function openScene({ workload, seed, seconds, engine }: RunOptions, folder: string): Promise<Scene> {
  const log = new HistoryLog(join(folder, 'conductor.log'))
  const redis = await startRedis({ name: 'cache', args: workload.redis })
  const database = await startRedis({ name: 'database' })
  const job = {
    workload,
    databaseUrl: database.url,
    engine: engine ?? '@cache-aside/core',
    longestLife: (seconds + 120) * 1000,
  }
  const slots = await Promise.all(
    Array.from({ length: workload.workers }, async (_, number) => {
      const proxy = await startFaultProxy(redis, whoIsTold)
      return new Slot({ number, seed, job, folder, log, proxy })
    }),
  )
  await Promise.all(slots.map((slot) => slot.start()))
  return {
    redis,
    database,
    slots,
    place: { redis, log, workers: slots },
    close: async () => {
      await Promise.all(slots.map((slot) => slot.end()))
      for (const { proxy } of slots) proxy.close()
      await Promise.all([redis.stop(), database.stop()])
    },
  }
}

/** The time of a run goes by; sooner over with the first violation, when that is all that is asked for. */
async function pass(
  { seconds, workload, stopAt, progress }: RunOptions,
  folder: string,
  began: number,
  { faults: counts }: Counts,
): Promise<void> {
  const end = began + seconds * 1000
  let told = began
  while (sharedNow() < end) {
    await sleep(Math.min(2_000, Math.max(1, end - sharedNow())))
    if (stopAt) {
      const until = sharedNow()
      await sleep(300) // What was noticed before `until` is in the logs by now.
      if (checkHistory(readHistory(folder, until), boundsOf(workload)).violations.some(stopAt)) return
    }
    if (progress && sharedNow() - told > 10_000) {
      told = sharedNow()
      const faults = Object.values(counts).reduce((sum, count) => sum + count, 0)
      progress(`${Math.round((told - began) / 1000)} s, ${faults} faults`)
    }
  }
}

async function disturb(
  kinds: readonly FaultKind[],
  seed: number,
  place: Place,
  counts: Counts,
  signal: AbortSignal,
): Promise<void> {
  const [first, ...others] = kinds
  if (!first) return
  for (const fault of schedule(seed, [first, ...others])) {
    await sleep(fault.after, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    const deafened = await inject(fault, place, signal)
    const { faults, tracking } = counts
    faults[fault.kind] = (faults[fault.kind] ?? 0) + 1
    if (deafened > 0) tracking[fault.kind] = (tracking[fault.kind] ?? 0) + deafened
  }
}

/** A machine that is too busy breaks leases as a fault does: the log has to say so. */
async function watchMachine(redis: RedisServer, log: HistoryLog, signal: AbortSignal): Promise<void> {
  const client = redis.client({ maxRetriesPerRequest: null, retryStrategy: () => 20 })
  const note = (at: number, stalls: boolean) => {
    if (sharedNow() - at > 80) log.end(log.begin('fault', '*', { at, reason: 'machine busy', stalls }))
  }
  while (!signal.aborted) {
    const since = sharedNow()
    await sleep(20)
    note(since, true)
    const asked = sharedNow()
    await client.ping().catch(() => {}) // Away: some fault is at work, and logged.
    note(asked, false)
  }
}

/** Quiet: everything that can be read then has to be what the database holds, and no lease or barrier may stay. False: it does not come. */
async function settle({ workload }: RunOptions, { slots, place, redis, database }: Scene): Promise<boolean> {
  const { leaseTtl, barrierTtl } = workload
  for (const { proxy } of slots) proxy.heal()
  const isQuiet = Promise.all(slots.map((slot) => slot.order({ kind: 'quiet' })))
  const inTime = await Promise.race([isQuiet.then(() => true), sleep(20_000, false, { ref: false })])
  if (!inTime) return false // Reads hang: the log shows which.
  await sleep(1_500) // Every client has connected again.

  const keys = [...rowsOf(workload), ...listsOf(workload)]
  await Promise.all(slots.map((slot) => slot.order({ kind: 'read' })))
  // To invalidate once more would be to do the journals' work.
  if (journals(workload)) await Promise.all(slots.map((slot) => slot.order({ kind: 'replay' })))
  else await slots[0]?.order({ kind: 'invalidate' })
  if (workload.near) await sleep(workload.near.lag)
  const source = new Source(database.client(), workload)
  for (const key of keys) place.log.settled(key, await source.held(key))
  await Promise.all(slots.map((slot) => slot.order({ kind: 'read' })))

  await sleep(Math.max(leaseTtl, barrierTtl) + 300)
  for (const key of keys) {
    const inCache = `prove:${keyOf(workload, key)}`
    // Leases and barriers are strings, whatever values are.
    const state = (await redis.cli('TYPE', inCache)) === 'string' && (await redis.cli('GETRANGE', inCache, 0, 0))
    if (state === 'L') place.log.residue(key, 'lease')
    if (state === 'B') place.log.residue(key, 'barrier')
  }
  for (const tag of tagsOf(workload)) {
    const reading = await redis.cli('HGET', 'prove/tags', `:${tag}`)
    const voidBefore = typeof reading === 'string' ? Number(reading.slice(0, 16)) / 1_000 : 0
    if (voidBefore > Date.now()) place.log.residue(tag, 'barrier')
  }
  return true
}

/** Never resolves; rejects when the task does. */
async function onlyFailure(task: Promise<unknown>): Promise<never> {
  await task
  return new Promise(() => {})
}
