import { storedCertificate } from '../certificates/list.js'
import { planRenewal } from '../certificates/plan.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { BackendNode } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import { tryNestedApi } from '../nested-api/try-open.js'
import { backendsOf } from '../observe/backends.js'
import { listNodes } from '../observe/list-nodes.js'
import { askNestedFacts } from '../observe/nested-facts.js'
import { observe, type NestedFacts } from '../observe/observe.js'
import { refuseLeaps } from './version-skew.js'
import { planCluster } from '../plan/plan.js'
import type { Step } from '../plan/step.js'
import type { UpgradePace } from '../plan/upgrade.js'

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
