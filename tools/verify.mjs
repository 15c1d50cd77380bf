// What `npm test` runs: the checks, then the tests. `--static` leaves the tests out.
// The first check that fails ends the run and shows what it has to say.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'

process.chdir(resolve(import.meta.dirname, '..'))
process.env.PATH = [resolve('node_modules/.bin'), process.env.PATH].join(delimiter)

const folder = mkdtempSync(join(tmpdir(), 'verify-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const checks = {
  format: () => quiet('biome', 'format', '.'),
  'generated files': () => quiet('node', 'tools/generate-scripts.mjs', '--check'),
  types: () => quiet('tsc', '-b'),
  lint: () => quiet('oxlint', '--type-aware', '--deny-warnings'),
  imports: () => quiet('depcruise', '--config', '.dependency-cruiser.mjs', 'packages/*/src', 'apps/*/src'),
  'unused code': () => quiet('knip'),
  packages: packAndInspect,
}

if (!(await passAll(checks))) process.exitCode = 1
else if (!process.argv.includes('--static')) process.exitCode = await test()

async function passAll(all) {
  const names = Object.keys(all)
  for (const [index, name] of names.entries()) {
    process.stdout.write(`${index + 1}/${names.length} ${name} `)
    const began = performance.now()
    const dots = setInterval(() => process.stdout.write('.'), 1000)
    const end = (word) => console.log(`${word} (${((performance.now() - began) / 1000).toFixed(1)} s)`)
    try {
      const remark = await all[name]()
      end(remark ?? 'ok')
    } catch (error) {
      end('FAILED')
      console.log(`\n${error.message}`)
      return false
    } finally {
      clearInterval(dots)
    }
  }
  return true
}

/** Packs what will be published, as it will be published, and has it inspected. */
async function packAndInspect() {
  const sizes = []
  for (const name of ['core', 'nestjs']) {
    const home = join(folder, name)
    await quiet(...pnpm(), '--dir', `packages/${name}`, 'pack', '--pack-destination', home)
    const [file] = readdirSync(home)
    const tarball = join(home, file)
    await quiet('publint', '--strict', tarball)
    await quiet('attw', '--profile', 'esm-only', tarball)
    sizes.push(`${name} ${(statSync(tarball).size / 1024).toFixed(0)} kB`)
  }
  return sizes.join(', ')
}

/** Runs every test on real servers. Ends with which servers, then how many tests; resolves to the exit code. */
async function test() {
  const report = join(folder, 'report.json')
  const log = join(folder, 'servers')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const vitest = start('inherit', { CACHE_ASIDE_SERVERS_LOG: log }, 'vitest', 'run', ...reporters)
  const [code] = await once(vitest, 'close')

  const { passed, failed, skipped } = count(report)
  printServers(log)
  for (const name of skipped) console.log(`skipped, which counts as a failure: ${name}`)
  console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`)
  return code === 0 && passed > 0 && failed === 0 && skipped.length === 0 ? 0 : 1
}

/** Reads vitest's report. A file that could not be run is one failure. */
function count(report) {
  if (!existsSync(report)) return { passed: 0, failed: 0, skipped: [] }
  const files = JSON.parse(readFileSync(report, 'utf8')).testResults
  const tests = files.flatMap((file) => file.assertionResults)
  const broken = files.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  )
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: tests.filter(({ status }) => status === 'failed').length + broken.length,
    skipped: tests.filter(({ status }) => !['passed', 'failed'].includes(status)).map(({ fullName }) => fullName),
  }
}

/** One line for each version: how many servers of it there were, and on which ports. */
function printServers(log) {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
  const ports = new Map()
  for (const line of lines) {
    const [name, version, port] = line.split(' ')
    const server = `${name} ${version}`
    ports.set(server, [...(ports.get(server) ?? []), port])
  }
  for (const [server, used] of ports) console.log(`${server} × ${used.length} (${[...new Set(used)].join(' ')})`)
  if (ports.size === 0) console.log('no server was started')
}

/** Runs a command and keeps what it writes for the case that it fails. */
async function quiet(command, ...args) {
  const child = start('pipe', {}, command, ...args)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')}\n\n${output}`)
}

function start(output, env, command, ...args) {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', output, output],
    shell: process.platform === 'win32',
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    const pass = () => child.kill(signal)
    process.on(signal, pass)
    child.once('close', () => process.off(signal, pass))
  }
  return child
}

function pnpm() {
  return (process.env.npm_config_user_agent ?? '').startsWith('pnpm/') ? ['pnpm'] : ['npx', '--yes', 'pnpm@12']
}
