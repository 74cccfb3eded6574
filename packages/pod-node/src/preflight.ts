import { imageProblems, KnestError, rightsProblems, storageProblems } from '@knest/core'
import type { ClusterSpec, KubeApi, KubeObject, Problem } from '@knest/core'
import { sharedStorageProblems } from './shared-storage.js'

/** Everything that would keep node pods from running, found without changing anything. */
export async function preflight(
  api: KubeApi,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const found = await Promise.all([
    rightsProblems(api, needed, signal),
    admission(api, spec, signal),
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

/** Policies show themselves in a dry run; Pod Security does too, but knest labels its own namespace. */
async function admission(api: KubeApi, spec: ClusterSpec, signal: AbortSignal): Promise<readonly Problem[]> {
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'knest-preflight', namespace: 'default' },
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
    return [
      {
        severity: 'error',
        message: `the host does not admit privileged pods: ${error.message}`,
        hint: 'allow privileged pods for the namespace of the cluster in your admission policy',
      },
    ]
  }
}
