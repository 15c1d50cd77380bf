import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Whether this is Node `version`: `22`, or `22.23.3`. */
export function runsOn(version: string): boolean {
  return `${process.version}.`.startsWith(`v${version}.`)
}

/** Runs this program again, on a Node that npm has: it is fetched, once, and not installed. Resolves with its exit code. */
export async function runAgainOn(version: string): Promise<number> {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const fetched = ['--yes', '--package', `node-${platform}-${process.arch}@${version}`, '--']
  const child = spawn('npx', [...fetched, 'node', ...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  const [code] = await once(child, 'close')
  return code ?? 1
}
