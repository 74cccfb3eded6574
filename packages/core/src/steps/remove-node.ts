import type { NodeRole } from '../contracts/cluster.js'
import type { KindRef } from '../contracts/kubernetes.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import type { Progress } from '../contracts/progress.js'
import type { Step } from '../plan/step.js'
import { KnestError } from '../errors.js'
import { endScripts } from '../node/run-script.js'
import { need } from './context.js'
import type { StepContext } from './context.js'
import { readSettledDisk } from '../node/disk.js'
import { otherControlPlanes, removableMember, removeMember } from './etcd-members.js'
import { releaseAddresses } from './node-addresses.js'

const nodeKind: KindRef = { apiVersion: 'v1', kind: 'Node' }
const drainSeconds = 60

/** Moves the workloads away with kubectl, which is on every control plane and honours budgets. */
export async function drain(
  controlPlane: NodeHandle,
  node: string,
  warn: (text: string) => void,
  signal: AbortSignal,
  next = 'removed',
): Promise<void> {
  const argv = [
    ...['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf', 'drain', node],
    ...['--ignore-daemonsets', '--delete-emptydir-data', '--force', `--timeout=${drainSeconds}s`],
  ]
  const result = await controlPlane.execText(argv, { timeoutMs: (drainSeconds + 30) * 1000, signal })
  if (result.exitCode === 0 || result.stderr.includes('not found')) return
  const last = result.stderr.trim().split('\n').at(-1) ?? ''
  warn(`node "${node}" was not drained within ${drainSeconds} s and is ${next} all the same: ${last}`)
}

/** Deletes the Node object. Absent is fine. */
async function forgetMember(context: StepContext, node: string, signal: AbortSignal): Promise<void> {
  await need(context.api, 'the nested API').delete(nodeKind, node, undefined, { signal })
}

/**
 * Whether a node that was not there, or looked as if it had lost its disk, is set up now. It may have come back on a
 * disk that was kept, or a join that an interrupted run began has come to its end meanwhile, which is awaited: then
 * Node object and etcd member are its own.
 */
async function isSetUpNow(context: StepContext, node: string, signal: AbortSignal): Promise<boolean> {
  const isThere =
    context.nodeNames.includes(node) ||
    context.nodes.some(({ name, phase }) => name === node && phase === 'running')
  return isThere && (await readSettledDisk(await context.openNode(node, signal), signal)) === 'bootstrapped'
}

/** Takes those out of etcd that are not set up now. Throws as `removableMember`. */
export async function removeLost(
  context: StepContext,
  helpers: readonly NodeHandle[],
  lost: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const gone of lost)
    if (!(await isSetUpNow(context, gone, signal))) await removeMember(context, helpers, gone, signal)
}

/** Deletes the Node object of a node that is to join anew, unless it is set up: no kubelet registers a second time. */
export async function deleteStaleNode(
  context: StepContext,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  if (!(await isSetUpNow(context, node, signal))) await forgetMember(context, node, signal)
}

/**
 * Takes a node away with its disk. A control plane leaves etcd first, whatever the nested API knows of it: etcd's
 * own list says whether it is a member, and whether it can be spared. Throws as `removableMember`.
 */
export async function removeNode(
  context: StepContext,
  { node, role, member }: Extract<Step, { kind: 'remove-node' }>,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const isControlPlane = role === 'control-plane'
  const helpers: readonly NodeHandle[] =
    isControlPlane || member ? await otherControlPlanes(context, node, signal) : []
  const [helper] = helpers
  if (helper !== undefined) {
    const by = isControlPlane ? (await removableMember(context, helpers, node, signal)).by : helper
    if (member) await drain(by, node, (text) => progress.warn(text), signal)
  }
  await endJoin(context, node, signal)
  if (isControlPlane) await removeMember(context, helpers, node, signal)
  const backend = await context.backendOf(node)
  await backend.deleteNode(context.record, node, { keepData: false, signal })
  // What was begun before, by whoever had the lock, might have come to its end until then.
  await forgetMember(context, node, signal)
  if (isControlPlane) await removeMember(context, helpers, node, signal)
  await releaseAll(context, node, role, signal)
}

/** A join that an interrupted run has left there adds no member, and registers no Node, once the node has gone. */
async function endJoin(context: StepContext, node: string, signal: AbortSignal): Promise<void> {
  if (!context.nodes.some(({ name, phase }) => name === node && phase === 'running')) return
  try {
    await endScripts(await context.openNode(node, signal), signal)
  } catch (error) {
    // It goes whether it answers or not.
    signal.throwIfAborted()
    if (!(error instanceof KnestError)) throw error
  }
}

/** Takes a control plane out of etcd of which nothing else is left, and gives its addresses back. Repeatable. */
export async function removeStaleMember(
  context: StepContext,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  await removeMember(context, await otherControlPlanes(context, node, signal), node, signal)
  await releaseAll(context, node, 'control-plane', signal)
}

async function releaseAll(
  context: StepContext,
  node: string,
  role: NodeRole,
  signal: AbortSignal,
): Promise<void> {
  await releaseAddresses(context, node, signal)
  if (role === 'control-plane') await context.home.releaseAddress(context.record, node, signal)
}
