import { createHistogram } from 'node:perf_hooks'
import autocannon, { type Options, type Result } from 'autocannon'

/** What is asked for. */
export interface Ask {
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What clients saw. */
export interface Load {
  readonly requests: number
  /** For each second. */
  readonly rate: number
  /** In milliseconds. */
  readonly p50: number
  readonly p99: number
  /** How many answers of each status. */
  readonly statuses: Readonly<Record<number, number>>
  /** Connections that failed, and requests that were given up. */
  readonly errors: number
}

/** Clients, each on a connection that it keeps, who ask again as soon as they are answered. */
export async function load(
  url: string,
  asks: readonly Ask[],
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
): Promise<Load> {
  // In nanoseconds: it holds whole numbers only. That of autocannon counts milliseconds.
  const latencies = createHistogram()
  const statuses: Record<number, number> = {}
  let [clients, requests, last] = [0, 0, 0]

  const began = performance.now()
  const options: Options = {
    url,
    connections,
    duration: seconds,
    sampleInt: 100,
    // Each begins elsewhere: what is asked for at once is of different keys.
    setupClient: (client) => {
      const first = Math.floor((clients * asks.length) / connections) % asks.length
      clients += 1
      client.setRequests([...asks.slice(first), ...asks.slice(0, first)].map((ask) => ({ ...ask })))
    },
  }
  const { errors } = await new Promise<Result>((resolve, reject) => {
    const run = autocannon(options, (error, result) => (error ? reject(error as Error) : resolve(result)))
    run.on('response', (_client, status, _bytes, latency) => {
      latencies.record(Math.max(1, Math.round(latency * 1e6)))
      statuses[status] = (statuses[status] ?? 0) + 1
      requests += 1
      last = performance.now()
    })
  })
  return {
    requests,
    rate: (requests * 1000) / (last - began),
    p50: latencies.percentile(50) / 1e6,
    p99: latencies.percentile(99) / 1e6,
    statuses,
    errors,
  }
}
