import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadContext } from '@cache-aside/core'
import { HistoryLog, type Outcome, sharedNow } from '@cache-aside/testkit'
import { Redis } from 'ioredis'
import type { Death } from './faults.ts'
import { ObservedCache } from './observed-cache.ts'
import { Random } from './random.ts'
import { Stalls } from './stalls.ts'
import { loadTimeout, slowest, type Way, type Workload } from './workload.ts'

/** What a worker is told when it starts. */
export interface Assignment {
  readonly name: string
  readonly seed: number
  readonly workload: Workload
  readonly log: string
  readonly cacheUrl: string
  readonly databaseUrl: string
  /** The engine to run: a module's name or address. */
  readonly engine: string
  /** In milliseconds; then it ends, whoever may have forgotten it. */
  readonly longestLife: number
}

/**
 * `die-…`: by SIGKILL, at the next such moment. `stop`: by SIGSTOP, in the next write behind a barrier. `quiet`: no more
 * calls of your own. `replay`: until nothing is pending. `retire`: quiet, and close the cache.
 */
export type Order =
  | { readonly kind: Death | 'stop' | 'quiet' | 'replay' | 'retire' }
  | { readonly kind: 'invalidate'; readonly keys: readonly string[] }
  | { readonly kind: 'read'; readonly keys: readonly string[] }

/** Sent when it has started, when it is about to stop, and when an order other than to die is done. */
export interface Done {
  readonly done: 'start' | Order['kind']
}

interface Value {
  readonly version: number
  readonly load: string
  readonly padding: string
}

class DatabaseAway extends Error {}

const assignment = JSON.parse(process.argv[2] ?? '') as Assignment
const { name, workload } = assignment
const random = new Random(assignment.seed)
const log = new HistoryLog(assignment.log)
const database = new Redis(assignment.databaseUrl)
const quiet = new AbortController()
const observed = await ObservedCache.open(assignment, log)
const { cache } = observed
const stalls = new Stalls((at) => log.end(log.begin('fault', name, { at, reason: 'stood still', stalls: true })))
let death: Death | undefined
let stopAt: 'before' | 'during' | 'after' | undefined

async function read(key: string): Promise<void> {
  const id = log.begin('read', key)
  try {
    const { value, stale } = await cache.getOrLoadEntry(key, (context) => loadFor(id, context))
    log.end(id, { version: value.version, load: value.load, ...(stale && { stale }) })
  } catch (error) {
    log.end(id, failure(error))
  }
}

const valueOf = (version: number, madeBy: number): Value => ({
  version,
  load: `${name}:${madeBy}`,
  padding: 'x'.repeat(workload.padding),
})

async function loadFor(readId: number, context: LoadContext): Promise<Value> {
  const id = log.begin('load', context.key, { of: readId })
  await dawdle()
  if (death === 'die-in-load') die()
  const version = Number((await database.get(context.key)) ?? 0)
  await dawdle()
  if (random.chance(workload.failures)) {
    log.end(id, { failed: true })
    throw new DatabaseAway()
  }
  const stale = context.stale?.value as Value | undefined
  if (stale?.version === version && random.chance(workload.renewals)) {
    log.end(id, { version, renews: stale.load })
    return context.notModified()
  }
  if (random.chance(workload.failures)) context.decline()
  log.end(id, { version })
  return valueOf(version, id)
}

/** The database is slow before it reads, and on the way back. */
async function dawdle(): Promise<void> {
  const longest = random.pick([0, 1, 2, 5, 5, 10, 20, 40, 80, slowest])
  if (longest > 0) await sleep(random.between(0, longest))
}

/** @param mutation The write behind a barrier that it is part of. */
async function commit(key: string, mutation?: number): Promise<number> {
  if (mutation !== undefined) await stop('before')
  const id = log.begin('commit', key, { of: mutation })
  const answer = database.incr(key)
  if (mutation !== undefined) await stop('during')
  const version = await answer
  log.end(id, { version })
  if (death === 'die-after-commit') die()
  if (mutation !== undefined) await stop('after')
  return version
}

/** What becomes of a commit: its writer tells the cache, one way or another. */
async function change(key: string): Promise<void> {
  const way = pickWay()
  if (way === 'mutate' || way === 'writeThrough') return mutate(way, key)
  const version = await commit(key)
  // A set that fails is left at that: whether it comes late or never, the next writer makes up for it.
  if (way === 'set') await set(key, version)
  else await voidKey(way, key, 3)
}

function pickWay(): Way | 'invalidate' {
  let rest = random.next()
  for (const [way, share] of Object.entries(workload.by) as [Way, number][]) {
    rest -= share
    if (rest < 0) return way
  }
  return 'invalidate'
}

