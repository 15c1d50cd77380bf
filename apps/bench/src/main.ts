import { parseArgs } from 'node:util'
import { machine } from './machine.ts'
import { runAgainOn, runsOn } from './other-node.ts'
import { type PeerName, runsHere } from './peers/peers.ts'
import { markdown, save } from './report.ts'
import { batches, batchingPeers } from './workloads/batches.ts'
import { hits, hittingPeers } from './workloads/hits.ts'
import { http, httpPeers } from './workloads/http.ts'
import { imports } from './workloads/imports.ts'
import { holdingPeers, memory } from './workloads/memory.ts'
import { near, nearPeers } from './workloads/near.ts'
import { readingPeers, redisAway } from './workloads/redis-away.ts'
import { semantic } from './workloads/semantic.ts'
import { shapes } from './workloads/shapes.ts'
import { stampede, stampedingPeers } from './workloads/stampede.ts'
import { taggingPeers, tags } from './workloads/tags.ts'
import type { Workload } from './workloads/workload.ts'

// As they are published: sources would be slower by what tsx adds to them, and no peer's are.
process.env['CACHE_ASIDE_BUILT'] = '1'

interface Offer {
  readonly run: Workload
  readonly peers: readonly PeerName[]
  readonly rounds: number
}

const workloads: Readonly<Record<string, Offer>> = {
  'redis-away': { run: redisAway, peers: readingPeers, rounds: 3 },
  tags: { run: tags, peers: taggingPeers, rounds: 7 },
  hits: { run: hits, peers: hittingPeers, rounds: 9 },
  near: { run: near, peers: nearPeers, rounds: 9 },
  stampede: { run: stampede, peers: stampedingPeers, rounds: 15 },
  http: { run: http, peers: httpPeers, rounds: 7 },
  memory: { run: memory, peers: holdingPeers, rounds: 3 },
  imports: { run: imports, peers: [], rounds: 9 },
  batches: { run: batches, peers: batchingPeers, rounds: 7 },
  shapes: { run: shapes, peers: [], rounds: 9 },
  semantic: { run: semantic, peers: [], rounds: 5 },
}

// pnpm hands its own `--` on.
const typed = process.argv.slice(2).filter((argument) => argument !== '--')
const { values: given, positionals } = parseArgs({
  args: typed,
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string' },
    peers: { type: 'string' },
    node: { type: 'string' },
    save: { type: 'boolean', default: false },
  },
})

const [name = ''] = positionals
const workload = workloads[name]
if (!workload) throw new Error(`which workload? There are: ${Object.keys(workloads).join(', ')}`)
const asked: readonly string[] = given.peers?.split(',') ?? workload.peers
const unknown = asked.filter((peer) => !workload.peers.some((each) => each === peer))
if (unknown.length > 0) throw new Error(`--peers: no ${unknown.join(', ')}; there are ${workload.peers.join(', ')}`)
const [seconds, rounds] = [Number(given.seconds), Number(given.rounds ?? workload.rounds)]
if (!(seconds > 0 && Number.isInteger(rounds) && rounds > 0)) throw new Error('--seconds and --rounds: numbers above 0')

if (given.node === undefined || runsOn(given.node)) await bench(workload)
else process.exitCode = await runAgainOn(given.node)

async function bench({ run, peers: all }: Offer): Promise<void> {
  const date = new Date().toISOString()
  const peers = all.filter((peer) => asked.includes(peer) && runsHere(peer))
  const left = all.filter((peer) => asked.includes(peer) && !runsHere(peer))
  if (left.length > 0) console.log(`not on Node ${process.version}, but with --node 22: ${left.join(', ')}`)

  const outcome = await run({ peers, rounds, seconds, progress: (line) => console.log(line) })
  const command = `pnpm bench ${typed.join(' ')}`
  const section = given.node === undefined ? name : `${name}-node-${given.node}`
  const own = await machine()
  const measured = { ...own, redis: outcome.redis ?? own.redis }
  const report = { workload: section, command, date, rounds, machine: measured, outcome }
  console.log(`\n${markdown(report)}`)
  if (given.save) console.log(`\nsaved as ${save(report)}`)
}
