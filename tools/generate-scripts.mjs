// packages/core/src/protocol/scripts/*.lua → scripts.generated.ts: source without its header comment (so that a typo
// mended there does not change the hash), SHA-1 and key count. `--check` fails when the file is not up to date.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const folder = new URL('../packages/core/src/protocol/', import.meta.url)
const target = new URL('scripts.generated.ts', folder)

const scripts = readdirSync(new URL('scripts/', folder))
  .filter((file) => file.endsWith('.lua'))
  .sort()
  .map((file) => {
    const text = readFileSync(new URL(`scripts/${file}`, folder), 'utf8')
    const source = text.slice(text.indexOf(']]') + 2).trim()
    return { name: file.replace('.lua', ''), source, sha1: createHash('sha1').update(source).digest('hex') }
  })

const quoted = (source) =>
  `[\n${source
    .split('\n')
    .map((line) => `    ${JSON.stringify(line)},`)
    .join('\n')}\n  ].join('\\n')`
const generated = `// Made from scripts/*.lua by \`pnpm gen:scripts\`.

/** A Lua script with one key. */
export interface Script {
  readonly name: string
  readonly sha1: string
  readonly source: string
}
${scripts
  .map(
    ({ name, sha1, source }) => `
export const ${name}Script: Script = {
  name: '${name}',
  sha1: '${sha1}',
  source: ${quoted(source)},
}
`,
  )
  .join('')}`

if (!process.argv.includes('--check')) {
  writeFileSync(target, generated)
} else if (readFileSync(target, 'utf8') !== generated) {
  console.error('packages/core/src/protocol/scripts.generated.ts is not up to date: run `pnpm gen:scripts`')
  process.exit(1)
}
