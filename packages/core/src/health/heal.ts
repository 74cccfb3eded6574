import type { ClusterRecord } from '../contracts/cluster.js'
import type { RunOptions } from '../contracts/run-options.js'
import type { HealAction, HealReport, HealRun } from '../contracts/health.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { runPlan } from '../converge/converge.js'
import { planFor } from '../converge/plan-for.js'
import { tryNestedApi } from '../nested-api/try-open.js'
import { backendsOf } from '../observe/backends.js'
import type { Parts } from '../contracts/parts.js'
import { KnestError } from '../errors.js'
import { listNodes } from '../observe/list-nodes.js'
import type { BackendNode } from '../contracts/node-backend.js'
import { awaitTouched } from '../plan/await-touched.js'
import { desiredNodes } from '../plan/desired-nodes.js'
import { isActing } from '../plan/step.js'
import { healthLimits } from '../spec/resolve-health.js'
import { askNodeObjects } from '../status/members.js'
import { assess } from './assess.js'
import type { NodeVerdict } from './assess.js'
import { decide } from './decide.js'
import type { HealingDecision } from './decide.js'
import { healthStatus, heldText, isNews } from './report.js'

/** How long the nested API may take to say how its nodes are. */
const askMs = 10_000
/** Without the nested API only nodes that the host has lost can be made again, and that is quick. */
const blindMs = 180_000

/**
 * Replaces dead nodes as far as that costs neither data nor quorum, and makes everything else as the record
 * says. Waits only for nodes that it touched. The caller holds the lock. Repeatable.
 */
export async function heal(parts: Parts, record: ClusterRecord, run: HealRun): Promise<HealReport> {
  const seen = await look(parts, record, run.signal)
  const { persistence, health } = record.spec
  const limits = { ...healthLimits(health), persistent: persistence.enabled }
  const decision = decide(seen.verdicts, limits)
  const actions: HealAction[] = []
  for (const node of decision.replace) {
    actions.push(await replace(parts, record, node, seen, run))
  }
  let after = seen
  let { conditions } = record
  if (run.thorough === true || needsPlan(record, seen, decision)) {
    const mended = await mend(parts, record, seen, run)
    actions.push(...mended.actions)
    conditions = mended.conditions
    after = await look(parts, record, run.signal)
  }
  const status = healthStatus({ ...record, conditions }, after.verdicts, decision.held)
  if (isNews(record, status)) await parts.home.setStatus(record, status, run.signal)
  actions.push(
    ...decision.held.map((held): HealAction => ({
      type: 'Warning',
      reason: 'NodeNotReplaced',
      message: heldText(held),
    })),
  )
  const due = after.verdicts.flatMap(({ deadAt }) => deadAt ?? [])
  return {
    phase: status.phase,
    actions,
    nodes: seen.verdicts.map(({ name, role, health: found }) => ({ name, role, health: found })),
    nextAt: due.length === 0 ? undefined : Math.min(...due),
  }
}

interface Seen {
  readonly nodes: readonly BackendNode[]
  readonly members: readonly KubeObject[] | undefined
  readonly verdicts: readonly NodeVerdict[]
}

/** Asks the host and the nested API, and no node: cheap enough to be done at every change. */
async function look(parts: Parts, record: ClusterRecord, signal: AbortSignal): Promise<Seen> {
  const nodes = await listNodes(record, await backendsOf(parts, record), signal)
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(askMs)])
  const members = await askNodeObjects(parts, record, nodes, bounded).catch((error: unknown) => {
    signal.throwIfAborted()
    if (error instanceof KnestError || bounded.aborted) return undefined
    throw error
  })
  const verdicts = assess({
    desired: desiredNodes(record, record.spec, nodes),
    hostNodes: nodes,
    members,
    unhealthyAfterMs: healthLimits(record.spec.health).unhealthyAfterMs,
    now: Date.now(),
  })
  return { nodes, members, verdicts }
}

/** A cluster that looks as recorded needs no plan; what only nodes can tell shows as a node that is not Ready. */
function needsPlan(
  { phase }: ClusterRecord,
  { nodes, members, verdicts }: Seen,
  decision: HealingDecision,
): boolean {
  const isWanted = (name: string): boolean => verdicts.some((verdict) => verdict.name === name)
  const strangers = [...nodes, ...(members ?? []).map(({ metadata }) => metadata)]
  return (
    decision.replace.length > 0 ||
    (phase !== 'Ready' && phase !== 'Degraded') ||
    strangers.some(({ name }) => !isWanted(name)) ||
    verdicts.some(({ health }) => health === 'absent' || health === 'failing')
  )
}

/**
 * Takes a dead node away; the plan makes it again. A disk that lasts stays, and with it the node is the same:
 * its Node object keeps what kubeadm wrote on it.
 */
async function replace(
  parts: Parts,
  record: ClusterRecord,
  name: string,
  { nodes, verdicts }: Seen,
  { progress, signal }: RunOptions,
): Promise<HealAction> {
  const node = nodes.find((candidate) => candidate.name === name)
  const keepData = record.spec.persistence.enabled
  await progress.phase(`Take away dead node "${name}"${keepData ? ', keep its disk' : ''}`, async () => {
    await node?.backend.deleteNode(record, name, { keepData, signal })
    if (!keepData) await forget(parts, record, nodes, name, signal)
  })
  const reason = verdicts.find((verdict) => verdict.name === name)?.reason ?? ''
  const how = keepData ? 'started again on its disk' : 'replaced'
  return { type: 'Normal', reason: 'NodeReplaced', message: `node "${name}" was ${how}: ${reason}` }
}

/** Its pods move to other nodes at once, and the new node begins without what the old one said of itself. */
async function forget(
  parts: Parts,
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const others = nodes.filter((node) => node.name !== name)
  const api = await tryNestedApi(parts, record, others, signal)
  try {
    await api?.delete({ apiVersion: 'v1', kind: 'Node' }, name, undefined, { signal })
  } finally {
    api?.close()
  }
}

async function mend(
  parts: Parts,
  record: ClusterRecord,
  { members, verdicts }: Seen,
  run: RunOptions,
): Promise<{ readonly actions: readonly HealAction[]; readonly conditions: ClusterRecord['conditions'] }> {
  const nothing = { actions: [], conditions: record.conditions }
  const isBlind = members === undefined
  // Nothing can join, and nothing is to be made: whoever waits for the API waits for the host.
  if (isBlind && !verdicts.some(({ health }) => health === 'absent')) return nothing
  const plan = await planFor(parts, record, run.signal)
  const acting = plan.steps.filter(isActing)
  if (acting.length === 0) return nothing
  const bounded = isBlind
    ? { ...run, signal: AbortSignal.any([run.signal, AbortSignal.timeout(blindMs)]) }
    : run
  const steps = awaitTouched(plan.steps)
  const conditions = await runPlan(parts, record, bounded, { ...plan, steps })
  const message = acting.map(({ title }) => title).join('; ')
  return { actions: [{ type: 'Normal', reason: 'Mended', message }], conditions }
}
