import { clusterCommand } from '../commands.js'
import type { NodeHandle, NodeSpec } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { readNodeState } from '../node/node-state.js'
import { runScript } from '../node/run-script.js'
import { pause } from '../signals.js'
import type { StepContext } from './context.js'
import { holdScript, letGoScript } from './upgrade-scripts.js'

const minute = 60_000

interface Before {
  readonly node: NodeHandle
  /** Its version; undefined when its image does not tell. */
  readonly from: string | undefined
}

/**
 * Gives a node the image of the record's version, with kubelet held until it is set up by the new one. Resolves when the
 * node tells the new version; throws `config` where the image has another one, after the node has its old one back.
 */
export async function changeImage(
  context: StepContext,
  spec: NodeSpec,
  before: Before,
  signal: AbortSignal,
): Promise<void> {
  const backend = await context.backendOf(spec.name)
  if (backend.upgradeNode === undefined)
    throw new KnestError('config', `node "${spec.name}" cannot be given another image while it lives`)
  await runScript(before.node, 'hold of kubelet', holdScript, { timeoutMs: 30_000, signal })
  try {
    await backend.upgradeNode(spec, signal)
    await awaitImage(context, spec, before, signal)
  } catch (error) {
    if (!signal.aborted) await goBack(context, spec, before, signal).catch(() => undefined)
    throw error
  }
}

/**
 * A node whose image was a mistake gets its old one back. Its kubelet is let go only by the programs it was set up
 * with: without it the node would be of no use to anybody, and others would not come to their end on its disk.
 */
async function goBack(
  context: StepContext,
  spec: NodeSpec,
  { from }: Before,
  signal: AbortSignal,
): Promise<void> {
  const wanted = context.record.spec.kubernetesVersion
  const versionNow = async (): Promise<string | undefined> =>
    (await readNodeState(await context.openNode(spec.name, signal), signal)).version
  const found = await versionNow()
  if (found === wanted) return
  const image = context.nodes.find(({ name }) => name === spec.name)?.image
  if (found !== from && image !== undefined && image !== spec.image) {
    const backend = await context.backendOf(spec.name)
    await backend.upgradeNode?.({ ...spec, image }, signal)
    await awaitVersion(versionNow, from, signal)
  }
  if ((await versionNow()) !== from) return
  const node = await context.openNode(spec.name, signal)
  await runScript(node, 'start of kubelet', letGoScript, { timeoutMs: minute, signal })
}

/** Gives the last version seen: the host may need a moment to begin. */
async function awaitVersion(
  versionNow: () => Promise<string | undefined>,
  wanted: string | undefined,
  signal: AbortSignal,
  isWrong: (version: string) => boolean = () => false,
): Promise<string | undefined> {
  const deadline = Date.now() + minute
  for (;;) {
    const found = await versionNow().catch(() => undefined)
    signal.throwIfAborted()
    if (found === wanted || Date.now() > deadline) return found
    if (found !== undefined && isWrong(found)) return found
    await pause(500, signal)
  }
}

/** An image can hold another version than its name says. */
async function awaitImage(
  { record, ...context }: StepContext,
  spec: NodeSpec,
  { from }: Before,
  signal: AbortSignal,
): Promise<void> {
  const wanted = record.spec.kubernetesVersion
  const versionNow = async (): Promise<string | undefined> =>
    (await readNodeState(await context.openNode(spec.name, signal), signal)).version
  const found = await awaitVersion(versionNow, wanted, signal, (version) => version !== from)
  if (found === wanted) return
  throw new KnestError(
    'config',
    `image "${spec.image}" of node "${spec.name}" has Kubernetes ${found ?? 'of no known version'}, not ${wanted}`,
    {
      hint: `go on with the image of that version: ${clusterCommand('upgrade', record, '--kubernetes-version', wanted, '--image', 'IMAGE')}`,
    },
  )
}
