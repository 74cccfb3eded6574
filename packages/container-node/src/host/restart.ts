import type { ContainerEngine } from '../engine/engine.js'
import { restartPolicy } from '../node/container-arguments.js'

/** Has docker start the host by itself from now on: those of earlier versions stayed away after a crash of its daemon. */
export async function ensureRestart(
  engine: ContainerEngine,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  if (engine.name === 'podman') return
  const argv = ['update', '--restart', restartPolicy, node]
  await engine.must(argv, `set the restart policy of "${node}"`, { timeoutMs: 20_000, signal })
}
