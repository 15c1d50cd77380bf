import { homedir } from 'node:os'
import { join } from 'node:path'
import type { DebianProgram } from './debian-program.ts'

/** Servers by the names that REDIS_SERVER may have. Redis 6.2, the oldest that is supported, was in no release of Debian. */
export const knownServers: ReadonlyMap<string, Required<Pick<DebianProgram, 'program' | 'release'>>> = new Map([
  ['redis-7', { program: 'redis-server', release: 'bookworm' }],
  ['redis-8', { program: 'redis-server', release: 'trixie' }],
  ['valkey-8', { program: 'valkey-server', release: 'trixie' }],
  ['valkey-9', { program: 'valkey-server', release: 'forky' }],
])

/** Where known servers are kept: outside the repository, for all its clones. */
export function shelf(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cache-aside/servers')
}
