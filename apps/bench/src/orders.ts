import { setTimeout as sleep } from 'node:timers/promises'
import type { SpawnedProcess } from '@cache-aside/testkit'
import { patience } from './callers.ts'

type Reply<Answer> = { readonly answer: Answer } | { readonly failed: unknown }

/** In the process under test: carries out one order after the other, until the process that gives them is gone. */
export function obey(carryOut: (order: never) => Promise<unknown>): void {
  const say = (reply: Reply<unknown>) => void process.send?.(reply)
  process.on('message', (order) => {
    carryOut(order as never).then(
      (answer) => say({ answer }),
      (failed: unknown) => say({ failed }),
    )
  })
  process.on('disconnect', () => process.exit())
}

/** Gives an order, and resolves with what came of it. @throws what it failed with, or that it took too long. */
export async function give<Answer>(order: object, process: SpawnedProcess): Promise<Answer> {
  await process.send(order)
  const reply = (await within(12 * patience, process.receive())) as Reply<Answer>
  if ('failed' in reply) throw reply.failed
  return reply.answer
}

/** @param milliseconds @throws when it has not settled by then. */
export async function within<T>(milliseconds: number, answer: Promise<T>): Promise<T> {
  const tooLate = new AbortController()
  const late = sleep(milliseconds, undefined, { signal: tooLate.signal }).then(() => {
    throw new Error(`no answer within ${milliseconds / 1000} s`)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    late.catch(() => {})
    tooLate.abort()
  }
}
