// packages/core/src/{protocol,write-behind,record,window,semantic}/scripts/*.lua → scripts.generated.ts beside them: source without its header
// comment (so that a typo mended there does not change the hash) and SHA-1; and docs/scripts.md: the header comments.
// `--check` fails when one of them is not up to date.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const source = new URL('../packages/core/src/', import.meta.url)

const scriptsOf = (folder) =>
  readdirSync(new URL(`${folder}/scripts/`, source))
    .filter((file) => file.endsWith('.lua'))
    .toSorted()
    .map((file) => {
      const text = readFileSync(new URL(`${folder}/scripts/${file}`, source), 'utf8')
      const lua = text.slice(text.indexOf(']]') + 2).trim()
      const header = text.slice(text.indexOf('--[[') + 4, text.indexOf(']]')).trim()
      return { name: file.replace('.lua', ''), header, lua, sha1: createHash('sha1').update(lua).digest('hex') }
    })

const quoted = (lua) =>
  `[\n${lua
    .split('\n')
    .map((line) => `    ${JSON.stringify(line)},`)
    .join('\n')}\n  ].join('\\n')`

const generated = (type, scripts) => `// Made from scripts/*.lua by \`pnpm gen:scripts\`.
${type}
${scripts
  .map(
    ({ name, sha1, lua }) => `
export const ${name}Script: Script = {
  name: '${name}',
  sha1: '${sha1}',
  source: ${quoted(lua)},
}
`,
  )
  .join('')}`

const type = `
/** A Lua script, and the hash by which a server knows it. */
export interface Script {
  readonly name: string
  readonly sha1: string
  readonly source: string
}`
const typeImport = `import type { Script } from '../protocol/scripts.generated.ts'`

const documented = (scripts) =>
  scripts.map(({ name, header }) => `\n## ${name}\n\n\`\`\`text\n${header}\n\`\`\`\n`).join('')

const engine = scriptsOf('protocol')
const others = [
  { folder: 'write-behind', of: 'write-behind' },
  { folder: 'record', of: 'records' },
  { folder: 'window', of: 'windows' },
  { folder: 'semantic', of: 'semantic answers' },
].map(({ folder, of }) => ({ folder, of, scripts: scriptsOf(folder) }))

const docs = `# The scripts

Made from the header comments of \`packages/core/src/{protocol,write-behind,record,window,semantic}/scripts/*.lua\` by
\`pnpm gen:scripts\`. The tests in the same folders of \`packages/core/test\` have one case for each line of the tables.
${documented(engine)}${others.map(({ of, scripts }) => `\n# Those of ${of}\n${documented(scripts)}`).join('')}`

const outputs = [
  [new URL('protocol/scripts.generated.ts', source), generated(type, engine)],
  ...others.map(({ folder, scripts }) => [
    new URL(`${folder}/scripts.generated.ts`, source),
    generated(typeImport, scripts),
  ]),
  [new URL('../docs/scripts.md', import.meta.url), docs],
]
for (const [file, content] of outputs) {
  if (!process.argv.includes('--check')) {
    writeFileSync(file, content)
  } else if (readFileSync(file, 'utf8') !== content) {
    console.error(`${file.pathname} is not up to date: run \`pnpm gen:scripts\``)
    process.exitCode = 1
  }
}
