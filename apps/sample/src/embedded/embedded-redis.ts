import { constants } from 'node:fs'
import { access, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { EmbeddedServer, freePort } from './embedded-server.ts'

/** Starts this machine's redis-server or valkey-server, which keeps nothing on disk; null if it has neither. */
export async function startEmbeddedRedis(): Promise<EmbeddedServer | null> {
  const command = (await onPath('redis-server')) ?? (await onPath('valkey-server'))
  if (!command) return null

  const port = await freePort()
  return EmbeddedServer.start({
    url: `redis://127.0.0.1:${port}`,
    command,
    args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    ready: /ready to accept connections/i,
    folder: await mkdtemp(join(tmpdir(), 'sample-redis-')),
  })
}

async function onPath(name: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, name)
    const executable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (executable) return file
  }
  return undefined
}
