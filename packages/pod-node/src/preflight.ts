import { addedNodes, imageProblems, rightsProblems, storageProblems } from '@knest/core'
import type { ClusterRef, ClusterSpec, ExistingNode, KubeApi, KubeObject, Problem } from '@knest/core'
import { nodeStatefulSet } from './manifest.js'
import { sharedStorageProblems } from './shared-storage.js'

/** Everything that would keep node pods from running, found without changing anything. */
export async function preflight(
  api: KubeApi,
  cluster: ClusterRef,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const found = await Promise.all([
    rightsProblems(api, cluster, needed, signal),
    imageProblems(api, spec.image, '--image', signal),
    storageProblems(api, spec, signal),
    sharedStorageProblems(api, spec, signal),
  ])
  return found.flat()
}

/** What creating node pods needs. */
const needed = [
  { verb: 'create', group: 'apps', resource: 'statefulsets' },
  { verb: 'create', resource: 'services' },
  { verb: 'create', resource: 'secrets' },
  { verb: 'create', group: 'coordination.k8s.io', resource: 'leases' },
  { verb: 'create', group: 'knest.dev', resource: 'nestedclusters' },
  { verb: 'create', resource: 'pods', subresource: 'exec' },
  { verb: 'create', resource: 'pods', subresource: 'portforward' },
] as const

/** The StatefulSets of the nodes that are not there yet, with what is known of them before anything is made. */
export function podNodeObjects(
  cluster: ClusterRef,
  spec: ClusterSpec,
  existing: readonly ExistingNode[] = [],
): readonly KubeObject[] {
  const nodes = addedNodes(cluster, spec, existing).filter(({ backend }) => backend === 'pod')
  return nodes.map(({ name, role, pool, machine, hostPod }) =>
    nodeStatefulSet({
      cluster,
      clusterUid: '00000000-0000-0000-0000-000000000000',
      name,
      role,
      pool,
      image: spec.image,
      machine,
      identity: role === 'control-plane' ? documentation : undefined,
      hosts: [{ ip: documentation, name: `preflight.${cluster.namespace}.svc` }],
      reservation: undefined,
      persistent: spec.persistence.enabled,
      storageClass: spec.persistence.storageClass,
      hostPatches: spec.hostPatches,
      hostPod,
    }),
  )
}

/** Nobody's address, RFC 5737. */
const documentation = '192.0.2.1'
