import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
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
  /**
   * A release of Debian by its code name. Its C library comes with it, so the program is started by `starterOf` and not by
   * itself. Default: the machine's own release.
   */
  readonly release?: string
}

/**
 * Unpacks a program and the shared libraries it needs into `home`: without root, and nothing is installed. What apt-get
 * downloads it has checked: by the sums in the list of packages, and that by the signature of the release.
 *
 * @throws with what apt-get or dpkg said.
 */
export async function fetchProgram({ program, home, path, release }: DebianProgram): Promise<void> {
  await mkdir(dirname(home), { recursive: true })
  const workshop = await mkdtemp(`${home}-`)
  const apt = { env: { ...process.env, PATH: path }, cwd: workshop }
  try {
    const debs = release
      ? await download(program, await listsOf(release, workshop, apt), apt, ['libc6'])
      : await download(program, [], apt).catch(async () => {
          // The machine's lists are missing or old: make our own.
          return download(program, await privateLists(workshop, apt), apt)
        })
    const root = join(workshop, 'root')
    for (const deb of debs) await run('dpkg', ['-x', deb, root], apt)
    if (release) await writeStarter(program, root, home)
    await moveTo(home, root)
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

/** What starts a program of another release, which was unpacked into `home`. */
export function starterOf(program: string, home: string): string {
  return join(home, program)
}

/** The folders under `home` that hold shared libraries. */
export async function librariesIn(home: string): Promise<string[]> {
  const files = await readdir(home, { recursive: true, withFileTypes: true })
  return [...new Set(files.filter(({ name }) => /\.so(\.\d+)*$/.test(name)).map(({ parentPath }) => parentPath))]
}

// Somebody waits for the answer, and a test run says soon that there is none; but a mirror may stumble.
const patience = ['-o', 'Acquire::Retries=2', '-o', 'Acquire::http::Timeout=10']

interface Surroundings {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
}

async function download(
  program: string,
  lists: readonly string[],
  apt: Surroundings,
  beside: readonly string[] = [],
): Promise<string[]> {
  // The program's files are spread over its package and the -tools package beside it.
  const tools = program.replace(/-server$/, '-tools')
  const needs = await run('apt-cache', [...lists, 'depends', '--recurse', '--important', tools], apt)
  const libraries = needs.stdout.split('\n').filter((line) => /^(lib|lua|zlib)[^:]*$/.test(line))
  // The C library has to be of the same release as the loader, which is the machine's own.
  const packages = [program, tools, ...libraries.filter((name) => name !== 'libc6'), ...beside]
  await run('apt-get', [...patience, ...lists, 'download', ...packages], apt)
  return (await readdir(apt.cwd)).filter((file) => file.endsWith('.deb'))
}

async function privateLists(folder: string, apt: Surroundings, settings: readonly string[] = []): Promise<string[]> {
  const state = join(folder, 'lists')
  const cache = join(folder, 'cache')
  await mkdir(join(state, 'partial'), { recursive: true })
  await mkdir(join(cache, 'archives/partial'), { recursive: true })
  const options = [
    `Dir::State::lists=${state}`,
    `Dir::Cache=${cache}`,
    // Debian's images keep none, and each command would read all lists again.
    'Dir::Cache::pkgcache=pkgcache.bin',
    'Dir::Cache::srcpkgcache=srcpkgcache.bin',
    'APT::Sandbox::User=root',
    'Debug::NoLocking=true',
    'Acquire::Languages=none',
    ...settings,
  ].flatMap((option) => ['-o', option])
  await run('apt-get', [...patience, ...options, 'update'], apt)
  return options
}

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** The lists of one release, as if nothing were installed: apt would keep to the release of what is. */
async function listsOf(release: string, workshop: string, apt: Surroundings): Promise<string[]> {
  const folder = join(workshop, release)
  const sources = join(folder, 'sources.list')
  const status = join(folder, 'status')
  await mkdir(folder)
  await writeFile(sources, `deb [signed-by=${keyring}] ${await mirror(workshop, apt)} ${release} main\n`)
  await writeFile(status, '')
  return privateLists(folder, apt, [
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=/dev/null',
    'Dir::Etc::preferences=/dev/null',
    'Dir::Etc::preferencesparts=/dev/null',
    `Dir::State::status=${status}`,
    // A list that was not fetched, or whose signature is wrong, ends it.
    'APT::Update::Error-Mode=any',
  ])
}

/** Where this machine's apt has Debian from: it says so of what it has lists of. */
async function mirror(workshop: string, apt: Surroundings): Promise<string> {
  const target = ['--format', '$(REPO_URI)', 'Created-By: Packages']
  const addressIn = async (lists: readonly string[]) => {
    const { stdout } = await run('apt-get', [...lists, 'indextargets', ...target], apt)
    return stdout.split('\n').find((address) => /\/debian\/?$/.test(address))
  }
  const found = (await addressIn([])) ?? (await addressIn(await privateLists(workshop, apt)))
  if (!found) throw new Error('no source of apt-get is a mirror of Debian')
  return found
}

/** A program that was linked with another C library is started through the loader that came with it. */
async function writeStarter(program: string, root: string, home: string): Promise<void> {
  const files = await readdir(root, { recursive: true, withFileTypes: true })
  const loader = files.find((file) => file.isFile() && /^ld-linux.*\.so\.\d+$/.test(file.name))
  if (!loader) throw new Error(`${program}: libc6 has no loader`)
  const settled = (path: string) => path.replace(root, home)
  const libraries = (await librariesIn(root)).map(settled).join(':')
  const parts = [
    settled(join(loader.parentPath, loader.name)),
    '--library-path',
    libraries,
    join(home, 'usr/bin', program),
  ]
  const starter = starterOf(program, root)
  await writeFile(starter, `#!/bin/sh\nexec ${parts.map((part) => `'${part}'`).join(' ')} "$@"\n`)
  await chmod(starter, 0o755)
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
