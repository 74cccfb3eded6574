import type { ClusterRef, ClusterSpec, ExistingNode } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { objectNames } from '../names.js'
import { addedNodes } from '../plan/desired-nodes.js'
import { clusterLock, leaseObject } from './lock.js'
import { namespaceObject } from './namespace.js'
import { recordObject } from './record.js'
import { secret } from './secrets.js'
import { apiService, identityService, nodesService, type ServiceOwner } from './services.js'

/**
 * What is made for a cluster besides its nodes, with nothing secret in it: for a dry run. With `existing`, only what
 * is made when others join those nodes.
 */
export function ownObjectsToBe(
  ref: ClusterRef,
  spec: ClusterSpec,
  existing?: readonly ExistingNode[],
): readonly KubeObject[] {
  const owner: ServiceOwner = { ...ref, uid: '00000000-0000-0000-0000-000000000000', spec, phase: 'Creating' }
  const identities = addedNodes(ref, spec, existing ?? [])
    .filter(({ role }) => role === 'control-plane')
    .map(({ name }) => identityService(owner, name))
  if (existing !== undefined) return identities
  const { pkiSecret, kubeconfigSecret } = objectNames
  return [
    namespaceObject(ref),
    recordObject(ref, spec),
    leaseObject(clusterLock(ref), 'preflight'),
    apiService(owner),
    nodesService(owner),
    ...identities,
    ...[pkiSecret, kubeconfigSecret].map((nameOf) => secret(owner, nameOf(ref.name), {})),
  ]
}
