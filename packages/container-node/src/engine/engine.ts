import { existsSync } from 'node:fs'
import { hostname, release } from 'node:os'
import { KnestError, type ExecOptions } from '@knest/core'
import {
  dockerEndpoint,
  dockerPlace,
  elsewhere,
  podmanEndpoint,
  podmanPlace,
  type EngineEndpoint,
  type EnginePlace,
} from './endpoint.js'
import { lastWords, programs, type ProgramOptions, type ProgramResult, type Programs } from './program.js'

export type EngineName = 'podman' | 'docker'

/** The order in which engines are tried. */
export const engineNames: readonly EngineName[] = ['podman', 'docker']

export interface EngineFacts {
  readonly version: string
  /** Root in a container is root on the machine. */
  readonly rootful: boolean
  readonly cgroupVersion: 1 | 2
  /** As in `crun`. */
  readonly runtime: string
  /** Directory of images and volumes. */
  readonly storage: string
}

type RunOptions = Partial<Omit<ProgramOptions, 'signal'>> & { readonly signal: AbortSignal }

/** podman or docker on this machine, by its command. */
export interface ContainerEngine {
  readonly name: EngineName
  /** Arguments before the command; `runtime` picks another OCI runtime for new containers. */
  argv(args: readonly string[]): readonly string[]
  /** Passes bytes on; gives the exit code. */
  stream(args: readonly string[], options: ExecOptions): Promise<number>
  /** Resolves with any exit code. */
  run(args: readonly string[], options: RunOptions): Promise<ProgramResult>
  /** Throws `prerequisite` with the engine's words unless the command succeeds; an abort lets it finish. `doing` as in `start container "a"`. */
  must(args: readonly string[], doing: string, options: RunOptions): Promise<string>
  /** Asks once. Throws `prerequisite` when the engine does not work, or not on this machine. */
  facts(signal: AbortSignal): Promise<EngineFacts>
  /** Throws `prerequisite` when its command is set to work on another machine; asks no engine. */
  mustBeHere(signal: AbortSignal): Promise<void>
  readonly programs: Programs
}

const commandTimeoutMs = 120_000

export function createEngine(
  name: EngineName,
  runner: Programs = programs,
  hasSystemd = existsSync('/run/systemd/system'),
  env: Readonly<Record<string, string | undefined>> = process.env,
): ContainerEngine {
  // Without systemd nobody makes podman's scopes.
  const before = name === 'podman' && !hasSystemd ? ['--cgroup-manager=cgroupfs'] : []
  let known: Promise<EngineFacts> | undefined
  const argv = (args: readonly string[]): readonly string[] => [name, ...before, ...args]
  const run: ContainerEngine['run'] = (args, options) =>
    runner.run(argv(args), { timeoutMs: commandTimeoutMs, ...options })
  const endpoint = async (signal: AbortSignal): Promise<EngineEndpoint | undefined> => {
    if (name === 'podman') return podmanEndpoint(env)
    const told = await run(['context', 'inspect'], { timeoutMs: 20_000, signal })
    return dockerEndpoint(told.stdout, env)
  }
  const mustBeHere = (at: EngineEndpoint | undefined, place: EnginePlace): void => {
    const fault = elsewhere(name, at, place, { kernel: release(), hostname: hostname() })
    if (fault !== undefined) throw fault
  }
  const readFacts = async (signal: AbortSignal): Promise<EngineFacts> => {
    const at = await endpoint(signal)
    mustBeHere(at, {})
    const result = await run(['info', '--format', '{{json .}}'], { timeoutMs: 20_000, signal })
    // podman's command for services alone does not know what it is given without systemd.
    if (result.stderr.includes('unknown flag: --cgroup-manager')) mustBeHere(at, { isClient: true })
    if (result.exitCode !== 0)
      throw new KnestError('prerequisite', `${name} does not work: ${lastWords(result)}`, hintFor(result))
    const facts = name === 'podman' ? podmanFacts(result.stdout) : dockerFacts(result.stdout)
    mustBeHere(at, name === 'podman' ? podmanPlace(result.stdout) : dockerPlace(result.stdout))
    return facts
  }
  return {
    name,
    programs: runner,
    argv,
    run,
    stream: (args, options) => runner.stream(argv(args), options),
    must: async (args, doing, options) => {
      const result = await run(args, { letFinish: true, ...options })
      if (result.exitCode === 0) return result.stdout
      throw new KnestError('prerequisite', `${name} could not ${doing}: ${lastWords(result)}`)
    },
    facts: (signal) => {
      known ??= readFacts(signal).catch((error: unknown) => {
        known = undefined
        throw error
      })
      return known
    },
    mustBeHere: async (signal) => mustBeHere(await endpoint(signal), {}),
  }
}

