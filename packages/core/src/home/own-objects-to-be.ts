import type { ClusterRef, ClusterSpec } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { objectNames } from '../names.js'
import { desiredNodes } from '../plan/desired-nodes.js'
import { clusterLock, leaseObject } from './lock.js'
import { namespaceObject } from './namespace.js'
import { recordObject } from './record.js'
import { secret } from './secrets.js'
import { apiService, identityService, nodesService, type ServiceOwner } from './services.js'

/** What is made for a cluster besides its nodes, with nothing secret in it: for a dry run. */
export function ownObjectsToBe(ref: ClusterRef, spec: ClusterSpec): readonly KubeObject[] {
  const owner: ServiceOwner = { ...ref, uid: '00000000-0000-0000-0000-000000000000', spec, phase: 'Creating' }
  const controlPlanes = desiredNodes(ref, spec, []).filter(({ role }) => role === 'control-plane')
  const { pkiSecret, kubeconfigSecret } = objectNames
  return [
    namespaceObject(ref),
    recordObject(ref, spec),
    leaseObject(clusterLock(ref), 'preflight'),
    apiService(owner),
    nodesService(owner),
    ...controlPlanes.map(({ name }) => identityService(owner, name)),
    ...[pkiSecret, kubeconfigSecret].map((nameOf) => secret(owner, nameOf(ref.name), {})),
  ]
}
