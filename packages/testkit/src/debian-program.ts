import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A program in a package of the same name, as Debian and Ubuntu have it. */
export interface DebianProgram {
  readonly program: string
  /** The folder that becomes the root of what is unpacked. */
  readonly home: string
  /** The folders of programs, as in PATH: apt-get and dpkg are among them, or nothing is fetched. */
  readonly path: string
}

/** Unpacks a program and the shared libraries it needs into `home`: without root, and nothing is installed. */
export async function fetchProgram({ program, home, path }: DebianProgram): Promise<void> {
  await mkdir(dirname(home), { recursive: true })
  const workshop = await mkdtemp(`${home}-`)
  const apt = { env: { ...process.env, PATH: path }, cwd: workshop }
  try {
    const debs = await download(program, [], apt).catch(async () => {
      // The machine's lists are missing or old: make our own.
      return download(program, await privateLists(workshop, apt), apt)
    })
    const root = join(workshop, 'root')
    for (const deb of debs) await run('dpkg', ['-x', deb, root], apt)
    await moveTo(home, root)
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

/** The folders under `home` that hold shared libraries. */
export async function librariesIn(home: string): Promise<string[]> {
  const files = await readdir(home, { recursive: true, withFileTypes: true })
  return [...new Set(files.filter(({ name }) => /\.so(\.\d+)*$/.test(name)).map(({ parentPath }) => parentPath))]
}

// Somebody waits for the answer, and a test run says soon that there is none.
const patience = ['-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=10']

interface Surroundings {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
}

async function download(program: string, lists: readonly string[], apt: Surroundings): Promise<string[]> {
  // The program's files are spread over its package and the -tools package beside it.
  const tools = program.replace(/-server$/, '-tools')
  const needs = await run('apt-cache', [...lists, 'depends', '--recurse', '--important', tools], apt)
  const libraries = needs.stdout.split('\n').filter((line) => /^(lib|lua|zlib)[^:]*$/.test(line))
  // The C library has to be the machine's own, as its loader is.
  const packages = [program, tools, ...libraries.filter((name) => name !== 'libc6')]
  await run('apt-get', [...patience, ...lists, 'download', ...packages], apt)
  return (await readdir(apt.cwd)).filter((file) => file.endsWith('.deb'))
}

async function privateLists(folder: string, apt: Surroundings): Promise<string[]> {
  const state = join(folder, 'lists')
  const cache = join(folder, 'cache')
  await mkdir(join(state, 'partial'), { recursive: true })
  await mkdir(join(cache, 'archives/partial'), { recursive: true })
  const options = [
    `Dir::State::lists=${state}`,
    `Dir::Cache=${cache}`,
    'APT::Sandbox::User=root',
    'Debug::NoLocking=true',
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option])
  await run('apt-get', [...patience, ...options, 'update'], apt)
  return options
}

/** Another process may have been faster: what it left is as good. */
async function moveTo(home: string, root: string): Promise<void> {
  try {
    await rename(root, home)
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && ['ENOTEMPTY', 'EEXIST'].includes(String(error.code))
    if (!isThere) throw error
  }
}
