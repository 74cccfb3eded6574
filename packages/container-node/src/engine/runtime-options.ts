import { KnestError } from '@knest/core'
import { readFile } from 'node:fs/promises'
import type { ContainerEngine } from './engine.js'
import { podmanUlimits, readCallerLimits } from './limits.js'
import { findProgram } from './machine.js'

const controllersOfV2 = '/sys/fs/cgroup/unified/cgroup.controllers'

/** What every new container needs on this machine. */
export interface RuntimeOptions {
  /** Another OCI runtime than the engine's own. */
  readonly runtime: string | undefined
  readonly ulimits: readonly string[]
}

/** Throws `prerequisite` when no runtime of this machine can make containers. */
export async function readRuntimeOptions(
  engine: ContainerEngine,
  signal: AbortSignal,
): Promise<RuntimeOptions> {
  if (engine.name === 'docker') return { runtime: undefined, ulimits: [] }
  const { cgroupVersion, runtime } = await engine.facts(signal)
  const readControllers = async (): Promise<string> =>
    (await readFile(controllersOfV2, 'utf8').catch(() => '')).trim()
  return {
    runtime:
      cgroupVersion === 1 && runtime === 'crun'
        ? insteadOfCrun(await findProgram('runc'), await readControllers())
        : undefined,
    ulimits: podmanUlimits(readCallerLimits()),
  }
}

/** crun refuses machines with cgroup v1 whose cgroup v2 has controllers as well ("hybrid mode"). */
export function insteadOfCrun(runc: string | undefined, controllers: string): string | undefined {
  if (runc !== undefined || controllers === '') return runc
  throw new KnestError(
    'prerequisite',
    `crun cannot run on this machine: beside cgroup v1 its cgroup v2 has controllers (${controllers})`,
    { hint: 'install runc, as root: apt-get install runc (Debian, Ubuntu), dnf install runc (Fedora)' },
  )
}

/** `run` with these options; podman takes the runtime before the command. */
export function runCommand({ runtime, ulimits }: RuntimeOptions): readonly string[] {
  return [
    ...(runtime === undefined ? [] : ['--runtime', runtime]),
    ...['run', '--pull=never'],
    ...ulimits.flatMap((limit) => ['--ulimit', limit]),
  ]
}
