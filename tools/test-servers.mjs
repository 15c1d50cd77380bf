// What `pnpm test:servers` runs: all that speaks of Redis, on each server that is named, or on every known one.
// One that cannot be had is a failure, as a test is.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { fetchServers } from './fetch-servers.mjs'

process.chdir(resolve(import.meta.dirname, '..'))
process.env.PATH = [resolve('node_modules/.bin'), process.env.PATH].join(delimiter)

const folder = mkdtempSync(join(tmpdir(), 'test-servers-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const tests = ['store-conformance', 'namespace-conformance', 'protocol/', 'guarantee/', 'near/'].map(
  (tested) => `packages/core/test/${tested}`,
)

const rows = []
for (const server of await fetchServers(process.argv.slice(2))) {
  const row = server.error ? { missing: server.error.message } : await testOn(server)
  rows.push({ server: server.name, version: server.version ?? '', ...row })
}

console.log()
for (const { server, version, missing, passed, failed, foreign = [] } of rows) {
  console.log([server.padEnd(10), version.padEnd(8), missing ?? `${passed} passed, ${failed} failed`].join('  '))
  if (foreign.length > 0) console.log(`  but tests started ${foreign.join(', ')}`)
}
if (!rows.every(({ isGood }) => isGood)) process.exitCode = 1

async function testOn({ name, version, path }) {
  console.log(`\n${name} ${version} ${path}`)
  const report = join(folder, `${rows.length}.json`)
  const log = join(folder, `${rows.length}.servers`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const vitest = spawn('vitest', ['run', '--project', 'core', ...reporters, ...tests], {
    env: { ...process.env, REDIS_SERVER: path, CACHE_ASIDE_SERVERS_LOG: log },
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  const [code] = await once(vitest, 'close')

  if (!existsSync(report)) return { missing: 'the run broke off' }
  const told = JSON.parse(readFileSync(report, 'utf8'))
  const passed = told.numPassedTests
  // A test that was skipped has not passed.
  const failed = told.numTotalTests - passed
  const started = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
  const foreign = [...new Set(started.filter((line) => line.split(' ')[1] !== version))]
  return { passed, failed, foreign, isGood: code === 0 && passed > 0 && failed === 0 && foreign.length === 0 }
}
