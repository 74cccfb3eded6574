import { clusterSelector, containersBeside, KnestError, labels, managedByKnest, ownedBy } from '@knest/core'
import type { ClusterRef, ClusterSpec, ContainerStatus, KindRef, KubeApi, KubeObject } from '@knest/core'
import { podState } from './pod-state.js'

const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }
const statefulSetKind: KindRef = { apiVersion: 'apps/v1', kind: 'StatefulSet' }
const timeoutMs = 120_000
const containerName = 'look'

/** What an image says of itself is in the list of the images it holds; the pod tells it as its last word. */
const script =
  "sed -n 's|.*/kube-apiserver:v||p' /usr/share/knest/store/images 2>/dev/null | head -n 1 >/dev/termination-log"

interface PodSpec {
  readonly imagePullSecrets?: readonly object[]
  readonly nodeSelector?: object
  readonly tolerations?: readonly object[]
}

/**
 * Which version of Kubernetes a node image holds: a pod without any right looks, and is removed. Undefined when
 * that pod may not be made or does not come to its end, and where patches choose the nodes' images.
 */
export async function imageVersion(
  api: KubeApi,
  cluster: ClusterRef & { readonly uid: string },
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (spec.hostPatches.some(({ patch }) => JSON.stringify(patch).includes('"image"'))) return undefined
  const { namespace } = cluster
  const pod = await lookingPod(api, cluster, spec.image, signal)
  const { name } = pod.metadata
  try {
    // One that a killed command has left is of another image.
    if (!(await removeOwn(api, cluster, name, signal))) return undefined
    await api.create(pod, { signal })
    const [ended] = await api.waitFor(
      podKind,
      { namespace, fieldSelector: `metadata.name=${name}` },
      (pods) => pods.some((each) => lastWord(each) !== undefined || podState(each, lookingIn(each)).hopeless),
      { timeoutMs, signal, awaited: `pod "${name}" to end`, describe: () => 'it runs' },
    )
    const said = ended === undefined ? undefined : lastWord(ended)
    return said === undefined || said === '' ? undefined : said
  } catch (error) {
    if (error instanceof KnestError && !signal.aborted) return undefined
    throw error
  } finally {
    await removeOwn(api, cluster, name, AbortSignal.timeout(10_000)).catch(() => undefined)
  }
}

/** False when a pod of that name is somebody else's. */
async function removeOwn(
  api: KubeApi,
  { namespace, uid: owner }: ClusterRef & { readonly uid: string },
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await api.get(podKind, name, namespace, signal)
  if (found === undefined) return true
  const { uid, ownerReferences = [] } = found.metadata
  if (uid === undefined || !ownerReferences.some((each) => each.uid === owner)) return false
  await api.delete(podKind, name, namespace, { signal, gracePeriodSeconds: 0, preconditions: { uid } })
  return true
}

/** It runs where the nodes may, and pulls as they do. */
async function lookingPod(
  api: KubeApi,
  { name, namespace, uid }: ClusterRef & { readonly uid: string },
  image: string,
  signal: AbortSignal,
): Promise<KubeObject> {
  const labelSelector = `${clusterSelector(name)},${labels.node}`
  const [set] = await api.list(statefulSetKind, { namespace, labelSelector, signal })
  const { template } = (set?.spec ?? {}) as { readonly template?: { readonly spec: PodSpec } }
  const { imagePullSecrets, nodeSelector, tolerations } = template?.spec ?? {}
  const placed = Object.entries({ imagePullSecrets, nodeSelector, tolerations })
  return {
    ...podKind,
    metadata: {
      name: `${name}-image-version`,
      namespace,
      labels: { [labels.cluster]: name, [labels.managedBy]: managedByKnest },
      ownerReferences: [ownedBy(name, uid)],
    },
    spec: {
      ...Object.fromEntries(placed.filter(([, value]) => value !== undefined)),
      restartPolicy: 'Never',
      activeDeadlineSeconds: timeoutMs / 1000,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: containerName,
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', script],
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  }
}

/** What its container wrote before it ended; undefined while it runs. */
function lastWord(pod: KubeObject): string | undefined {
  const terminated = lookingIn(pod)?.state?.terminated
  if (terminated === undefined) return undefined
  return terminated.exitCode === 0 ? (terminated.message ?? '').trim() : ''
}

/** Others may have added containers. */
function lookingIn(pod: KubeObject): ContainerStatus | undefined {
  return containersBeside(pod).find(({ name }) => name === containerName)
}
