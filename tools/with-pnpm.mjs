// `npm start` and `npm test` on a fresh clone have no pnpm and no node_modules: hand over to pnpm 12, which
// installs first (verifyDepsBeforeRun). Under pnpm already, no second npx.
import { spawn } from 'node:child_process'

const windows = process.platform === 'win32'
const underPnpm = (process.env.npm_config_user_agent ?? '').startsWith('pnpm/')
const [command, ...before] = underPnpm ? ['pnpm'] : ['npx', '--yes', 'pnpm@12']
const child = spawn(command, [...before, 'run', ...process.argv.slice(2)], {
  stdio: 'inherit',
  shell: windows,
  detached: !windows,
})
// To the whole group: a signal to npx alone would leave what it started running.
const pass = (signal) => (windows ? child.kill(signal) : process.kill(-Number(child.pid), signal))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => pass(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
