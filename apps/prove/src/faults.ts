import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultProxy, HistoryLog, RedisServer } from '@cache-aside/testkit'
import { Random } from './random.ts'

/** What a fault is done to. */
export interface Place {
  readonly redis: RedisServer
  readonly log: HistoryLog
  readonly workers: readonly WorkerPlace[]
}

/** When a worker kills itself: while it loads, behind a barrier and before the commit, or after a commit. */
export type Death = 'die-in-load' | 'die-in-write' | 'die-after-commit'

/** A worker and its own way to Redis. */
export interface WorkerPlace {
  /** Changes when it dies and another takes its place. */
  readonly name: string
  readonly proxy: FaultProxy
  pause(): void
  resume(): void
  /** Resolves when it stands still in the middle of a write behind a barrier. False: there was none, and it goes on. */
  pauseInWrite(): Promise<boolean>
  /** By SIGKILL: now, or by its own hand at the next such moment. */
  kill(when: 'now' | Death): Promise<void>
  /** It ends as it should: no more calls, and its cache is closed. */
  retire(): Promise<void>
}

interface Kind {
  /** The range of how long it lasts, in milliseconds; left out: it is over when it is done. */
  readonly lasts?: readonly [number, number]
  /** What stops counting as a reason once it is over. `nothing`: it voids no lease, or is logged when it comes to it. */
  readonly hits: 'everybody' | 'one worker' | 'nothing'
  /** Redis may lose what it holds. */
  readonly empties?: true
  /** It holds up the worker itself. */
  readonly stalls?: true
  readonly inject: (place: Place, worker: WorkerPlace, over: () => Promise<void>, lasts: number) => Promise<void>
}

const onNetwork = (begin: (proxy: FaultProxy) => void): Kind => ({
  lasts: [100, 1_500],
  hits: 'one worker',
  inject: async (_, { proxy }, over) => {
    begin(proxy)
    await over()
    proxy.heal()
  },
})

const atServer = (...command: [string, ...string[]]): Kind['inject'] => {
  return async ({ redis }) => void (await redis.cli(...command))
}

const death = (when: 'now' | Death): Kind => ({
  hits: 'nothing',
  inject: (_, worker) => worker.kill(when),
})

const restart: Kind = {
  lasts: [50, 800],
  hits: 'everybody',
  empties: true,
  inject: async ({ redis }, _, over) => {
    await redis.kill()
    await over()
    await redis.start()
  },
}

const freeze: Kind = {
  lasts: [100, 1_200],
  hits: 'everybody',
  inject: async ({ redis }, _, over) => {
    redis.pause()
    await over()
    redis.resume()
  },
}

const evict = (policy: string): Kind => ({
  lasts: [200, 1_000],
  hits: 'everybody',
  empties: true,
  inject: async ({ redis }, _, over) => {
    // A little less than is used: the server has to choose what goes.
    const used = Number(/used_memory:(\d+)/.exec(String(await redis.cli('INFO', 'memory')))?.[1])
    await redis.cli('CONFIG', 'SET', 'maxmemory-policy', policy, 'maxmemory', used - 20_000)
    await over()
    await redis.cli('CONFIG', 'SET', 'maxmemory', 0)
  },
})

