import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterHome } from './contracts/cluster-home.js'
import type {
  AddressAdapterName,
  BackendName,
  ClusterCondition,
  ClusterPhase,
  ClusterRecord,
} from './contracts/cluster.js'
import type { RunOptions } from './contracts/clusters.js'
import type { KubeApi } from './contracts/kubernetes.js'
import type { AddressAdapter, NodeBackend } from './contracts/node-backend.js'
import type { AddressOptions } from './addresses/index.js'
import { planRenewal, storedCertificate } from './certificates/index.js'
import { openNestedApi } from './access/nested-api.js'
import { makeCondition, withCondition } from './conditions.js'
import { KnestError } from './errors.js'
import { openLeases } from './leases.js'
import { askNestedFacts } from './nested-facts.js'
import { addonsCondition, listNodes, observe } from './observe.js'
import type { BackendNode, NestedFacts } from './observe.js'
import { desiredNodes } from './plan/desired-nodes.js'
import { planCluster } from './plan/plan.js'
import { runSteps } from './plan/run-steps.js'
import { timed } from './plan/timed.js'
import type { UpgradePace } from './plan/upgrade.js'
import type { Step } from './plan/step.js'
import type { StepContext } from './steps/context.js'
import { runStep } from './steps/run-step.js'
import { refuseLeaps } from './upgrade.js'

export interface Parts {
  readonly home: ClusterHome
  /** Loads the backend of that name. */
  readonly backend: (name: BackendName) => Promise<NodeBackend>
  /** Loads what keeps node addresses; absent where nothing can (the embedded host). */
  readonly addressAdapter?: (name: AddressAdapterName, options: AddressOptions) => Promise<AddressAdapter>
  /** Whether a host with Calico gives VMs their address back with nothing asked for; absent: it does not. */
  readonly keepsVmAddresses?: (signal: AbortSignal) => Promise<boolean>
}

/** The backends a cluster can have nodes of. */
export async function backendsOf(
  { backend }: Parts,
  record: Pick<ClusterRecord, 'spec'>,
): Promise<readonly NodeBackend[]> {
  const names = new Set([
    record.spec.controlPlane.backend,
    ...record.spec.workers.map((pool) => pool.backend),
  ])
  return Promise.all([...names].map(backend))
}

/** The factor for time limits on this cluster: above 1 where machines are emulated. */
export async function slownessOf(parts: Parts, record: Pick<ClusterRecord, 'spec'>): Promise<number> {
  const backends = await backendsOf(parts, record)
  return Math.max(
    1,
    ...(await Promise.all(backends.map(async (backend) => (await backend.slowness?.()) ?? 1))),
  )
}

/** Looks at the cluster and says what is to be done. Changes nothing. */
export async function planFor(
  parts: Parts,
  record: ClusterRecord,
  signal: AbortSignal,
  pace?: UpgradePace,
): Promise<{ readonly steps: readonly Step[]; readonly nodes: readonly BackendNode[] }> {
  const nodes = await listNodes(record, await backendsOf(parts, record), signal)
  const now = new Date()
  const [nested, seen, stored] = await Promise.all([
    nestedFacts(parts, record, nodes, signal),
    observe(record, nodes, now, signal),
    storedCertificate({ record, home: parts.home }, now, signal),
  ])
  const certificates = [...(stored === undefined ? [] : [stored]), ...seen.certificates]
  const renewal = planRenewal({ certificates, unfinished: seen.unfinished }, now)
  const observed = { ...seen.observed, members: nested?.members, configured: nested?.configured, renewal }
  refuseLeaps(record, observed)
  return { steps: planCluster(record, record.spec, observed, pace), nodes }
}

