import { KnestError, labels, pause, type NodeHandle } from '@knest/core'
import type { ContainerEngine } from '../engine/engine.js'
import { inspectContainer, removeObjects, type ContainerObject } from '../engine/objects.js'
import { roleOf } from './cluster-containers.js'
import { openContainer } from './handle.js'
import { lastWords, type ProgramResult } from '../engine/program.js'
import { releaseStaleAddress, isStaleLease } from './stale-lease.js'

const readySeconds = 90

interface NewContainer {
  readonly name: string
  readonly cluster: string
  readonly address: string
  /** Variables of the engine that the arguments name. */
  readonly env: Readonly<Record<string, string>>
}

/** Makes and starts a container. `address` is its own in the network of `cluster`. */
export async function runContainer(
  engine: ContainerEngine,
  args: readonly string[],
  { name, cluster, address, env }: NewContainer,
  signal: AbortSignal,
): Promise<void> {
  let result = await engine.run(args, { letFinish: true, env, signal })
  if (isStaleLease(engine, result)) {
    await releaseStaleAddress(cluster, address)
    // The container is there and has not started.
    result = await engine.run(['start', name], { letFinish: true, signal })
  }
  if (result.exitCode !== 0) throw startFault(engine, name, result)
}

/** Starts a container that is there, and waits for it. One that does not start is removed: all a node keeps is in its volumes. */
export async function startOrRemove(
  engine: ContainerEngine,
  container: ContainerObject,
  signal: AbortSignal,
): Promise<'started' | 'removed'> {
  const node = openContainer(engine, container.name, roleOf(container), undefined)
  try {
    await startContainer(engine, container, signal)
    await awaitInit(engine, node, signal)
    return 'started'
  } catch (error) {
    if (signal.aborted || !(error instanceof KnestError)) throw error
    await removeObjects(engine, 'container', [container.name], signal)
    return 'removed'
  }
}

async function startContainer(
  engine: ContainerEngine,
  { name, state, labels: found }: ContainerObject,
  signal: AbortSignal,
): Promise<void> {
  if (state === 'running') return
  const command = state === 'paused' ? 'unpause' : 'start'
  const start = (): Promise<ProgramResult> => engine.run([command, name], { letFinish: true, signal })
  let result = await start()
  if (isStaleLease(engine, result)) {
    await releaseStaleAddress(
      found[labels.cluster] ?? '',
      /requested IP address (\S+) is/.exec(result.stderr)?.[1] ?? '',
    )
    result = await start()
  }
  if (result.exitCode !== 0) throw startFault(engine, name, result)
}

function startFault(engine: ContainerEngine, name: string, result: ProgramResult): KnestError {
  return new KnestError(
    'prerequisite',
    `${engine.name} could not start container "${name}": ${lastWords(result)}`,
    {
      hint: `see: ${engine.name} logs ${name}`,
    },
  )
}

/** Waits until the node can take commands; a container that ends meanwhile is told with its last words. */
export async function awaitInit(
  engine: ContainerEngine,
  node: NodeHandle,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + readySeconds * 1000
  let said: string
  for (;;) {
    try {
      const argv = ['knest-init', 'ready', '--wait', String(readySeconds)]
      const ready = await node.execText(argv, { timeoutMs: (readySeconds + 10) * 1000, signal })
      if (ready.exitCode === 0) return
      said = lastWords(ready)
    } catch (error) {
      if (!(error instanceof KnestError) || error.code !== 'host-unreachable') throw error
      said = error.message
    }
    const container = await inspectContainer(engine, node.name, signal)
    if (container?.state !== 'running' || Date.now() > deadline) break
    await pause(200, signal)
  }
  const logs = await engine.run(['logs', '--tail', '5', node.name], { timeoutMs: 10_000, signal })
  throw new KnestError(
    'prerequisite',
    `node "${node.name}" did not start: ${said}; its log ends with: ${`${logs.stdout}${logs.stderr}`.trim()}`,
    {
      hint: `see: ${engine.name} logs ${node.name}`,
    },
  )
}