/** Only one writer at a time may put what it has committed: so says the documentation of \`set\`. */
async function writeAlone(key: string): Promise<void> {
  const lock = `lock of ${key}`
  if ((await database.set(lock, name, 'PX', 5_000, 'NX')) === null) return
  await change(key)
  await database.del(lock)
}

/** Acknowledged means, accepted or not, that nothing older is left. */
async function set(key: string, version: number): Promise<void> {
  const id = log.begin('set', key)
  try {
    await cache.set(key, valueOf(version, id))
    log.end(id, { version })
  } catch (error) {
    log.end(id, failure(error, true))
  }
}

async function mutate(way: 'mutate' | 'writeThrough', key: string): Promise<void> {
  const id = log.begin('mutate', key)
  let written: Value | undefined
  let lower = 0
  const write = async (): Promise<Value> => {
    await sleep(random.next() * random.between(0, workload.slowestWrite))
    if (random.chance(workload.failures)) throw new DatabaseAway()
    if (death === 'die-in-write') die()
    const version = await commit(key, id)
    await sleep(random.next() * random.between(0, workload.slowestWrite))
    lower = log.begin('lower', key, { of: id })
    written = valueOf(version, lower)
    return written
  }
  try {
    const pending = await observed.write(() => cache[way](key, write))
    const version = way === 'writeThrough' && written ? { version: written.version } : {}
    log.end(lower, { ...version, ...(pending && { pending }) })
    log.end(id)
  } catch (error) {
    if (written) log.end(lower, { failed: true })
    log.end(id, failure(error, true))
    if (written) await voidKey('invalidate', key, 3)
  }
}

/** What went wrong with a read, or with a write of which nobody knows whether the cache was told. */
function failure(error: unknown, isWrite = false): Outcome {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const isLate = code === 'LOAD_TIMEOUT' && stalls.since(sharedNow() - loadTimeout)
  const isMeant = error instanceof DatabaseAway || isLate || (isWrite && code === 'STORE')
  return isMeant ? { failed: true } : { failed: true, unexpected: String(error) }
}

/** True when it was acknowledged, or is pending. */
async function voidKey(way: 'invalidate' | 'expire', key: string, attempts: number): Promise<boolean> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const id = log.begin(way, key)
    try {
      const answer = await cache[way](key)
      log.end(id, answer === 'pending' ? { pending: true } : {})
      return true
    } catch (error) {
      log.end(id, failure(error, true))
    }
    await sleep(random.between(20, 200))
  }
  return false
}

/** A caller's life: a call, a pause, the next call. */
async function call(): Promise<void> {
  while (!quiet.signal.aborted) {
    const key = `k${Math.floor(random.next() * random.next() * workload.keys)}`
    if (random.chance(workload.writes)) await (workload.by.set ? writeAlone(key) : change(key))
    else await Promise.all(Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => read(key)))
    await sleep(random.next() * random.next() * workload.pause)
  }
}

function die(): void {
  log.end(log.begin('fault', name, { reason: `${death}` }))
  process.kill(process.pid, 'SIGKILL')
}

/** Stands still until it is told to go on, if this is where it should. */
async function stop(here: typeof stopAt): Promise<void> {
  if (stopAt !== here) return
  stopAt = undefined
  await new Promise((resolve) => process.send?.({ done: 'stop' } satisfies Done, undefined, undefined, resolve))
  process.kill(process.pid, 'SIGSTOP')
}

const say = (done: Done['done']): void => void process.send?.({ done } satisfies Done)

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'die-in-load':
    case 'die-in-write':
    case 'die-after-commit':
      death = order.kind
      return
    case 'stop':
      stopAt = random.pick(['before', 'during', 'after'])
      return
    case 'quiet':
      quiet.abort()
      await callers
      break
    case 'replay':
      await Promise.race([observed.replayed(), sleep(10_000, undefined, { ref: false })])
      break
    case 'retire': {
      quiet.abort()
      await callers
      const id = log.begin('close', name)
      await cache.close()
      log.end(id, { lost: observed.lost })
      break
    }
    case 'invalidate':
      for (const key of order.keys) {
        if (!(await voidKey('invalidate', key, 30)))
          throw new Error(`${key} cannot be invalidated although nothing disturbs`)
      }
      break
    case 'read':
      await Promise.all(order.keys.map(read))
      break
  }
  say(order.kind)
}

void stalls.watch()
setTimeout(() => process.exit(1), assignment.longestLife)
process.on('disconnect', () => process.exit(1))
const callers = Promise.all(Array.from({ length: workload.callers }, call))
process.on('message', (order: Order) => void obey(order))
say('start')
