import type { KindRef } from '../contracts/kubernetes.js'
import type { NodeHandle } from '../contracts/node-backend.js'
import { KnestError } from '../errors.js'
import { need } from './context.js'
import type { StepContext } from './context.js'
import { isBootstrapped, readSettledDisk } from '../node/disk.js'

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
export async function forgetMember(context: StepContext, node: string, signal: AbortSignal): Promise<void> {
  await need(context.api, 'the nested API').delete(nodeKind, node, undefined, { signal })
}

/**
 * The same for a node that was not there or looked as if it had lost its disk. It may have come back on a disk that
 * was kept, or a join that an interrupted run began has come to its end meanwhile: then the Node object is its own,
 * and a kubelet does not register a second time.
 */
export async function deleteStaleNode(
  context: StepContext,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const isThere =
    context.nodeNames.includes(node) ||
    context.nodes.some(({ name, phase }) => name === node && phase === 'running')
  if (isThere) {
    const disk = await readSettledDisk(await context.openNode(node, signal), signal)
    if (disk === 'bootstrapped') return
  }
  await forgetMember(context, node, signal)
}

/** A control plane other than `except` that runs and is part of the cluster. */
export async function otherControlPlane(
  context: StepContext,
  names: readonly string[],
  except: string,
  signal: AbortSignal,
): Promise<NodeHandle> {
  for (const name of names.filter((candidate) => candidate !== except)) {
    const node = await context.openNode(name, signal).catch(() => undefined)
    if (node !== undefined && (await isBootstrapped(node, signal))) return node
  }
  throw new KnestError(
    'prerequisite',
    `no control plane but "${except}" runs, and without one it can neither join nor leave`,
    {
      hint: `see: knest status ${context.record.name}`,
    },
  )
}
