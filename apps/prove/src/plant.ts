import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const root = resolve(import.meta.dirname, '../../..')

/** A text in a file of the engine, and what a mistake would have there instead. */
export interface Edit {
  /** Below packages/core/src. */
  readonly file: string
  readonly find: string
  readonly put: string
}

export interface Planted {
  readonly folder: string
  /** The address of the engine with the mistakes in it. */
  readonly engine: string
}

/**
 * Copies the engine's sources to a folder of their own and makes mistakes in the copy.
 *
 * @throws when a text is not there exactly once: the engine has changed, and the mutant has to follow.
 */
export async function plant(edits: readonly Edit[]): Promise<Planted> {
  const folder = await mkdtemp(join(tmpdir(), 'mutant-'))
  try {
    return { folder, engine: await copyWith(edits, folder) }
  } catch (error) {
    await rm(folder, { recursive: true })
    throw error
  }
}

/** Whether a text is there, once. */
export async function isFound({ file, find }: Edit): Promise<boolean> {
  return count(await readFile(join(root, 'packages/core/src', file), 'utf8'), find) === 1
}

const count = (text: string, part: string): number => text.split(part).length - 1

async function copyWith(edits: readonly Edit[], folder: string): Promise<string> {
  const core = join(folder, 'packages/core')
  await mkdir(core, { recursive: true })
  await mkdir(join(folder, 'docs')) // Where the scripts' headers are written.
  for (const part of ['packages/core/src', 'packages/core/package.json', 'tools/generate-scripts.mjs']) {
    await cp(join(root, part), join(folder, part), { recursive: true })
  }
  await symlink(join(root, 'packages/core/node_modules'), join(core, 'node_modules'))

  for (const { file, find, put } of edits) {
    const path = join(core, 'src', file)
    const text = await readFile(path, 'utf8')
    const found = count(text, find)
    if (found !== 1) throw new Error(`${file} has ${found} times, not once:\n${find}`)
    await writeFile(
      path,
      text.replace(find, () => put),
    )
  }
  await promisify(execFile)(process.execPath, [join(folder, 'tools/generate-scripts.mjs')])
  return pathToFileURL(join(core, 'src/index.ts')).href
}
