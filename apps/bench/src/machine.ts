import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { findRedisServer } from '@cache-aside/testkit'

/** What the figures depend on besides the code. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memory: string
  readonly node: string
  readonly redis: string
  readonly packages: Readonly<Record<string, string>>
}

export async function machine(): Promise<Machine> {
  const { name, version } = await findRedisServer()
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    redis: `${name} ${version}`,
    packages: {
      'ioredis (cache-aside)': manifest('../../../packages/core/node_modules/ioredis/package.json').version,
      ...Object.fromEntries(
        libraries().map((library) => [library, manifest(`../node_modules/${library}/package.json`).version]),
      ),
    },
  }
}

/** What the peers are made of; ours has no version but that of the repository. */
function libraries(): string[] {
  const { dependencies } = manifest('../package.json')
  return Object.keys(dependencies).filter((name) => !name.startsWith('@cache-aside/') && name !== 'tsx')
}

function manifest(path: string): { readonly version: string; readonly dependencies: Record<string, string> } {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
}
