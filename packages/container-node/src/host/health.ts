import { anySignal } from '@knest/core'
import type { KindRef, KubeApi, KubeObject } from '@knest/core'
import { imagesAnnotation } from './images.js'
import type { HostAccess } from '../home/access.js'
import { getJson } from './kubeconfig.js'

const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }
const leaseKind: KindRef = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }
const dnsPods = 'k8s-app=kube-dns'
const leases = 'kube-node-lease'

/** Undefined when the host is healthy and completely set up; else why not. */
export async function hostFault(
  access: HostAccess,
  node: string,
  startedAt: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const bounded = anySignal(signal, AbortSignal.timeout(5_000))
  try {
    const get = (path: string): Promise<unknown> => getJson(access, path, bounded)
    const [object, lease, dns] = (await Promise.all([
      get(`/api/v1/nodes/${node}`),
      get(`/apis/coordination.k8s.io/v1/namespaces/${leases}/leases/${node}`),
      get(`/api/v1/namespaces/kube-system/pods?labelSelector=${encodeURIComponent(dnsPods)}`),
    ])) as readonly [
      KubeObject | undefined,
      KubeObject | undefined,
      { items?: readonly KubeObject[] } | undefined,
    ]
    if (object === undefined) return `node "${node}" has not registered`
    if (lease === undefined || !renewedSince(lease, startedAt))
      return 'its kubelet has not reported since it was started'
    if (!isReady(object)) return `node "${node}" is not Ready`
    if (object.metadata.annotations?.[imagesAnnotation] === undefined) return 'it is not set up completely'
    return dns?.items?.some((pod) => readySince(pod, startedAt)) === true ? undefined : 'CoreDNS is not ready'
  } catch (error) {
    signal.throwIfAborted()
    return error instanceof Error ? error.message : String(error)
  }
}

/** After a restart the Node object tells the past: only a lease renewed since then tells of now. */
export async function awaitKubelet(
  api: KubeApi,
  node: string,
  startedAt: string,
  signal: AbortSignal,
): Promise<void> {
  const selector = { namespace: leases, fieldSelector: `metadata.name=${node}` }
  await api.waitFor(leaseKind, selector, (found) => found.some((lease) => renewedSince(lease, startedAt)), {
    timeoutMs: 120_000,
    signal,
    awaited: `the kubelet of "${node}" to report`,
    describe: (found) => (found.length === 0 ? 'no lease yet' : 'no report since it was started'),
  })
}

/** Likewise the Deployment of CoreDNS is Available from before: one of its pods must have become ready since. */
export async function awaitDns(
  api: Pick<KubeApi, 'waitFor'>,
  startedAt: string,
  signal: AbortSignal,
): Promise<void> {
  const selector = { namespace: 'kube-system', labelSelector: dnsPods }
  await api.waitFor(podKind, selector, (pods) => pods.some((pod) => readySince(pod, startedAt)), {
    timeoutMs: 120_000,
    signal,
    awaited: 'CoreDNS to be ready',
    describe: (pods) => `${pods.length} pods, none ready since the node was started`,
  })
}

interface ContainerStatus {
  readonly ready: boolean
  readonly state?: { readonly running?: { readonly startedAt?: string } }
}

function readySince(pod: KubeObject, startedAt: string): boolean {
  const status = pod.status as { containerStatuses?: readonly ContainerStatus[] } | undefined
  const started = Math.floor((Date.parse(startedAt) || 0) / 1000) * 1000
  const [container] = status?.containerStatuses ?? []
  return container?.ready === true && Date.parse(container.state?.running?.startedAt ?? '') >= started
}

function renewedSince(lease: KubeObject, startedAt: string): boolean {
  const renewed = Date.parse((lease.spec as { renewTime?: string } | undefined)?.renewTime ?? '')
  const started = Date.parse(startedAt)
  return Number.isNaN(started) || renewed >= started
}

function isReady(node: KubeObject): boolean {
  const status = node.status as { conditions?: readonly { type: string; status: string }[] } | undefined
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false
}
