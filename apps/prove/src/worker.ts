import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadContext } from '@cache-aside/core'
import { HistoryLog, sharedNow } from '@cache-aside/testkit'
import { Redis } from 'ioredis'
import { type Value, valueOf } from './around.ts'
import { DatabaseAway, failure } from './failure.ts'
import { Fate } from './fate.ts'
import type { Death } from './place.ts'
import { ObservedCache } from './observed-cache.ts'
import { Random } from './random.ts'
import type { Shaped } from './shaped.ts'
import { keyOf, listsOf, rowsOf, Source } from './source.ts'
import { Stalls } from './stalls.ts'
import { slowest, type Workload } from './workload.ts'
import { Writer } from './writer.ts'

/** What a worker is told when it starts. */
export interface Assignment {
  readonly name: string
  readonly seed: number
  readonly workload: Workload
  readonly log: string
  /** Otherwise it only writes. */
  readonly reads: boolean
  readonly cacheUrl: string
  readonly databaseUrl: string
  /** The engine to run: a module's name or address. */
  readonly engine: string
  /** In milliseconds; then it ends, whoever may have forgotten it. */
  readonly longestLife: number
}

/**
 * `die-…`: by SIGKILL, at the next such moment. `stop`: by SIGSTOP, in the next write behind a barrier. `quiet`: no more
 * calls of your own. `replay`: until nothing is pending. `retire`: quiet, and close the cache. `invalidate`, `read`: all
 * there is. `block`: stand still, and then read all there is.
 */
export interface Order {
  readonly kind: Death | 'stop' | 'quiet' | 'replay' | 'retire' | 'invalidate' | 'read' | 'block'
  /** Of `block`: how long, in milliseconds. */
  readonly lasts?: number
}

/** Sent when it has started, when it is about to stop, and when an order other than to die is done. */
export interface Done {
  readonly done: 'start' | Order['kind']
}

const assignment = JSON.parse(process.argv[2] ?? '') as Assignment
const { name, workload } = assignment
const { near } = workload
const random = new Random(assignment.seed)
const log = new HistoryLog(assignment.log)
const source = new Source(new Redis(assignment.databaseUrl), workload)
const quiet = new AbortController()
const observed = await ObservedCache.open(assignment, log)
const { cache, shaped } = observed
const stalls = new Stalls((at) => log.end(log.begin('fault', name, { at, reason: 'stood still', stalls: true })))
const fate = new Fate(name, log)
const around = { name, workload, random, log, source, observed, shaped, stalls, fate }
const writer = new Writer(around)
const lists = listsOf(workload)
const keys = [...rowsOf(workload), ...lists]
/** What the database has of a key. */
type Held = Awaited<ReturnType<Source['held']>>
/** Reads that no caller waits for. */
let readBehind: Promise<unknown> = Promise.resolve()

async function read(key: string): Promise<void> {
  if (shaped) return readShaped(key, shaped)
  // Some callers leave it to the value.
  const declared = workload.groups && random.chance(0.3) ? undefined : source.declared(key)
  const passes = passing()
  const id = log.begin('read', key, { tags: declared, ...passes.logged })
  try {
    const load = (context: LoadContext) =>
      loadFor(id, key, context, ({ version }, made) => valueOf(around, key, version, made))
    const options = { ...source.tagging(declared), ...passes.options }
    const { answer, nearOf } = await observed.read(() => cache.getOrLoadEntry(key, load, options))
    const { value, stale } = answer
    log.end(id, { version: value.version, load: value.load, ...nearOf(key), ...(stale && { stale }) })
  } catch (error) {
    log.end(id, failure(error, stalls))
  }
}

async function readShaped(row: string, shape: Shaped): Promise<void> {
  const asks = shape.asks(random)
  const id = log.begin('read', row, { asks })
  try {
    const load = (context: LoadContext) =>
      loadFor(id, row, context, (held, made) => ({ ...held, by: `${name}:${made}` }))
    const { answer, nearOf } = await observed.read(() => shape.read(row, asks, load))
    log.end(id, { ...answer, ...nearOf(keyOf(workload, row)) })
  } catch (error) {
    log.end(id, failure(error, stalls))
  }
}

/** Whether a read passes the near cache by. */
function passing(): { readonly logged?: { readonly passesBy: true }; readonly options?: { readonly near: false } } {
  return near && random.chance(near.passedBy) ? { logged: { passesBy: true }, options: { near: false } } : {}
}

