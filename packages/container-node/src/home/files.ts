import { KnestError, NodeCommandError, type ClusterRef } from '@knest/core'
import { homeDirectory } from '../node/container-arguments.js'
import type { ContainerEngine } from '../engine/engine.js'
import { clusterLabels, firstControlPlane, homeVolume, labelArguments } from '../engine/names.js'
import { clusterContainers, roleOf } from '../node/cluster-containers.js'
import { lastWords, type ProgramResult } from '../engine/program.js'
import { readRuntimeOptions, runCommand, type RuntimeOptions } from '../engine/runtime-options.js'

/** What a cluster's home volume holds. Each file is replaced in one go, and on the disk when that is said. */
export type HomeFile = 'spec.json' | 'status.json' | 'authorities.json' | 'kubeconfig'

export type HomeFiles = Readonly<Partial<Record<HomeFile, string>>>

const timeoutMs = 60_000

/** Without the sync a machine that loses power may be left with an empty file under the name. */
const writePart = 'cat >.new.$$ && sync .new.$$'

/** Prints a line for each file: its name, and its content in base64. */
export const readFilesScript = `cd ${homeDirectory} && for file in *; do
  [ ! -f "$file" ] || printf '%s %s\\n' "$file" "$(base64 --wrap=0 "$file")"
done`

/** Content of the files that are there. */
export async function readHomeFiles(
  engine: ContainerEngine,
  ref: ClusterRef,
  image: string,
  signal: AbortSignal,
): Promise<HomeFiles> {
  return parseFiles(await runInHome(engine, ref, image, readFilesScript, undefined, signal))
}

export function parseFiles(output: string): HomeFiles {
  const lines = output.split('\n').filter((line) => line !== '')
  const entries = lines.map((line) => line.split(' '))
  return Object.fromEntries(
    entries.map(([name = '', content = '']) => [name, Buffer.from(content, 'base64').toString()]),
  )
}

export async function writeHomeFile(
  engine: ContainerEngine,
  ref: ClusterRef,
  image: string,
  file: HomeFile,
  content: string,
  signal: AbortSignal,
): Promise<void> {
  const script = `umask 077 && cd ${homeDirectory} && ${writePart} && mv .new.$$ ${file} && sync .`
  await runInHome(engine, ref, image, script, content, signal)
}

/** Keeps the first content written; gives what is stored now. */
export async function writeHomeFileOnce(
  engine: ContainerEngine,
  ref: ClusterRef,
  image: string,
  file: HomeFile,
  content: string,
  signal: AbortSignal,
): Promise<string> {
  const script = `umask 077 && cd ${homeDirectory} && ${writePart} && { ln .new.$$ ${file} 2>/dev/null || true; } && rm .new.$$ && sync . && cat ${file}`
  return runInHome(engine, ref, image, script, content, signal)
}

/**
 * Secrets travel by standard input. A running control plane has the volume mounted; without one, a
 * container that lives as long as the script does it.
 */
async function runInHome(
  engine: ContainerEngine,
  ref: ClusterRef,
  image: string,
  script: string,
  stdin: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const argv = ['sh', '-c', script]
  const execute = (node: string): Promise<ProgramResult> =>
    engine.run(['exec', '--interactive', node, ...argv], { stdin, timeoutMs, signal })
  // The first control plane is nearly always there: asking which ones run would cost more than trying.
  const first = await execute(firstControlPlane(ref.name))
  if (first.exitCode === 0) return first.stdout
  const running = await runningControlPlane(engine, ref, signal)
  const result =
    running === undefined
      ? await engine.run(helperArguments(ref, image, argv, await readRuntimeOptions(engine, signal)), {
          stdin,
          timeoutMs,
          signal,
        })
      : await execute(running)
  if (result.exitCode === 0) return result.stdout
  throw failed(engine, ref, result)
}

function helperArguments(
  ref: ClusterRef,
  image: string,
  argv: readonly string[],
  options: RuntimeOptions,
): readonly string[] {
  const [program = '', ...rest] = argv
  return [
    ...runCommand(options),
    ...['--rm', '--interactive', '--network', 'none', '--security-opt', 'label=disable'],
    ...labelArguments(clusterLabels(ref)),
    ...['--volume', `${homeVolume(ref.name)}:${homeDirectory}`],
    ...['--entrypoint', program, image, ...rest],
  ]
}

async function runningControlPlane(
  engine: ContainerEngine,
  ref: ClusterRef,
  signal: AbortSignal,
): Promise<string | undefined> {
  const containers = await clusterContainers(engine, ref, signal)
  return containers.find(
    (container) => container.state === 'running' && roleOf(container) === 'control-plane',
  )?.name
}

function failed(engine: ContainerEngine, ref: ClusterRef, result: ProgramResult): KnestError {
  if (result.exitCode === 125) {
    return new KnestError(
      'prerequisite',
      `${engine.name} could not open the record of "${ref.name}": ${lastWords(result)}`,
    )
  }
  return new NodeCommandError(
    homeVolume(ref.name),
    ['read or write the record'],
    result.exitCode,
    lastWords(result),
  )
}
