import { KnestError, labels } from '@knest/core'
import type { ClusterSpec, KindRef, KubeApi, KubeObject, Problem } from '@knest/core'

const nodeKind: KindRef = { apiVersion: 'v1', kind: 'Node' }
const storageClassKind: KindRef = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' }

/** Everything that would keep node pods from running, found without changing anything. */
export async function preflight(
  api: KubeApi,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const found = await Promise.all([
    rights(api, signal),
    admission(api, spec, signal),
    nodeImage(api, spec, signal),
    storage(api, spec, signal),
  ])
  return found.flat()
}

/** Rights that creating nodes needs anywhere; the namespace may not exist yet. */
async function rights(api: KubeApi, signal: AbortSignal): Promise<readonly Problem[]> {
  const needed = [
    { verb: 'create', group: 'apps', resource: 'statefulsets' },
    { verb: 'create', resource: 'services' },
    { verb: 'create', resource: 'secrets' },
    { verb: 'create', group: 'coordination.k8s.io', resource: 'leases' },
    { verb: 'create', group: 'knest.dev', resource: 'nestedclusters' },
    { verb: 'create', resource: 'pods', subresource: 'exec' },
    { verb: 'create', resource: 'pods', subresource: 'portforward' },
  ]
  const allowed = await Promise.all(needed.map((access) => api.canI(access, signal)))
  return needed
    .filter((_, index) => allowed[index] === false)
    .map(({ verb, resource, subresource }) => ({
      severity: 'error' as const,
      message: `you may not ${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`} on the host (${api.description})`,
      hint: 'ask for a role with these rights, or choose another --context',
    }))
}

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

/** Images without a registry must be on the nodes already; the host lists those it has. */
async function nodeImage(api: KubeApi, spec: ClusterSpec, signal: AbortSignal): Promise<readonly Problem[]> {
  if (!spec.image.startsWith('localhost/')) return []
  const nodes = await api.list(nodeKind, { signal }).catch(() => undefined)
  // kubelet lists 50 images by default: with more, absence proves nothing.
  if (nodes === undefined || nodes.some((node) => imagesOf(node).length >= 50)) return []
  const having = nodes.filter((node) => imagesOf(node).includes(spec.image))
  if (having.length > 0 || nodes.length === 0) return []
  return [
    {
      severity: 'error',
      message: `no node of the host has the image "${spec.image}"`,
      hint: `load it (embedded host: knest host load ${spec.image}; others: push it to a registry) or choose another with --image`,
    },
  ]
}

function imagesOf(node: KubeObject): readonly string[] {
  const status = node.status as { images?: readonly { names?: readonly string[] }[] } | undefined
  const listed = (status?.images ?? []).flatMap(({ names }) => names ?? [])
  return [...listed, ...loadedImages(node)]
}

async function storage(api: KubeApi, spec: ClusterSpec, signal: AbortSignal): Promise<readonly Problem[]> {
  const { enabled, storageClass } = spec.persistence
  if (!enabled) return []
  const classes = await api.list(storageClassKind, { signal })
  const names = classes.map(({ metadata }) => metadata.name)
  if (storageClass !== undefined) {
    if (names.includes(storageClass)) return []
    return [
      {
        severity: 'error',
        message: `the host has no StorageClass "${storageClass}"`,
        hint: `choose one of ${names.join(', ') || 'none: install a storage provisioner first'}`,
      },
    ]
  }
  const isDefault = ({ metadata }: KubeObject): boolean =>
    metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
  if (classes.some(isDefault)) return []
  return [
    {
      severity: 'error',
      message: 'a persistent cluster needs a default StorageClass, and the host has none',
      hint: `name one with --storage-class (the host has ${names.join(', ') || 'none'})`,
    },
  ]
}

/** What \`knest host load\` noted: the node itself lists a new image only after half a minute. */
function loadedImages(node: KubeObject): readonly string[] {
  return (node.metadata.annotations?.[labels.images] ?? '').split(',').filter((name) => name !== '')
}
