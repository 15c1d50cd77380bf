import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CacheEvent } from '../events.ts'
import { Journal } from './journal.ts'

const alphabet = ['a', 'b', 'c', 'd']
/** `go on`: one call to the store is answered. */
const plans = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('add' as const), keys: fc.subarray(alphabet, { minLength: 1 }) }),
    fc.record({ kind: fc.constant('replay' as const) }),
    fc.record({ kind: fc.constant('go on' as const) }),
  ),
  { minLength: 4, maxLength: 25 },
)

/** Whatever the order of additions, replays and answers, and whichever calls fail. */
describe('a journal', () => {
  it('has a key pending until a call that was sent after its last addition was acknowledged, and not for ever', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        plans,
        fc.array(fc.boolean(), { maxLength: 12 }),
        fc.integer({ min: 2, max: 5 }),
        async (scheduler, plan, failures, limit) => {
          let moment = 0
          const added = new Map<string, number>()
          /** By key, when the last call was sent that has been acknowledged. */
          const voided = new Map<string, number>()
          const mayBeForgotten = (key: string) => (voided.get(key) ?? 0) >= (added.get(key) ?? 0)
          const forgotten = () => alphabet.filter((key) => !journal.isPending(key))

          const call = async (keys: readonly string[]) => {
            const sent = ++moment
            const fails = failures.pop() ?? false
            await scheduler.schedule(Promise.resolve())
            if (fails) throw new Error('READONLY')
            for (const key of keys) voided.set(key, Math.max(sent, voided.get(key) ?? 0))
          }
          const replayed: CacheEvent[] = []
          const timers: (() => void)[] = []
          const journal: Journal = new Journal({
            limit,
            clock: {
              now: () => 0,
              wall: () => 0,
              after: (_delay, run) => {
                timers.push(run)
                return () => void timers.splice(timers.indexOf(run), 1)
              },
            },
            invalidate: call,
            clear: () => call(alphabet),
            report: (event) => {
              if (event.type !== 'invalidate-replayed') return
              replayed.push(event)
              expect(forgotten()).toEqual(alphabet)
              expect(alphabet.filter((key) => !mayBeForgotten(key))).toEqual([])
            },
          })

          for (const step of plan) {
            if (step.kind === 'replay') void journal.replay()
            else if (step.kind === 'go on') {
              if (scheduler.count() > 0) await scheduler.waitOne()
            } else {
              moment += 1
              for (const key of step.keys) added.set(key, moment)
              journal.add(step.keys)
              expect(step.keys.every((key) => journal.isPending(key))).toBe(true)
            }
            expect(forgotten().filter((key) => !mayBeForgotten(key))).toEqual([])
          }

          failures.length = 0
          // Something goes on as long as anything is pending: a call, or a timer.
          for (;;) {
            await new Promise(setImmediate)
            if (forgotten().length === alphabet.length) break
            if (scheduler.count() > 0) await scheduler.waitOne()
            else {
              expect(timers).not.toEqual([])
              timers.shift()?.()
            }
          }
          expect(alphabet.filter((key) => !mayBeForgotten(key))).toEqual([])
          expect(timers).toEqual([])
          if (added.size > 0) expect(replayed).not.toEqual([])
        },
      ),
      { numRuns: 3_000 },
    )
  })
})
