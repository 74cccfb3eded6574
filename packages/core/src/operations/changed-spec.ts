import type { ClusterRecord, ClusterSpec } from '../contracts/cluster.js'
import type { ClusterChange } from '../contracts/clusters.js'
import { PreflightError } from '../errors.js'
import { isActing } from '../plan/step.js'
import type { Step } from '../plan/step.js'
import { specChanges } from '../spec/changes.js'

/** What the host decided at first (MTU, tunnel port, kind of Service) is no difference. */
export function decidedLike(recorded: ClusterSpec, wish: ClusterSpec): ClusterSpec {
  return {
    ...wish,
    endpoint: wish.endpoint.serviceType === 'auto' ? recorded.endpoint : wish.endpoint,
    network: { ...wish.network, mtu: recorded.network.mtu, vxlanPort: recorded.network.vxlanPort },
    persistence: { hostClusterCni: recorded.persistence.hostClusterCni, ...wish.persistence },
  }
}

/** The record's next spec. Throws PreflightError (`config`) with all that cannot change. */
export function changedSpec(record: ClusterRecord, wish: ClusterSpec): ClusterSpec {
  const decided = decidedLike(record.spec, wish)
  const { refusals } = specChanges(record.spec, decided)
  if (refusals.length > 0) throw new PreflightError('config', refusals)
  return decided
}

/** What an apply would do, in the words of `kubectl apply`. */
export function describeChange(
  record: ClusterRecord,
  wish: ClusterSpec,
  steps: readonly Step[],
): ClusterChange {
  const { changes } = specChanges(record.spec, decidedLike(record.spec, wish))
  const acting = steps.filter(isActing)
  return { action: changes.length + acting.length === 0 ? 'unchanged' : 'configured', changes, steps: acting }
}