/** As one call. */
async function readMany(several: readonly string[]): Promise<void> {
  const passes = passing()
  const ids = new Map(several.map((key) => [key, log.begin('read', key, { batched: true, ...passes.logged })]))
  const load = async (asked: readonly string[]) => {
    // A batch loader is not told whether it refreshes.
    const loads = new Map(asked.map((key) => [key, log.begin('load', key, { of: ids.get(key), refreshes: true })]))
    await dawdle()
    fate.dieIf('die-in-load')
    const versions = await Promise.all(asked.map((key) => source.version(key)))
    await dawdle()
    return asked.map((key, index) => {
      const id = loads.get(key) as number
      const version = versions[index] as number
      const isAway = random.chance(workload.failures)
      log.end(id, isAway ? { failed: true } : { version, ...source.carried(key, version) })
      return isAway ? new DatabaseAway() : valueOf(around, key, version, id)
    })
  }
  const options = { ...source.tagging(), ...passes.options }
  const { answer, nearOf } = await observed.read(() => cache.getOrLoadManySettled(several, load, options))
  for (const [key, id] of ids) {
    const one = answer.get(key)
    if (one?.status === 'fulfilled') log.end(id, { version: one.value.version, load: one.value.load, ...nearOf(key) })
    else log.end(id, failure(one?.reason, stalls))
  }
}

/** @param make The value, of what the database has and the load that has read it. */
async function loadFor<T>(
  readId: number,
  key: string,
  context: LoadContext,
  make: (held: Held, load: number) => T,
): Promise<T> {
  const id = log.begin('load', key, { of: readId, refreshes: context.stale && true })
  await dawdle()
  fate.dieIf('die-in-load')
  const held = await source.held(key)
  const { version, absent } = held
  const shown = { version, ...(absent && { absent }), ...source.carried(key, version) }
  await dawdle()
  if (random.chance(workload.failures)) {
    log.end(id, { failed: true })
    throw new DatabaseAway()
  }
  const stale = context.stale?.value as Value | undefined
  if (stale?.version === version && random.chance(workload.renewals)) {
    log.end(id, { ...shown, renews: stale.load })
    return context.notModified()
  }
  if (random.chance(workload.failures)) context.decline()
  log.end(id, shown)
  return make(held, id)
}

/** The database is slow before it reads, and on the way back. */
async function dawdle(): Promise<void> {
  const longest = random.pick([0, 1, 2, 5, 5, 10, 20, 40, 80, slowest])
  if (longest > 0) await sleep(random.between(0, longest))
}

/** A caller's life: a call, a pause, the next call. */
async function call(): Promise<void> {
  while (!quiet.signal.aborted) {
    const row = `k${Math.floor(random.next() * random.next() * workload.keys)}`
    if (random.chance(workload.writes)) await writer.write(row)
    else if (!assignment.reads) await sleep(0)
    else if (workload.batches > 0 && random.chance(workload.batches)) {
      await readMany(keys.filter(() => random.chance(0.3)))
    } else {
      const list = lists.length > 0 && random.chance(0.3) ? lists[random.below(lists.length)] : undefined
      await Promise.all(Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => read(list ?? row)))
    }
    await sleep(random.next() * random.next() * workload.pause)
  }
}

/** What has come meanwhile is not heard of before these reads are on their way. */
function block(ms: number): void {
  const until = sharedNow() + ms
  while (sharedNow() < until) continue
  if (!assignment.reads || quiet.signal.aborted) return
  readBehind = Promise.all([readBehind, ...keys.map(read)])
}

const say = (done: Done['done']): void => void process.send?.({ done } satisfies Done)

async function becomeQuiet(): Promise<void> {
  quiet.abort()
  await callers
  await readBehind
}

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'die-in-load':
    case 'die-in-write':
    case 'die-after-commit':
      fate.end(order.kind)
      return
    case 'stop':
      fate.pause(random)
      return
    case 'quiet':
      await becomeQuiet()
      break
    case 'replay':
      await Promise.race([observed.replayed(), sleep(10_000, undefined, { ref: false })])
      break
    case 'retire': {
      await becomeQuiet()
      const id = log.begin('close', name)
      await cache.close()
      log.end(id, { lost: observed.lost })
      break
    }
    case 'invalidate':
      await writer.voidAll()
      break
    case 'block':
      block(order.lasts ?? 0)
      break
    case 'read':
      await Promise.all(keys.map(read))
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
