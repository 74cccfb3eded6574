import {
  desiredNodes,
  imageProblems,
  KnestError,
  rightsProblems,
  storageProblems,
  takenNames,
  takenProblems,
} from '@knest/core'
import type { ClusterRef, ClusterSpec, KubeApi, KubeObject, Problem } from '@knest/core'
import { claimName } from './manifest.js'
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
    nameProblems(api, cluster, spec, signal),
    admission(api, cluster, spec, signal),
    imageProblems(api, spec.image, '--image', signal),
    storageProblems(api, spec, signal),
    sharedStorageProblems(api, spec, signal),
  ])
  return found.flat()
}

const namespaceKind = { apiVersion: 'v1', kind: 'Namespace' }

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

/** What of the names of the nodes' objects is taken by others. */
async function nameProblems(
  api: KubeApi,
  cluster: ClusterRef,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const nodes = desiredNodes(cluster, spec, []).filter(({ backend }) => backend === 'pod')
  const objects = nodes.flatMap(({ name }) => [
    { apiVersion: 'apps/v1', kind: 'StatefulSet', name },
    ...(spec.persistence.enabled
      ? [{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: claimName(name) }]
      : []),
  ])
  return takenProblems(cluster, await takenNames(api, cluster, objects, signal))
}

/**
 * Policies show themselves in a dry run, in the cluster's namespace where it exists. In another one they may differ,
 * and Pod Security does: knest labels a namespace that it makes.
 */
async function admission(
  api: KubeApi,
  { namespace }: ClusterRef,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const exists = (await api.get(namespaceKind, namespace, undefined, signal)) !== undefined
  const place = exists ? namespace : 'default'
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'knest-preflight', namespace: place },
    spec: {
      automountServiceAccountToken: false,
      containers: [{ name: 'node', image: spec.image, securityContext: { privileged: true } }],
    },
  }
  try {
    await api.create(pod, { signal, dryRun: true })
    return []
  } catch (error) {
    if (!(error instanceof KnestError) || error.code === 'host-unreachable') throw error
    if (error.code === 'already-exists' || error.message.includes('PodSecurity')) return []
    // StatefulSets make the pods, and need no right of ours.
    if (!exists && error.code === 'not-permitted' && error.message.includes('cannot create')) return []
    return [
      exists
        ? {
            severity: 'error',
            message: `namespace "${place}" does not admit privileged pods: ${error.message}`,
            hint: 'allow them there in the admission policy, or choose another namespace with -n',
          }
        : {
            severity: 'warning',
            message: `namespace "default" does not admit privileged pods, and "${namespace}" may not either: ${error.message}`,
            hint: `allow them for "${namespace}" in the admission policy if the nodes do not start`,
          },
    ]
  }
}
