import { appendFileSync } from 'node:fs'

/** Writes down a server that was started, so that a run can say at its end what it ran against. */
export function logServer(name: string, version: string, port: number): void {
  const file = process.env.CACHE_ASIDE_SERVERS_LOG
  if (file) appendFileSync(file, `${name} ${version} :${port}\n`)
}
