import type { ClusterRecord, ClusterSpec } from '../contracts/cluster.js'
import type { ClusterChange } from '../contracts/clusters.js'
import { PreflightError, type KnestError, type Problem } from '../errors.js'
import { halfUpgraded } from '../phases/index.js'
import { isActing } from '../plan/step.js'
import type { Step } from '../plan/step.js'
import { specChanges } from '../spec/changes.js'
import { kubernetesProblems } from '../spec/kubernetes/problems.js'

/** Carries over what was derived from the host (MTU, tunnel port, type of Service) or decided once (storage): it is no change. */
export function withHostDefaults(recorded: ClusterSpec, desired: ClusterSpec): ClusterSpec {
  const storage = desired.addons?.storage ?? recorded.addons?.storage
  return {
    ...desired,
    ...(storage !== undefined && { addons: { ...desired.addons, storage } }),
    endpoint: desired.endpoint.serviceType === 'auto' ? recorded.endpoint : desired.endpoint,
    network: { ...desired.network, mtu: recorded.network.mtu, vxlanPort: recorded.network.vxlanPort },
    persistence: { hostClusterCni: recorded.persistence.hostClusterCni, ...desired.persistence },
  }
}

/**
 * The record with the generation that its cluster was made by, where its object asks for something else by now: what
 * is found of its nodes says nothing of that. Pure.
 */
export function asMade(record: ClusterRecord): ClusterRecord {
  if (!isAskedToChange(record)) return record
  const ready = record.conditions.find(({ type }) => type === 'Ready')
  return { ...record, generation: ready?.observedGeneration ?? record.observedGeneration }
}

/** Its object asks for something else than what the cluster is made by. Pure. */
export function isAskedToChange({ spec, desiredSpec, desiredProblems }: ClusterRecord): boolean {
  if (desiredProblems !== undefined) return true
  if (desiredSpec === undefined) return false
  return specChanges(spec, withHostDefaults(spec, desiredSpec)).changes.length > 0
}

/** The record's next spec. Throws PreflightError (`config`) with all that cannot change, `conflict` half-way. */
export function changedSpec(record: ClusterRecord, desired: ClusterSpec): ClusterSpec {
  const fault = halfWayFault(record, desired.kubernetesVersion)
  if (fault !== undefined) throw fault
  const decided = withHostDefaults(record.spec, desired)
  // The way on from an image that holds another version than it should.
  const { image } = record.phase === 'Upgrading' ? decided : record.spec
  const { refusals } = specChanges({ ...record.spec, image }, decided)
  const settings = versionProblems(record.spec, decided.kubernetesVersion)
  if (refusals.length + settings.length > 0) throw new PreflightError('config', [...refusals, ...settings])
  return decided
}

/** What the programs of another version would refuse of the settings that the cluster has. Pure. */
export function versionProblems(
  { kubernetes, kubernetesVersion }: ClusterSpec,
  to: string,
): readonly Problem[] {
  if (to === kubernetesVersion) return []
  const known = new Set(kubernetesProblems(kubernetes, kubernetesVersion).map(({ message }) => message))
  return kubernetesProblems(kubernetes, to)
    .filter(({ message }) => !known.has(message))
    .map(({ message }) => ({
      severity: 'error',
      message: `${message}, and the cluster has it set (spec.kubernetes)`,
      hint: `stay with Kubernetes ${kubernetesVersion}, or create another cluster without it`,
    }))
}

/** Why the cluster cannot be brought to this version now: its nodes are on their way to another. Pure. */
export function halfWayFault(record: ClusterRecord, version: string): KnestError | undefined {
  const isOther = record.phase === 'Upgrading' && version !== record.spec.kubernetesVersion
  return isOther ? halfUpgraded(record) : undefined
}

/** What an apply would do, in the words of `kubectl apply`. */
export function describeChange(
  record: ClusterRecord,
  desired: ClusterSpec,
  steps: readonly Step[],
): ClusterChange {
  const { changes } = specChanges(record.spec, withHostDefaults(record.spec, desired))
  const acting = steps.filter(isActing)
  return { action: changes.length + acting.length === 0 ? 'unchanged' : 'configured', changes, steps: acting }
}
