import type { ContainerEngine } from './engine.js'
import { podmanUlimits, readCallerLimits } from './limits.js'
import { findProgram } from './machine.js'

/** What every new container needs on this machine. */
export interface RuntimeOptions {
  /** Another OCI runtime than the engine's own. */
  readonly runtime: string | undefined
  readonly ulimits: readonly string[]
}

export async function readRuntimeOptions(
  engine: ContainerEngine,
  signal: AbortSignal,
): Promise<RuntimeOptions> {
  if (engine.name === 'docker') return { runtime: undefined, ulimits: [] }
  const { cgroupVersion, runtime } = await engine.facts(signal)
  return {
    // crun refuses the hybrid hierarchies that machines with cgroup v1 have.
    runtime: cgroupVersion === 1 && runtime === 'crun' ? await findProgram('runc') : undefined,
    ulimits: podmanUlimits(readCallerLimits()),
  }
}

/** `run` with these options; podman takes the runtime before the command. */
export function runCommand({ runtime, ulimits }: RuntimeOptions): readonly string[] {
  return [
    ...(runtime === undefined ? [] : ['--runtime', runtime]),
    ...['run', '--pull=never'],
    ...ulimits.flatMap((limit) => ['--ulimit', limit]),
  ]
}
