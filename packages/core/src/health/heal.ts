import type { RecordedStatus } from '../contracts/cluster-home.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { HealAction, HealReport, HealRun } from '../contracts/health.js'
import type { BackendNode } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import type { RunOptions } from '../contracts/run-options.js'
import { KnestError } from '../errors.js'
import { tryNestedApi } from '../nested-api/try-open.js'
import { healthLimits } from '../spec/resolve-health.js'
import type { NodeHealth, NodeVerdict } from './assess.js'
import { decide } from './decide.js'
import type { HealingDecision } from './decide.js'
import { look, lookAtMembers } from './look.js'
import type { Seen } from './look.js'
import { mend, type Mended } from './mend.js'
import { relieveEtcd } from './relieve-etcd.js'
import { restoreAuthorities } from './restore-authorities.js'
import { restoreKubeconfig } from './restore-kubeconfig.js'
import { authoritiesGoneStatus, healthStatus, heldText, isNews } from './report.js'

/** A node that runs and gave no answer may have an empty disk: it is asked again, as long as it is not dead. */
const silentMs = 15_000
/** Who tells of pods need not tell of VMs. */
const hostMs = 30_000

/**
 * Replaces dead nodes as far as that costs neither data nor quorum, and makes everything else as the record
 * says. What was seen is in the record before anything is done, and what fails keeps nothing else from being done.
 * Waits only for nodes that it touched. The caller holds the lock. Repeatable.
 */
export async function heal(parts: Parts, found: ClusterRecord, run: HealRun): Promise<HealReport> {
  const { signal } = run
  const restored = await restoreAuthorities(parts, found, signal).catch((error: unknown) =>
    sayGone(parts, found, error, signal),
  )
  const seen = await look(parts, found, signal)
  const going = seen.nodes.filter(({ diskGoing }) => diskGoing === true).map(({ name }) => name)
  const disks = { persistent: found.spec.persistence.enabled, diskGoing: new Set(going) }
  const limits = { ...healthLimits(found.spec.health), ...disks }
  const decision = decide(seen.verdicts, { ...limits, etcd: await lookAtMembers(found, seen, signal) })
  const record = await say(parts, found, healthStatus(found, seen.verdicts, decision.held, false), signal)
  const failures: Error[] = []
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      failures.push(error instanceof Error ? error : new Error(String(error)))
      return undefined
    }
  }

  // Nothing else can be written before.
  const relieved =
    run.thorough === true ? ((await attempt(() => relieveEtcd(record, seen.nodes, run))) ?? []) : []
  const replaced = await Promise.all(
    decision.replace.map((node) => attempt(() => replace(parts, record, node, seen, run))),
  )
  const left = decision.replace.filter((_, index) => replaced[index] === undefined)
  let mended: Mended = { actions: [], conditions: record.conditions, finished: true, asked: new Set() }
  let after = seen
  if (run.thorough === true || needsPlan(record, seen, decision)) {
    mended = await mend(parts, record, seen, left, { ...run, attempt })
    const answered = mended.finished && mended.actions.length > 0
    after = await look(parts, record, signal, { answered, asked: mended.asked })
  }
  const stored = await attempt(() => restoreKubeconfig(parts, record, signal))
  const finished = mended.finished && failures.length === 0
  const current = { ...record, conditions: mended.conditions }
  const status = healthStatus(current, after.verdicts, decision.held, finished)
  await say(parts, current, status, signal)
  const warnings = decision.held.map((held): HealAction => ({
    type: 'Warning',
    reason: 'NodeNotReplaced',
    message: heldText(held),
  }))
  const before = new Map(seen.verdicts.map(({ name, health }) => [name, health]))
  const due = after.verdicts.flatMap((verdict) => againAt(verdict, before.get(verdict.name), mended.asked))
  return {
    phase: status.phase,
    actions: [
      ...restored,
      ...relieved,
      ...replaced.filter((action) => action !== undefined),
      ...mended.actions,
      ...(stored ?? []),
      ...warnings,
    ],
    nodes: seen.verdicts.map(({ name, role, health }) => ({ name, role, health })),
    nextAt: due.length === 0 ? undefined : Math.min(...due),
    failure: failures[0],
  }
}

/** When to look again, though nobody tells of anything. `before`: what the node was when it was decided what to do. */
function againAt(
  { name, health, deadAt }: NodeVerdict,
  before: NodeHealth | undefined,
  asked: ReadonlySet<string>,
): readonly number[] {
  // Its time was over meanwhile: nothing more happens to it that would tell.
  if (health === 'dead' && before !== 'dead') return [Date.now()]
  if (health === 'host') return [Date.now() + hostMs]
  const isSilent = health === 'failing' && !asked.has(name)
  return [...(isSilent ? [Date.now() + silentMs] : []), ...(deadAt === undefined ? [] : [deadAt])]
}

/** Nothing can be done without the authorities: the cluster says so itself. */
async function sayGone(
  parts: Parts,
  record: ClusterRecord,
  error: unknown,
  signal: AbortSignal,
): Promise<never> {
  if (error instanceof KnestError && error.code === 'prerequisite')
    await say(parts, record, authoritiesGoneStatus(record, error.message), signal)
  throw error
}

/** Writes what is news, and gives the record as it is then. */
async function say(
  { home }: Pick<Parts, 'home'>,
  record: ClusterRecord,
  status: RecordedStatus,
  signal: AbortSignal,
): Promise<ClusterRecord> {
  if (isNews(record, status)) await home.setStatus(record, status, signal)
  return { ...record, phase: status.phase, conditions: status.conditions }
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
    // What runs on an empty disk joins anew, and a kubelet without a Node object registers: nothing is taken away.
    decision.held.length > 0 ||
    // Its kubelet is well: etcd may have removed its member.
    nodes.some(({ role, phase, ready }) => role === 'control-plane' && phase === 'running' && !ready) ||
    (phase !== 'Ready' && phase !== 'Degraded') ||
    strangers.some(({ name }) => !isWanted(name)) ||
    // Only its nodes can tell why an API server is silent: an upgrade or a renewal that was interrupted.
    verdicts.some(({ health }) => health === 'absent' || health === 'failing' || health === 'unknown')
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
