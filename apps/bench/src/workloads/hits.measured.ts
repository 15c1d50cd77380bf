import { deepStrictEqual } from 'node:assert'
import { documentOf, keysOf, mustNotLoad } from '../documents.ts'
import { obey } from '../orders.ts'
import { openPeer } from '../peers/peers.ts'
import { quantile } from '../spread.ts'
import type { Assignment } from '../stage.ts'
import type { Order, Slice } from './hits.messages.ts'

const { peer: name, url } = JSON.parse(process.argv[2] ?? '') as Assignment
/** Longer than all of it takes. */
const kept = { ttl: 3_600_000, namespace: name }
/** More than one slice can have. */
const mostReads = 1_000_000

const peer = await openPeer(name, url, kept)
const latencies = new Float64Array(mostReads)

obey(async (order: Order) => (order.kind === 'fill' ? fill(order) : read(order)))

async function fill({ form, keys }: Extract<Order, { kind: 'fill' }>): Promise<void> {
  const rows = keysOf(form, keys).map((key) => documentOf(key, form))
  for (const row of rows) await peer.getOrLoad(row.key, async () => row)
  for (const row of rows) deepStrictEqual(await peer.getOrLoad(row.key, mustNotLoad), row)
}

/**
 * Callers who read again as soon as they are answered, each the next key: no two want the same at once. Each reads
 * once at least: a busy machine can hold a process for longer than a short slice.
 */
async function read({
  scene: { form, callers },
  keys,
  milliseconds,
}: Extract<Order, { kind: 'read' }>): Promise<Slice> {
  const names = keysOf(form, keys)
  let [asked, reads] = [0, 0]
  const [began, cpu] = [performance.now(), process.cpuUsage()]
  const caller = async () => {
    let called = performance.now()
    do {
      await peer.getOrLoad(names[asked++ % keys] as string, mustNotLoad)
      const answered = performance.now()
      latencies[reads++] = answered - called
      called = answered
    } while (called - began < milliseconds)
  }
  await Promise.all(Array.from({ length: callers }, caller))
  const [time, { user, system }] = [performance.now() - began, process.cpuUsage(cpu)]
  const all = Array.from(latencies.subarray(0, reads))
  return {
    rate: (reads * 1000) / time,
    p50: quantile(all, 0.5),
    p99: quantile(all, 0.99),
    cpu: (user + system) / reads,
  }
}
