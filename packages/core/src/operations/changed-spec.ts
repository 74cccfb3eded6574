import type { ClusterRecord, ClusterSpec } from '../contracts/cluster.js'
import type { ClusterChange } from '../contracts/clusters.js'
import { PreflightError } from '../errors.js'
import { isActing } from '../plan/step.js'
import type { Step } from '../plan/step.js'
import { specChanges } from '../spec/changes.js'

/** Carries over what was derived from the host (MTU, tunnel port, type of Service): it is no change. */
export function withHostDefaults(recorded: ClusterSpec, desired: ClusterSpec): ClusterSpec {
  return {
    ...desired,
    endpoint: desired.endpoint.serviceType === 'auto' ? recorded.endpoint : desired.endpoint,
    network: { ...desired.network, mtu: recorded.network.mtu, vxlanPort: recorded.network.vxlanPort },
    persistence: { hostClusterCni: recorded.persistence.hostClusterCni, ...desired.persistence },
  }
}

/** The record's next spec. Throws PreflightError (`config`) with all that cannot change. */
export function changedSpec(record: ClusterRecord, desired: ClusterSpec): ClusterSpec {
  const decided = withHostDefaults(record.spec, desired)
  const { refusals } = specChanges(record.spec, decided)
  if (refusals.length > 0) throw new PreflightError('config', refusals)
  return decided
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
