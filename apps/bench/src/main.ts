import { parseArgs } from 'node:util'
import { machine } from './machine.ts'
import { peerNames } from './peers/peers.ts'
import { markdown, save } from './report.ts'
import { redisAway } from './workloads/redis-away.ts'
import type { Workload } from './workloads/workload.ts'

const workloads: Readonly<Record<string, Workload>> = { 'redis-away': redisAway }

// pnpm hands its own `--` on.
const typed = process.argv.slice(2).filter((argument) => argument !== '--')
const { values: given, positionals } = parseArgs({
  args: typed,
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    peers: { type: 'string', default: peerNames.join(',') },
    save: { type: 'boolean', default: false },
  },
})

const [name = ''] = positionals
const workload = workloads[name]
if (!workload) throw new Error(`which workload? There are: ${Object.keys(workloads).join(', ')}`)
const asked = given.peers.split(',')
const unknown = asked.filter((peer) => !peerNames.some((each) => each === peer))
if (unknown.length > 0) throw new Error(`--peers: no ${unknown.join(', ')}; there are ${peerNames.join(', ')}`)
const [seconds, rounds] = [Number(given.seconds), Number(given.rounds)]
if (!(seconds > 0 && Number.isInteger(rounds) && rounds > 0)) throw new Error('--seconds and --rounds: numbers above 0')

const date = new Date().toISOString()
const peers = peerNames.filter((peer) => asked.includes(peer))
const outcome = await workload({ peers, rounds, seconds, progress: (line) => console.log(line) })
const command = `pnpm bench ${typed.join(' ')}`
const report = { workload: name, command, date, rounds, machine: await machine(), outcome }
console.log(`\n${markdown(report)}`)
if (given.save) console.log(`\nsaved as ${save(report)}`)
