import type { ClusterRecord } from '../contracts/cluster.js'
import type { PlannedStep } from '../contracts/clusters.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { stepContext } from '../converge/step-context.js'
import { backendsOf } from '../observe/backends.js'
import { listNodes } from '../observe/list-nodes.js'
import { planRemoval } from '../plan/plan.js'
import { runSteps } from '../plan/run-steps.js'
import { runStep } from '../steps/run-step.js'

/** The steps that `removeNodes` would take now. */
export async function planNodeRemoval(
  parts: Parts,
  record: ClusterRecord,
  keepData: boolean,
  signal: AbortSignal,
): Promise<readonly PlannedStep[]> {
  return planRemoval(record, await listNodes(record, await backendsOf(parts, record), signal), keepData)
}

/** Removes all nodes of the cluster, and the record after them unless its data are kept. Idempotent. */
export async function removeNodes(
  parts: Parts,
  record: ClusterRecord,
  keepData: boolean,
  run: RunOptions,
): Promise<void> {
  const nodes = await listNodes(record, await backendsOf(parts, record), run.signal)
  const context = stepContext(parts, record, nodes)
  await runSteps(
    planRemoval(record, nodes, keepData),
    (step, progress, signal, part) => runStep(context, step, progress, signal, part),
    run,
  )
}
