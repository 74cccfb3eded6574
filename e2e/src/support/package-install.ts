import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const repository = fileURLToPath(new URL('../../..', import.meta.url))
const run = promisify(execFile)
const minute = 60_000

/** The oldest Node.js that is promised, and the last of the two lines after it. */
export const nodeVersions = ['20.19.0', '22.23.3', '24.9.0']

/** Packs every package that is published, as `npm publish` would; gives the tarballs. */
export async function packAll(folder: string): Promise<readonly string[]> {
  const names = readdirSync(join(repository, 'packages'))
    .map(
      (name) =>
        JSON.parse(readFileSync(join(repository, 'packages', name, 'package.json'), 'utf8')) as Manifest,
    )
    .filter((manifest) => manifest.private !== true)
    .map(({ name }) => name)
  const workspaces = names.flatMap((name) => ['--workspace', name])
  await npm(repository, ['pack', '--pack-destination', folder, ...workspaces])
  const tarballs = readdirSync(folder).map((file) => join(folder, file))
  if (tarballs.length !== names.length) throw new Error(`${names.length} packages gave ${tarballs.join()}`)
  return tarballs
}

interface Manifest {
  readonly name: string
  readonly private?: boolean
}

/** Installs the tarballs into a folder that has nothing but a manifest. */
export async function installTarballs(folder: string, tarballs: readonly string[]): Promise<void> {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  await npm(folder, ['install', ...tarballs])
}

/** Another version of Node.js from npm's packages of it; gives its binary. */
export async function installNode(folder: string, version: string): Promise<string> {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const name = `node-${platform()}-${arch()}`
  await npm(folder, ['install', `${name}@${version}`])
  return join(folder, 'node_modules', name, 'bin', 'node')
}

/** Checks a file by the types that were installed, and compiles it for the oldest Node.js. */
export async function compile(folder: string, file: string): Promise<void> {
  const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  const types = ['--typeRoots', join(repository, 'node_modules', '@types'), '--types', 'node']
  const options = [
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2023,esnext.disposable',
  ]
  await exec(process.execPath, [tsc, ...options, ...types, file], { cwd: folder })
}

export function copyFile(from: string, folder: string): void {
  cpSync(join(repository, from), join(folder, from.slice(from.lastIndexOf('/') + 1)))
}

/** Environment in which `node`, and so every program installed by npm, is this one. */
export function withNode(node: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const rest = (env.PATH ?? '').split(delimiter).filter((folder) => !folder.endsWith('node_modules/.bin'))
  return { ...env, PATH: [dirname(node), ...rest].join(delimiter) }
}

/** Gives standard output; a failure says what was written to either. */
export async function exec(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<string> {
  try {
    const { stdout } = await run(program, args, { timeout: 9 * minute, ...options })
    return stdout
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string }
    throw new Error(`${program} ${args.join(' ')} failed: ${String(error)}\n${stdout}${stderr}`, {
      cause: error,
    })
  }
}

/** Scripts of packages would build native parts that nothing here needs. */
function npm(cwd: string, args: readonly string[]): Promise<string> {
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  return exec('npm', [...args, ...quiet], { cwd, env: withNode(process.execPath, process.env) })
}
