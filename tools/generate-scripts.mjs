// packages/core/src/protocol/scripts/*.lua → scripts.generated.ts: source without its header comment (so that a typo
// mended there does not change the hash) and SHA-1; and docs/scripts.md: the header comments. `--check` fails when
// either is not up to date.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const folder = new URL('../packages/core/src/protocol/', import.meta.url)

const scripts = readdirSync(new URL('scripts/', folder))
  .filter((file) => file.endsWith('.lua'))
  .toSorted()
  .map((file) => {
    const text = readFileSync(new URL(`scripts/${file}`, folder), 'utf8')
    const source = text.slice(text.indexOf(']]') + 2).trim()
    const header = text.slice(text.indexOf('--[[') + 4, text.indexOf(']]')).trim()
    return { name: file.replace('.lua', ''), header, source, sha1: createHash('sha1').update(source).digest('hex') }
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

const documented = `# The scripts

Made from the header comments of \`packages/core/src/protocol/scripts/*.lua\` by \`pnpm gen:scripts\`. The tests in
\`packages/core/test/protocol\` have one case for each line of the tables.
${scripts.map(({ name, header }) => `\n## ${name}\n\n\`\`\`text\n${header}\n\`\`\`\n`).join('')}`

const outputs = [
  [new URL('scripts.generated.ts', folder), generated],
  [new URL('../docs/scripts.md', import.meta.url), documented],
]
for (const [file, content] of outputs) {
  if (!process.argv.includes('--check')) {
    writeFileSync(file, content)
  } else if (readFileSync(file, 'utf8') !== content) {
    console.error(`${file.pathname} is not up to date: run \`pnpm gen:scripts\``)
    process.exitCode = 1
  }
}
