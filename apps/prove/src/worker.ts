import { setInterval, setTimeout as sleep } from 'node:timers/promises'
import type { CacheAside, LoadContext } from '@cache-aside/core'
import { HistoryLog, type Outcome, sharedNow } from '@cache-aside/testkit'
import { Redis } from 'ioredis'
import { Random } from './random.ts'
import { commandTimeout, loadTimeout, slowest, type Workload } from './workload.ts'

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

/** `die-…`: by SIGKILL, at the next such moment. `quiet`: no more calls of your own. */
export type Order =
  | { readonly kind: 'die-in-load' | 'die-after-commit' | 'quiet' }
  | { readonly kind: 'invalidate'; readonly keys: readonly string[] }
  | { readonly kind: 'read'; readonly keys: readonly string[] }

/** Sent when it has started, and when an order other than to die is done. */
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
const cache = await openCache()
const quiet = new AbortController()
let death: Order['kind'] | undefined

async function openCache(): Promise<CacheAside> {
  const { CacheAside: Engine } = (await import(assignment.engine)) as typeof import('@cache-aside/core')
  const opened = new Engine({
    namespace: 'prove',
    redis: assignment.cacheUrl,
    leaseTtl: workload.leaseTtl,
    loadTimeout,
    commandTimeout,
    ttl: 20_000,
  })
  opened.events.on('store-error', ({ operation }) => noteFault(`store-error: ${operation}`))
  return opened
}

function noteFault(reason: string, since: number = sharedNow()): void {
  log.end(log.begin('fault', name, { at: since, reason }))
}

async function read(key: string): Promise<void> {
  const id = log.begin('read', key)
  try {
    const { version, load } = await cache.getOrLoad(key, (context) => loadFor(id, context))
    log.end(id, { version, load })
  } catch (error) {
    if (error instanceof DatabaseAway) log.end(id, { failed: true })
    else log.end(id, { failed: true, unexpected: String(error) })
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
  if (random.chance(workload.failures)) context.decline()
  log.end(id, { version })
  return valueOf(version, id)
}

/** The database is slow before it reads, and on the way back. */
async function dawdle(): Promise<void> {
  const longest = random.pick([0, 1, 2, 5, 5, 10, 20, 40, 80, slowest])
  if (longest > 0) await sleep(random.between(0, longest))
}

async function write(key: string): Promise<void> {
  const id = log.begin('commit', key)
  const version = await database.incr(key)
  log.end(id, { version })
  if (death === 'die-after-commit') die()
  // A set that fails is left at that: whether it comes late or never, the next writer makes up for it.
  if (random.chance(workload.sets)) await set(key, version)
  else await invalidate(key, 3)
}

/** Only one writer at a time may put what it has committed: so says the documentation of \`set\`. */
async function writeAlone(key: string): Promise<void> {
  const lock = `lock of ${key}`
  if ((await database.set(lock, name, 'PX', 5_000, 'NX')) === null) return
  await write(key)
  await database.del(lock)
}

/** Acknowledged means, accepted or not, that nothing older is left. */
async function set(key: string, version: number): Promise<void> {
  const id = log.begin('set', key)
  try {
    await cache.set(key, valueOf(version, id))
    log.end(id, { version })
  } catch (error) {
    log.end(id, failure(error))
  }
}

/** Not acknowledged is what a writer has to expect, and to try again. */
function failure(error: unknown): Outcome {
  const isMeant = error instanceof Error && 'code' in error && error.code === 'STORE'
  return isMeant ? { failed: true } : { failed: true, unexpected: String(error) }
}

/** True when it was acknowledged. */
async function invalidate(key: string, attempts: number): Promise<boolean> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const id = log.begin('invalidate', key)
    try {
      await cache.invalidate(key)
      log.end(id)
      return true
    } catch (error) {
      log.end(id, failure(error))
    }
    await sleep(random.between(20, 200))
  }
  return false
}

/** A caller's life: a call, a pause, the next call. */
async function call(): Promise<void> {
  while (!quiet.signal.aborted) {
    const key = `k${Math.floor(random.next() * random.next() * workload.keys)}`
    if (random.chance(workload.writes)) await (workload.sets > 0 ? writeAlone(key) : write(key))
    else await Promise.all(Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => read(key)))
    await sleep(random.next() * random.next() * workload.pause)
  }
}

/** A process that stood still could not extend its leases: the log has to say so. */
async function watchStalls(): Promise<void> {
  let last = sharedNow()
  for await (const _ of setInterval(20)) {
    const now = sharedNow()
    if (now - last > 60) noteFault('stood still', last)
    last = now
  }
}

function die(): void {
  noteFault(`${death}`)
  process.kill(process.pid, 'SIGKILL')
}

const say = (done: Done['done']): void => void process.send?.({ done } satisfies Done)

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'die-in-load':
    case 'die-after-commit':
      death = order.kind
      return
    case 'quiet':
      quiet.abort()
      await callers
      break
    case 'invalidate':
      for (const key of order.keys) {
        if (!(await invalidate(key, 30))) throw new Error(`${key} cannot be invalidated although nothing disturbs`)
      }
      break
    case 'read':
      await Promise.all(order.keys.map(read))
      break
  }
  say(order.kind)
}

void watchStalls()
setTimeout(() => process.exit(1), assignment.longestLife)
process.on('disconnect', () => process.exit(1))
const callers = Promise.all(Array.from({ length: workload.callers }, call))
process.on('message', (order: Order) => void obey(order))
say('start')