function hintFor({ stderr }: ProgramResult): { readonly hint?: string } {
  return stderr.includes('Is the docker daemon running')
    ? { hint: 'start its daemon, as root: systemctl start docker' }
    : {}
}

interface PodmanInfo {
  readonly host?: {
    readonly cgroupVersion?: string
    readonly ociRuntime?: { readonly name?: string }
    readonly security?: { readonly rootless?: boolean }
  }
  readonly store?: { readonly graphRoot?: string }
  readonly version?: { readonly Version?: string }
}

export function podmanFacts(text: string): EngineFacts {
  const { host, store, version } = JSON.parse(text) as PodmanInfo
  return {
    version: version?.Version ?? 'unknown',
    rootful: host?.security?.rootless !== true,
    cgroupVersion: host?.cgroupVersion === 'v1' ? 1 : 2,
    runtime: host?.ociRuntime?.name ?? 'unknown',
    storage: store?.graphRoot ?? '/var/lib/containers/storage',
  }
}

interface DockerInfo {
  readonly ServerVersion?: string
  readonly CgroupVersion?: string
  readonly DefaultRuntime?: string
  readonly SecurityOptions?: readonly string[] | null
  readonly DockerRootDir?: string
}

export function dockerFacts(text: string): EngineFacts {
  const info = JSON.parse(text) as DockerInfo
  if ((info.ServerVersion ?? '') === '')
    throw new KnestError('prerequisite', 'docker does not work: its daemon does not answer')
  return {
    version: info.ServerVersion ?? 'unknown',
    rootful: !(info.SecurityOptions ?? []).some((option) => option.includes('name=rootless')),
    cgroupVersion: info.CgroupVersion === '1' ? 1 : 2,
    runtime: info.DefaultRuntime ?? 'runc',
    storage: info.DockerRootDir ?? '/var/lib/docker',
  }
}

/** The first engine that works, or the one that is asked for. Throws `prerequisite` naming what is wrong with each. */
export async function detectEngine(
  engines: readonly ContainerEngine[],
  signal: AbortSignal,
): Promise<ContainerEngine> {
  const faults: KnestError[] = []
  for (const engine of engines) {
    try {
      const fault = unfit(engine.name, await engine.facts(signal))
      if (fault === undefined) return engine
      faults.push(new KnestError('prerequisite', fault))
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof KnestError)) throw error
      faults.push(error)
    }
  }
  throw noEngine(faults)
}

/** The one of Ubuntu 22.04. */
const oldestPodman = [3, 4] as const

function unfit(name: EngineName, { rootful, version }: EngineFacts): string | undefined {
  if (!rootful) return `${name} runs rootless, but a node needs root (use sudo)`
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  const isOld = major < oldestPodman[0] || (major === oldestPodman[0] && minor < oldestPodman[1])
  // A version that cannot be read says nothing.
  return name === 'podman' && isOld
    ? `podman ${version} is too old: ${oldestPodman.join('.')} or later is needed`
    : undefined
}

/** What is wrong with each, and what the first that has a hint of its own advises. */
export function noEngine(faults: readonly KnestError[]): KnestError {
  const said = faults.map(({ message }) => message).join('; ')
  return new KnestError('prerequisite', `no container engine can be used: ${said}`, {
    hint:
      faults.find(({ hint }) => hint !== undefined)?.hint ??
      'install one, as root: apt-get install podman runc (Debian, Ubuntu), dnf install podman runc (Fedora), or Docker Engine',
  })
}
