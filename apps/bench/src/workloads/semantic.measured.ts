import { CacheAside } from '@cache-aside/core'
import { Redis } from 'ioredis'
import { forEach, timedCalls } from '../calls.ts'
import { obey } from '../orders.ts'
import { sentBy } from '../sent.ts'
import { ServerLedger } from '../server-ledger.ts'
import type { Assignment } from '../stage.ts'
import { Turns } from '../turns.ts'
import { Assistant, type Learnt } from './semantic.assistant.ts'
import { IndexedCollection } from './semantic.collection.ts'
import type { Asking, Collection, Order } from './semantic.messages.ts'
import { Questions } from './semantic.questions.ts'

const { url } = JSON.parse(process.argv[2] ?? '') as Assignment<string>
/** In milliseconds: eight that are added at once wait for each other, and a busy machine takes its time. */
const patient = 30_000

const cache = new CacheAside({ redis: url, namespace: 'collections', commandTimeout: patient })
const collections = new Map<string, IndexedCollection>()
const redis = new Redis(url)
const ledger = new ServerLedger(url)
const turns = await Turns.before(url)
const questions = new Questions()
const assistant = await Assistant.open(url, questions, patient)
const watched = await Assistant.open(turns.url, questions, patient)
const learnt: Learnt[] = []

obey(async (order: Order) => {
  switch (order.kind) {
    case 'add':
      return collectionOf(order.collection).add(memory)
    case 'judge':
      return collectionOf(order.collection).judge()
    case 'search':
      return collectionOf(order.collection).search(order.index, order.count)
    case 'learn':
      return learn(order.questions)
    case 'count':
      return sentBy({ turns, ledger }, (time) => watched.ask(order.asking, learntAt(time)))
    case 'ask':
      return ask(order.asking, order.count)
    default:
      throw new Error(`no such order: ${JSON.stringify(order satisfies never)}`)
  }
})

function collectionOf(collection: Collection): IndexedCollection {
  const name = JSON.stringify(collection)
  const known = collections.get(name) ?? new IndexedCollection(cache, collection)
  collections.set(name, known)
  return known
}

/** Of all vector sets, in bytes. */
async function memory(): Promise<number> {
  const keys = await redis.keys('*/semantic:*')
  const bytes = await Promise.all(keys.map((key) => redis.memory('USAGE', key)))
  return bytes.reduce<number>((sum, one) => sum + (one ?? 0), 0)
}

async function learn(count: number): Promise<void> {
  const more = Array.from({ length: count }, () => questions.next())
  await forEach(8, more, (one) => assistant.learn(one))
  learnt.push(...more)
}

async function ask(asking: Asking, number: number) {
  const call = (place: number) => assistant.ask(asking, learntAt(place))
  return { one: await timedCalls(1, number, call), eight: await timedCalls(8, number, call) }
}

const learntAt = (place: number): Learnt => learnt[place % learnt.length] as Learnt
