import { setTimeout as sleep } from 'node:timers/promises'
import { type FaultKind, type Kind, kinds } from './fault-kinds.ts'
import type { Place } from './place.ts'
import { Random } from './random.ts'

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

/** Does it, and logs from when until when. Resolves when it is over, to how many connections it was done to that tell of changes. */
export async function inject(
  { kind, worker: number, lasts }: Fault,
  place: Place,
  signal: AbortSignal,
): Promise<number> {
  const worker = place.workers[number % place.workers.length]
  if (!worker) throw new Error('a fault needs a worker')
  const { hits, empties, stalls, only, inject: begin }: Kind = kinds[kind]
  const over = () => sleep(lasts, undefined, { signal }).catch(() => {}) // The run ends: so does the fault.
  if (hits === 'nothing') {
    await begin(place, worker, over, lasts)
    return 0
  }
  const those = hits === 'everybody' ? place.workers : [worker]
  const tracking = only === 'commands' ? 0 : those.reduce((sum, { proxy }) => sum + proxy.marked.count, 0)
  const action = only === 'tracking' ? 'deaf' : 'fault'
  const id = place.log.begin(action, hits === 'everybody' ? '*' : worker.name, { reason: kind, empties, stalls })
  await begin(place, worker, over, lasts)
  place.log.end(id)
  return tracking
}
