import { deepStrictEqual, strictEqual } from 'node:assert'
import { forEach, timedCalls } from '../calls.ts'
import { obey } from '../orders.ts'
import { type Sent, sentBy } from '../sent.ts'
import { ServerLedger } from '../server-ledger.ts'
import type { Assignment } from '../stage.ts'
import { Turns } from '../turns.ts'
import { asJson } from './shapes.as-json.ts'
import { byHand } from './shapes.by-hand.ts'
import { inShape } from './shapes.in-shape.ts'
import { type Keeper, type Keepers, type OpenKeepers } from './shapes.keeper.ts'
import {
  type CallCounts,
  type Operation,
  type Order,
  type Scene,
  shapeNames,
  type Slice,
  type Way,
} from './shapes.messages.ts'
import { messagesOf, productOf, Source } from './shapes.source.ts'

const { peer: way, url } = JSON.parse(process.argv[2] ?? '') as Assignment<Way>
const opens: Readonly<Record<Way, OpenKeepers>> = { 'by hand': byHand, 'in its shape': inShape, 'as JSON': asJson }

const sources = { record: new Source(productOf), window: new Source(messagesOf) }
const turns = await Turns.before(url)
const direct = await opens[way](url, sources)
const watched = await opens[way](turns.url, sources)
const ledger = new ServerLedger(url)

obey(async (order: Order) => {
  switch (order.kind) {
    case 'check':
      return check()
    case 'count':
      return count(order.scene)
    case 'time':
      return time(order.scene, order.counts)
    default:
      throw new Error(`no such order: ${JSON.stringify(order satisfies never)}`)
  }
})

/** @throws unless each operation gives back what is in the database. */
async function check(): Promise<void> {
  for (const shape of shapeNames) {
    const [keeper, source, id] = [direct[shape], sources[shape], 'checked']
    const stands = async () => deepStrictEqual(await keeper.hit(id), source.row(id))
    deepStrictEqual(await keeper.miss(id), source.row(id))
    await stands()
    await keeper['change, cached'](id)
    await stands()
    await keeper.invalidate(id)
    await keeper['change, not cached'](id)
    const reads = source.reads
    deepStrictEqual(await keeper.miss(id), source.row(id))
    strictEqual(source.reads, reads + 1)
  }
  const { stock, price } = sources.record.row('checked')
  deepStrictEqual(await direct.record['hit, two fields']('checked'), { stock, price })
}

function count(scene: Scene): Promise<Sent> {
  const act = operationOf(watched, scene)
  return sentBy(
    { turns, ledger },
    () => act('counted'),
    () => stand(scene, ['counted']),
  )
}

async function time(scene: Scene, { alone, together, callers }: CallCounts): Promise<Slice> {
  const act = operationOf(direct, scene)
  const ids = Array.from({ length: alone + together }, (_, number) => `${number}`)
  await stand(scene, ids)
  const reads = sources[scene.shape].reads
  const one = await timedCalls(1, alone, (number) => act(ids[number] as string))
  const many = await timedCalls(callers, together, (number) => act(ids[alone + number] as string))
  if (scene.operation === 'miss') strictEqual(sources[scene.shape].reads - reads, ids.length)
  return { alone: one, together: many }
}

/** Brings rows to where an operation begins. */
function stand({ shape, operation }: Scene, ids: readonly string[]): Promise<void> {
  const keeper = direct[shape]
  const cached = operation !== 'miss' && operation !== 'change, not cached'
  return forEach(64, ids, cached ? keeper.miss : keeper.invalidate)
}

function operationOf(keepers: Keepers, { shape, operation }: Scene): Keeper[Operation] {
  const keeper: Partial<Keeper> = keepers[shape]
  const act = keeper[operation]
  if (!act) throw new Error(`a ${shape} has no ${operation}`)
  return act
}
