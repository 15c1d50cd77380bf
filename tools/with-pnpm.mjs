// `npm start` and `npm test` on a fresh clone have no pnpm and no node_modules: hand over to pnpm 12, which
// installs first (verifyDepsBeforeRun). Under pnpm already, no second npx.
import { spawn } from 'node:child_process'

const underPnpm = (process.env.npm_config_user_agent ?? '').startsWith('pnpm/')
const [command, ...before] = underPnpm ? ['pnpm'] : ['npx', '--yes', 'pnpm@12']
const child = spawn(command, [...before, 'run', ...process.argv.slice(2)], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