const kinds = {
  kill: death('now'),
  'kill-in-load': death('die-in-load'),
  'kill-in-write': death('die-in-write'),
  'kill-after-commit': death('die-after-commit'),
  retire: { hits: 'nothing', inject: (_, worker) => worker.retire() },
  stop: {
    lasts: [300, 1_500],
    hits: 'one worker',
    stalls: true,
    inject: async (_, worker, over) => {
      worker.pause()
      await over()
      worker.resume()
    },
  },
  'stop-in-write': {
    lasts: [800, 2_800],
    hits: 'nothing',
    inject: async ({ log }, worker, over) => {
      if (!(await worker.pauseInWrite())) return
      const id = log.begin('fault', worker.name, { reason: 'stop', stalls: true })
      await over()
      worker.resume()
      log.end(id)
    },
  },
  'client-kill': { hits: 'everybody', inject: atServer('CLIENT', 'KILL', 'TYPE', 'normal') },
  'client-pause': {
    lasts: [100, 1_200],
    hits: 'everybody',
    inject: async ({ redis }, _, over, lasts) => {
      await redis.cli('CLIENT', 'PAUSE', Math.round(lasts), 'ALL')
      await over()
      await redis.cli('PING') // Answered when the pause is over, however soon the run ends.
    },
  },
  'script-flush': { hits: 'nothing', inject: atServer('SCRIPT', 'FLUSH') },
  flushall: { hits: 'everybody', empties: true, inject: atServer('FLUSHALL') },
  evict: evict('allkeys-lru'),
  'read-only': {
    lasts: [200, 2_500],
    hits: 'everybody',
    inject: async ({ redis }, _, over) => {
      // It has no replicas: writes are refused, reads are answered.
      await redis.cli('CONFIG', 'SET', 'min-replicas-to-write', 1)
      await over()
      await redis.cli('CONFIG', 'SET', 'min-replicas-to-write', 0)
    },
  },
  restart,
  outage: { ...restart, lasts: [1_000, 4_000] },
  freeze,
  'long-freeze': { ...freeze, lasts: [1_000, 4_000] },
  'net-delay': onNetwork((proxy) => proxy.delay(60)),
  'net-slow-replies': onNetwork((proxy) => proxy.delay(80, 'toClient')),
  'net-slow-requests': onNetwork((proxy) => proxy.delay(80, 'toServer')),
  'net-cut': { ...onNetwork((proxy) => proxy.cut()), lasts: [0, 50] },
  'net-black-hole': onNetwork((proxy) => proxy.blackHole()),
  'net-no-replies': onNetwork((proxy) => proxy.blackHole('toClient')),
  'net-no-requests': onNetwork((proxy) => proxy.blackHole('toServer')),
  'net-refused': {
    lasts: [500, 3_000],
    hits: 'one worker',
    inject: async (_, { proxy }, over) => {
      proxy.refuse()
      proxy.cut()
      await over()
      await proxy.accept()
    },
  },
  'evict-any': evict('allkeys-random'),
  'drop-tags': { hits: 'everybody', empties: true, inject: atServer('DEL', 'prove/tags') },
  'drop-generation': { hits: 'everybody', inject: atServer('DEL', 'prove/generation') },
} as const satisfies Record<string, Kind>

export type FaultKind = keyof typeof kinds

export const faultKinds = Object.keys(kinds) as [FaultKind, ...FaultKind[]]

const without = (...others: FaultKind[]) => faultKinds.filter((kind) => !others.includes(kind))

/** In the middle of a write behind a barrier, or right after a commit. */
export const writeFaults: readonly FaultKind[] = ['kill-in-write', 'kill-after-commit', 'stop-in-write']

/** What takes from Redis the keys that void many entries at once. */
export const namespaceFaults: readonly FaultKind[] = ['evict-any', 'drop-tags', 'drop-generation']

/** For any workload. */
export const usualFaults: readonly FaultKind[] = without(
  ...namespaceFaults,
  ...(['kill-in-write', 'stop-in-write', 'outage', 'long-freeze', 'net-refused', 'retire'] as const),
)

/** What keeps an invalidation from Redis, and leaves standing what it should void. */
export const journalFaults: readonly FaultKind[] = without(
  ...writeFaults,
  ...namespaceFaults,
  ...(['kill-in-load', 'script-flush', 'flushall', 'evict', 'restart'] as const),
)

/** Done to the server: never two at a time. */
export const isServerFault = (kind: FaultKind): boolean => kinds[kind].hits === 'everybody' || kind === 'script-flush'

export interface Fault {
  readonly kind: FaultKind
  /** Pause before it, in milliseconds. */
  readonly after: number
  readonly worker: number
  readonly lasts: number
}

/** The faults of a run, one after the other, without end; the same for the same seed. */
export function* schedule(seed: number, from: readonly [FaultKind, ...FaultKind[]]): Generator<Fault, never> {
  const random = new Random(seed)
  for (;;) {
    const kind = random.pick(from)
    const { lasts: [shortest, longest] = [0, 0] }: Kind = kinds[kind]
    yield {
      kind,
      after: random.between(100, 900),
      worker: random.below(1_000),
      lasts: random.between(shortest, longest),
    }
  }
}

/** Does it, and logs from when until when. Resolves when it is over. */
export async function inject({ kind, worker: number, lasts }: Fault, place: Place, signal: AbortSignal): Promise<void> {
  const worker = place.workers[number % place.workers.length]
  if (!worker) throw new Error('a fault needs a worker')
  const { hits, empties, stalls, inject: begin }: Kind = kinds[kind]
  const over = () => sleep(lasts, undefined, { signal }).catch(() => {}) // The run ends: so does the fault.
  if (hits === 'nothing') return begin(place, worker, over, lasts)

  const id = place.log.begin('fault', hits === 'everybody' ? '*' : worker.name, { reason: kind, empties, stalls })
  await begin(place, worker, over, lasts)
  place.log.end(id)
}
