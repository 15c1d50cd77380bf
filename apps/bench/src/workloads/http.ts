import { type Compared, inTurn } from '../in-turn.ts'
import type { PeerName } from '../peers/peers.ts'
import { HttpBed, type HttpScale, type Question, type Slice, type Subject } from './http.bed.ts'
import type { Way } from './http.messages.ts'
import { httpCharts, httpTables, nameOf } from './http.tables.ts'
import type { Choice, Outcome } from './workload.ts'

/** Whose interceptors there are. */
export const httpPeers = ['cache-aside', 'cache-aside-near', 'cache-manager'] as const satisfies readonly PeerName[]

const questions: readonly Question[] = ['whole', 'unchanged']

const usual: HttpScale = { seconds: 1, connections: 64, pages: 100, warmUps: 20_000 }

/** An application beside the one with no cache, which was measured right before it and right after. */
export interface HttpRun extends Compared<Subject, Slice> {
  readonly round: number
  readonly question: Question
}

/** One route of an application, with several caches around it and with none: whole answers, and 304. */
export async function http({ peers, rounds, progress }: Choice, scale: HttpScale = usual): Promise<Outcome> {
  const beds: HttpBed[] = []
  const runs: HttpRun[] = []
  try {
    for (const subject of subjectsOf(peers)) beds.push(await HttpBed.start(subject))
    await Promise.all(beds.map((bed) => bed.fill(scale.pages)))
    for (const question of questions) {
      for (const bed of askable(beds, question)) {
        await bed.warmUp(question, scale)
        progress?.(`${nameOf(bed.subject)}, ${question}: warm`)
      }
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const question of questions) {
        const compared = await inTurn(...inOrder(beds, question, round), (bed) => bed.measure(question, scale))
        const all = compared.map(({ peer, ...each }) => ({ round, question, peer: peer.subject, ...each }))
        runs.push(...all)
        progress?.(`round ${round}, ${question}: ${all.map(summary).join(', ')}`)
      }
    }
  } finally {
    await Promise.all(beds.map((bed) => bed[Symbol.asyncDispose]()))
  }
  return { tables: httpTables(runs, scale), charts: httpCharts(runs), runs }
}

/** What has no ETags of its own stands there twice: without, as it comes, and with those of `@fastify/etag`. */
function subjectsOf(peers: readonly PeerName[]): Subject[] {
  const ways: Way[] = ['no cache', ...httpPeers.filter((peer) => peers.includes(peer)), 'hook']
  const without: readonly Way[] = ['no cache', 'cache-manager']
  return [
    ...ways.map((way) => ({ way, etag: false })),
    ...ways.filter((way) => without.includes(way)).map((way) => ({ way, etag: true })),
  ]
}

/** Those with an ETag that clients can come with; of the others, those without one of `@fastify/etag`. */
function askable(beds: readonly HttpBed[], question: Question): HttpBed[] {
  return beds.filter((bed) => (question === 'whole' ? !bed.subject.etag : bed.hasEtags))
}

/** The one with no cache, and the others, another one first each time. */
function inOrder(beds: readonly HttpBed[], question: Question, round: number): [HttpBed, HttpBed[]] {
  const all = askable(beds, question)
  const base = all.find(({ subject }) => subject.way === 'no cache')
  const others = all.filter((bed) => bed !== base)
  if (!base) throw new Error('there is nothing to compare with')
  const first = round % Math.max(1, others.length)
  return [base, [...others.slice(first), ...others.slice(0, first)]]
}

function summary(run: HttpRun): string {
  return `${nameOf(run.peer)} ${Math.round(run.own.rate)}/s, ${run.own.cpu.toFixed(0)} µs`
}
