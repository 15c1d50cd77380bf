import { quantile } from './spread.ts'

/** What calls of one kind took. */
export interface Calls {
  /** In a second. */
  readonly rate: number
  /** Milliseconds. */
  readonly p50: number
  /** Milliseconds. */
  readonly p99: number
  /** Of the process for each call, in microseconds. */
  readonly cpu: number
}

/** So many calls, by callers who each call again as soon as they are answered. @param call Is told which of all calls it is. */
export async function timedCalls(
  callers: number,
  count: number,
  call: (number: number) => Promise<unknown>,
): Promise<Calls> {
  const latencies: number[] = []
  let begun = 0
  const [began, cpu] = [performance.now(), process.cpuUsage()]
  const caller = async () => {
    while (begun < count) {
      const called = performance.now()
      await call(begun++)
      latencies.push(performance.now() - called)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  const [time, { user, system }] = [performance.now() - began, process.cpuUsage(cpu)]
  return {
    rate: (count * 1000) / time,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpu: (user + system) / count,
  }
}

/** The same for all of a list, by so many callers. */
export async function forEach<T>(
  callers: number,
  all: readonly T[],
  call: (one: T) => Promise<unknown>,
): Promise<void> {
  const left = all.values()
  const caller = async () => {
    for (const one of left) await call(one)
  }
  await Promise.all(Array.from({ length: callers }, caller))
}
