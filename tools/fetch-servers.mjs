// Fetches the servers that are named, or every known one, and prints where they are. A path is a server as it is.
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

// Node 20 reads no TypeScript: with tsx it does.
const { resolve: find } = createRequire(resolve(import.meta.dirname, '../packages/testkit/package.json'))
await import(pathToFileURL(find('tsx')).href)
const { findRedisServer } = await import('../packages/testkit/src/redis-binary.ts')
const { knownServers } = await import('../packages/testkit/src/known-servers.ts')

/** The servers that are asked for, each with its version and path, or with the error that says why there is none. */
export async function fetchServers(asked) {
  const servers = []
  for (const name of asked.length > 0 ? asked : knownServers.keys()) {
    servers.push(
      await findRedisServer({ server: name }).then(
        ({ version, path }) => ({ name, version, path }),
        (error) => ({ name, error }),
      ),
    )
  }
  return servers
}

if (process.argv[1] === import.meta.filename) {
  for (const { name, version, path, error } of await fetchServers(process.argv.slice(2))) {
    if (error) {
      console.error(`${name}: ${error.message}`)
      process.exitCode = 1
    } else console.log([name, version, path].join('\t'))
  }
}
