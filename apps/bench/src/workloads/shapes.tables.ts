import type { Chart } from '../chart.ts'
import { numberOf } from '../sent.ts'
import { type Spread, showSpread, spread } from '../spread.ts'
import { operations, type Scene, type ShapeName, shapeNames, type Way, ways } from './shapes.messages.ts'
import type { ShapeCount, ShapeRun } from './shapes.ts'
import type { Table } from './workload.ts'

/** What the others are compared with. */
export const floor: Way = 'by hand'

export const scenes: readonly Scene[] = shapeNames.flatMap((shape) =>
  operations
    .filter((operation) => shape === 'record' || operation !== 'hit, two fields')
    .map((operation) => ({ shape, operation })),
)

/** Calls by many in the same time, by those of the floor right before and after. */
export const rateRatio = ({ own, before, after }: ShapeRun): number =>
  (2 * own.together.rate) / (before.together.rate + after.together.rate)

const p50Ratio = ({ own, before, after }: ShapeRun) => (2 * own.alone.p50) / (before.alone.p50 + after.alone.p50)

const columns: readonly (readonly [title: string, figure: (run: ShapeRun) => number])[] = [
  ['p50, ms', ({ own }) => own.alone.p50],
  ['÷ by hand', p50Ratio],
  ['p99, ms', ({ own }) => own.alone.p99],
  ['64 callers, 1/s', ({ own }) => own.together.rate],
  ['÷ by hand', rateRatio],
  ['CPU, µs', ({ own }) => own.together.cpu],
]

const nameOf: Readonly<Record<ShapeName, string>> = {
  record: 'A record: ten fields, 1 KB',
  window: 'A window: twenty messages, 2 KB',
}
const wayOf: Readonly<Record<ShapeName, Readonly<Record<Way, string>>>> = {
  record: { 'by hand': 'hash by hand', 'in its shape': 'RecordCache', 'as JSON': 'JSON in CacheAside' },
  window: { 'by hand': 'list by hand', 'in its shape': 'WindowCache', 'as JSON': 'JSON in CacheAside' },
}

export function shapeTables(sent: readonly ShapeCount[], runs: readonly ShapeRun[]): Table[] {
  return shapeNames.map((shape) => ({
    title: nameOf[shape],
    head: ['', 'round trips', 'commands', ...columns.map(([title]) => title)],
    rows: scenes
      .filter((scene) => scene.shape === shape)
      .flatMap((scene) =>
        ways.map((way) => {
          const { turns, commands } = sent.find((one) => one.scene === scene && one.way === way) ?? {
            turns: 0,
            commands: {},
          }
          const own = runsOf(scene, way, runs)
          const figures = columns.map(([, figure]) => showSpread(spread(own.map(figure))))
          return [`${scene.operation}: ${wayOf[shape][way]}`, `${turns}`, `${numberOf(commands)}`, ...figures]
        }),
      ),
  }))
}

/** The floor by itself: of each of its slices by itself, before another's. */
function runsOf(scene: Scene, way: Way, runs: readonly ShapeRun[]): ShapeRun[] {
  const all = runs.filter((run) => run.scene === scene)
  return way === floor
    ? all.map((run) => ({ ...run, peer: floor, own: run.before, after: run.before }))
    : all.filter((run) => run.peer === way)
}

export function shapeCharts(runs: readonly ShapeRun[]): Chart[] {
  return shapeNames.map((shape) => ({
    name: shape,
    title: nameOf[shape],
    unit: 'calls/s of 64 callers ÷ the same by hand',
    bars: scenes
      .filter((scene) => scene.shape === shape)
      .flatMap((scene) =>
        (['in its shape', 'as JSON'] as const).map((way) => ({
          label: way === 'as JSON' ? 'the same as JSON' : scene.operation,
          spread: ratiosOf(runsOf(scene, way, runs)),
          ours: way === 'in its shape',
        })),
      ),
    marks: [{ at: 1, label: 'by hand' }],
  }))
}

const ratiosOf = (runs: readonly ShapeRun[]): Spread => spread(runs.map(rateRatio))
