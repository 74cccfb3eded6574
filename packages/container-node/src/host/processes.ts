import type { ContainerEngine } from '../engine/engine.js'

const timeoutMs = 20_000

/** The container's own control group as seen from within, by version 2 or 1. */
const limitFiles = ['/sys/fs/cgroup/pids.max', '/sys/fs/cgroup/pids/pids.max']

/** How many processes and threads the engine allows the host, which are those of all its nested clusters; undefined for no limit. */
export async function processLimit(
  engine: ContainerEngine,
  node: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  // Only one of them is there: the exit code says nothing.
  const { stdout } = await engine.run(['exec', node, 'cat', ...limitFiles], { timeoutMs, signal })
  return /^\d+$/.test(stdout.trim()) ? Number(stdout) : undefined
}

/** Hosts of earlier versions were made with the engine's default; new ones are made without. Gives the limit there was. */
export async function liftProcessLimit(
  engine: ContainerEngine,
  node: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const limit = await processLimit(engine, node, signal)
  if (limit === undefined) return undefined
  const script = `for file in ${limitFiles.join(' ')}; do [ ! -e "$file" ] || echo max >"$file"; done`
  await engine.must(['exec', node, 'sh', '-c', script], `lift the limit of processes of "${node}"`, {
    timeoutMs,
    signal,
  })
  return limit
}
