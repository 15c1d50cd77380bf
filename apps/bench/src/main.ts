import { parseArgs } from 'node:util'
import { machine } from './machine.ts'
import type { PeerName } from './peers/peers.ts'
import { markdown, save } from './report.ts'
import { batches, batchingPeers } from './workloads/batches.ts'
import { readingPeers, redisAway } from './workloads/redis-away.ts'
import { taggingPeers, tags } from './workloads/tags.ts'
import type { Workload } from './workloads/workload.ts'

interface Offer {
  readonly run: Workload
  readonly peers: readonly PeerName[]
  readonly rounds: number
}

const workloads: Readonly<Record<string, Offer>> = {
  'redis-away': { run: redisAway, peers: readingPeers, rounds: 3 },
  tags: { run: tags, peers: taggingPeers, rounds: 7 },
  batches: { run: batches, peers: batchingPeers, rounds: 7 },
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

const date = new Date().toISOString()
const peers = workload.peers.filter((peer) => asked.includes(peer))
const outcome = await workload.run({ peers, rounds, seconds, progress: (line) => console.log(line) })
const command = `pnpm bench ${typed.join(' ')}`
const report = { workload: name, command, date, rounds, machine: await machine(), outcome }
console.log(`\n${markdown(report)}`)
if (given.save) console.log(`\nsaved as ${save(report)}`)
