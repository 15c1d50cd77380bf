import { type Compared, inTurn } from '../in-turn.ts'
import type { Sent } from '../sent.ts'
import { Stage } from '../stage.ts'
import { type CallCounts, type Order, type Scene, type Slice, type Way, ways } from './shapes.messages.ts'
import { floor, rateRatio, scenes, shapeCharts, shapeTables } from './shapes.tables.ts'
import type { Choice, Outcome } from './workload.ts'

const usual: CallCounts = { alone: 200, together: 1_280, callers: 64 }

export interface ShapeRun extends Compared<Way, Slice> {
  readonly round: number
  readonly scene: Scene
}

/** What an operation sends: that does not depend on the round. */
export interface ShapeCount extends Sent {
  readonly way: Way
  readonly scene: Scene
}

/** Records and windows, each in its own type of Redis key, as one JSON text, and by hand: each in a process of its own. */
export async function shapes({ rounds, progress }: Choice, counts: CallCounts = usual): Promise<Outcome> {
  await using stage = await Stage.open<Way>(new URL('shapes.measured.ts', import.meta.url))
  for (const way of ways) {
    await stage.add(way)
    await stage.order(way, { kind: 'check' } satisfies Order)
  }
  const sent: ShapeCount[] = []
  for (const scene of scenes) {
    for (const way of ways) {
      sent.push({ way, scene, ...(await stage.order<Sent>(way, { kind: 'count', scene } satisfies Order)) })
    }
  }

  const runs: ShapeRun[] = []
  const own = ways.filter((way) => way !== floor)
  // Round 0 is for the compiler.
  for (let round = 0; round <= rounds; round += 1) {
    // Another one first each time.
    const others = round % 2 === 0 ? own : own.toReversed()
    const ratios: string[] = []
    for (const scene of scenes) {
      const time: Order = { kind: 'time', scene, counts }
      const compared = await inTurn<Way, Slice>(floor, others, (way) => stage.order<Slice>(way, time))
      if (round > 0) runs.push(...compared.map((each) => ({ round, scene, ...each })))
      const [shaped] = compared.filter(({ peer }) => peer === 'in its shape')
      if (shaped) ratios.push(`${scene.operation} ${rateRatio({ round, scene, ...shaped }).toFixed(2)}`)
    }
    progress?.(`round ${round}: ${ratios.join(', ')}`)
  }
  return { tables: shapeTables(sent, runs), charts: shapeCharts(runs), runs: [...sent, ...runs] }
}
