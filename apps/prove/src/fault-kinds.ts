import type { FaultProxy } from '@cache-aside/testkit'
import type { Death, Place, WorkerPlace } from './place.ts'

export interface Kind {
  /** The range of how long it lasts, in milliseconds; left out: it is over when it is done. */
  readonly lasts?: readonly [number, number]
  /** What stops counting as a reason once it is over. `nothing`: it voids no lease, or is logged when it comes to it. */
  readonly hits: 'everybody' | 'one worker' | 'nothing'
  /** Redis may lose what it holds. */
  readonly empties?: true
  /** It holds up the worker itself. */
  readonly stalls?: true
  /** What it is done to. Left out: connections of every kind, or the worker. `tracking`: what tells near caches of changes; it excuses nothing. */
  readonly only?: 'tracking' | 'commands'
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

/** To the connection that tells a near cache of changes, and to no other. */
const onTracking = (begin: (tracking: FaultProxy['marked'], over: () => Promise<void>) => unknown): Kind => ({
  lasts: [100, 1_500],
  hits: 'one worker',
  only: 'tracking',
  inject: async (_, { proxy: { marked } }, over) => {
    await begin(marked, over)
    await over()
    marked.heal()
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

export const kinds = {
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
  block: {
    lasts: [100, 600],
    hits: 'one worker',
    stalls: true,
    inject: (_, worker, __, lasts) => worker.block(lasts),
  },
  'tracking-cut': { ...onTracking((tracking) => tracking.cut()), lasts: [0, 50] },
  'tracking-black-hole': onTracking((tracking) => tracking.blackHole()),
  'tracking-no-replies': onTracking((tracking) => tracking.blackHole('toClient')),
  'tracking-no-requests': onTracking((tracking) => tracking.blackHole('toServer')),
  /** By less than the lag that is allowed. */
  'tracking-slow': onTracking((tracking) => tracking.delay(80, 'toClient')),
  /** By more. */
  'tracking-late': onTracking((tracking) => tracking.delay(250, 'toClient')),
  /** What was pushed meanwhile is never heard. */
  'tracking-lost': onTracking(async (tracking, over) => {
    tracking.blackHole()
    await over()
    tracking.cut()
  }),
  /** It is opened again, and comes to nothing. */
  'tracking-away': onTracking((tracking) => {
    tracking.cut()
    tracking.blackHole()
  }),
  'tracking-kill': { hits: 'everybody', only: 'tracking', inject: atServer('CLIENT', 'KILL', 'TYPE', 'pubsub') },
  /** What is read comes later than that it has changed. */
  'commands-slow-replies': {
    ...onNetwork(({ unmarked }) => unmarked.delay(80, 'toClient')),
    lasts: [500, 2_500],
    only: 'commands',
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

/** What keeps from near caches what has changed, or lets it come sooner than what was read. */
const trackingFaults = faultKinds.filter((kind) => kind.startsWith('tracking-') || kind.startsWith('commands-'))

/** For any workload. */
export const usualFaults: readonly FaultKind[] = without(
  ...namespaceFaults,
  ...trackingFaults,
  ...(['kill-in-write', 'stop-in-write', 'outage', 'long-freeze', 'net-refused', 'retire', 'block'] as const),
)

/** What keeps an invalidation from Redis, and leaves standing what it should void. */
export const journalFaults: readonly FaultKind[] = without(
  ...writeFaults,
  ...namespaceFaults,
  ...trackingFaults,
  ...(['block', 'kill-in-load', 'script-flush', 'flushall', 'evict', 'restart'] as const),
)

const againstNear: readonly FaultKind[] = [
  ...trackingFaults,
  ...Array.from({ length: 2 }, () => trackingFaults.filter((kind) => kinds[kind].hits === 'one worker')).flat(),
  ...(['stop', 'stop', 'block', 'block', 'block'] as const),
  // Most of the time the server is left alone: what is not cached cannot be stale.
  ...Array.from({ length: 16 }, () => 'script-flush' as const),
]

/** For near caches: most of what happens, happens to what they are told of changes, and to the time in between. */
export const nearFaults: readonly FaultKind[] = [...usualFaults, ...writeFaults, ...againstNear]

export const nearJournalFaults: readonly FaultKind[] = [...journalFaults, ...againstNear]

/** Done to the server: never two at a time. */
export const isServerFault = (kind: FaultKind): boolean => kinds[kind].hits === 'everybody' || kind === 'script-flush'
