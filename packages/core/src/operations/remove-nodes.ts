import type { ClusterRecord } from '../contracts/cluster.js'
import type { PlannedStep } from '../contracts/clusters.js'
import type { BackendNode } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { retains } from '../home/record.js'
import { stepContext } from '../converge/step-context.js'
import { clearSharedStore } from '../node/images.js'
import { backendsOf } from '../observe/backends.js'
import { listNodes } from '../observe/list-nodes.js'
import { planRemoval } from '../plan/plan.js'
import { runSteps } from '../plan/run-steps.js'
import { endedBy } from '../signals.js'
import { runStep } from '../steps/run-step.js'

/** Its disks, keys and addresses stay, and the record does not: what the object asks for now counts. */
export function isRetained({ home }: Pick<Parts, 'home'>, { spec, desiredSpec }: ClusterRecord): boolean {
  return home.retain !== undefined && retains(desiredSpec ?? spec)
}

/** The steps that `removeNodes` would take now. */
export async function planNodeRemoval(
  parts: Parts,
  record: ClusterRecord,
  keepData: boolean,
  signal: AbortSignal,
): Promise<readonly PlannedStep[]> {
  const nodes = await listNodes(record, await backendsOf(parts, record), signal)
  return planRemoval(record, nodes, keepData, isRetained(parts, record))
}

/** Removes all nodes of the cluster, and the record after them unless it is kept with its data. Idempotent. */
export async function removeNodes(
  parts: Parts,
  record: ClusterRecord,
  keepData: boolean,
  run: RunOptions,
): Promise<void> {
  const nodes = await listNodes(record, await backendsOf(parts, record), run.signal)
  const context = stepContext(parts, record, nodes)
  if (!keepData && !isRetained(parts, record)) await clearShared(record, nodes, run.signal)
  await runSteps(
    planRemoval(record, nodes, keepData, isRetained(parts, record)),
    (step, progress, signal, part) => runStep(context, step, progress, signal, part),
    run,
  )
}

/** What nodes share on their machine goes while they can be asked; of the rest others' nodes there see to it. */
async function clearShared(
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<void> {
  if ((record.images ?? []).length === 0) return
  const running = nodes.filter(({ phase }) => phase === 'running')
  const clear = async ({ backend, name }: BackendNode): Promise<void> =>
    clearSharedStore(await backend.openNode(record, name, signal), signal)
  await Promise.allSettled(running.map(clear))
  if (signal.aborted) throw endedBy(signal)
}