/** What the nested API says; undefined when it does not answer within a moment. */
async function nestedFacts(
  parts: Parts,
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<NestedFacts | undefined> {
  const api = await tryNestedApi(parts, record, nodes, signal)
  if (api === undefined) return undefined
  try {
    return await askNestedFacts(api, signal)
  } catch {
    signal.throwIfAborted()
    return undefined
  } finally {
    api.close()
  }
}

/** The nested API by any control plane whose API server answers; undefined when there is none. */
export async function tryNestedApi(
  { home }: Parts,
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  signal: AbortSignal,
): Promise<KubeApi | undefined> {
  const ready = nodes.filter(({ role, ready: answers }) => role === 'control-plane' && answers)
  const authorities = ready.length === 0 ? undefined : await home.readAuthorities(record, signal)
  if (authorities === undefined) return undefined
  const handles = await Promise.all(ready.map(({ backend, name }) => backend.openNode(record, name, signal)))
  return openNestedApi({ cluster: record.name, nodes: handles, authorities })
}

/**
 * Makes the cluster as its record says. The caller holds the lock. `beforeReady` runs when all is done
 * and the record does not say so yet.
 */
export async function converge(
  parts: Parts,
  record: ClusterRecord,
  phase: ClusterPhase,
  run: RunOptions & { readonly pace?: UpgradePace },
  beforeReady: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const { home } = parts
  const look = { id: 'look', title: 'Look at what there is', needs: [] }
  const plan = await timed(run.clock, look, () => planFor(parts, record, run.signal, run.pace))
  const done = await runPlan(parts, record, phase, run, plan)
  const isReady = makeCondition('Ready', 'True', 'AllNodesReady', 'all nodes are Ready and DNS is Available')
  const conditions = withCondition(done, isReady)
  const all = (count: number): { desired: number; ready: number } => ({ desired: count, ready: count })
  const workers = record.spec.workers.reduce((sum, { count }) => sum + count, 0)
  const counts = { controlPlane: all(record.spec.controlPlane.count), workers: all(workers) }
  const handOver = { id: 'hand-over', title: 'Hand the cluster over', needs: ['ready'] }
  await timed(run.clock, handOver, async () => {
    if (phase === 'Creating' || phase === 'Resuming') {
      await awaitHostReady(parts, record, run.signal)
      // From now on only control planes whose API server answers get traffic.
      await home.ensureAddresses({ ...record, phase: 'Ready' }, [], run.signal)
    }
    await beforeReady()
  })
  await home.setStatus(record, { phase: 'Ready', conditions, ...counts }, run.signal)
}

/** Carries a plan out, and says so in the record under this phase. Gives the conditions it left there. */
export async function runPlan(
  parts: Parts,
  record: ClusterRecord,
  phase: ClusterPhase,
  run: RunOptions,
  { steps, nodes }: Awaited<ReturnType<typeof planFor>>,
): Promise<readonly ClusterCondition[]> {
  const { home } = parts
  const context = stepContext(parts, record, nodes, steps)
  let conditions = record.conditions
  const say = async (changed: ClusterCondition): Promise<void> => {
    conditions = withCondition(conditions, changed)
    await home.setStatus(record, { phase, conditions }, run.signal)
  }
  try {
    await runSteps(
      steps,
      async (step, progress, signal, part) => {
        await runStep(context, step, progress, signal, part)
        if (step.kind === 'install-addons')
          await say(makeCondition(addonsCondition, 'True', 'Installed', 'network and DNS were installed'))
        if (step.kind === 'ensure-addresses' && context.leases.size > 0) {
          const addresses = [...context.leases].map(([node, { ip, mac }]) => ({ node, ip, mac }))
          await home.setStatus(record, { phase, conditions, addresses }, signal)
        }
      },
      run,
    )
    return conditions
  } finally {
    context.api?.close()
  }
}

/**
 * Gives the host a moment to notice that the API servers answer: it looks every two seconds, and sends
 * traffic only to those it has seen. A host that is slower than this is no failure.
 */
async function awaitHostReady(parts: Parts, record: ClusterRecord, signal: AbortSignal): Promise<void> {
  const backends = await backendsOf(parts, record)
  for (let tries = 0; tries < 40; tries++) {
    const nodes = await listNodes(record, backends, signal)
    if (nodes.every(({ role, ready }) => role === 'worker' || ready)) return
    await delay(250, undefined, { signal })
  }
}

/** What the steps of one run on these nodes share. */
export function stepContext(
  parts: Parts,
  record: ClusterRecord,
  nodes: readonly BackendNode[],
  steps: readonly Step[] = [],
): StepContext {
  const { home, backend } = parts
  let adapter: Promise<AddressAdapter | undefined> | undefined
  const desired = desiredNodes(record, record.spec, nodes)
  const made = steps.flatMap((step) => (step.kind === 'ensure-node' ? [step.node] : []))
  const backendOf = async (name: string): Promise<NodeBackend> => {
    const existing = nodes.find((node) => node.name === name)?.backend
    const wished = [...desired, ...made].find((node) => node.name === name)?.backend
    if (existing !== undefined) return existing
    if (wished !== undefined) return backend(wished)
    throw new KnestError('not-found', `cluster "${record.name}" has no node "${name}"`)
  }
  return {
    record,
    nodes,
    home,
    backend,
    backendOf,
    controlPlanes: desired.filter(({ role }) => role === 'control-plane').map(({ name }) => name),
    existingControlPlanes: nodes.filter(({ role }) => role === 'control-plane').map(({ name }) => name),
    slowness: () => slownessOf(parts, record),
    openNode: async (name, signal) => (await backendOf(name)).openNode(record, name, signal),
    nodeNames: desired.map(({ name }) => name),
    leaseAdapter: () => (adapter ??= openLeases(parts, record, record.spec)),
    leases: new Map(),
    addresses: undefined,
    authorities: undefined,
    api: undefined,
  }
}
