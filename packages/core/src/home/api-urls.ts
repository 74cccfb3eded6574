import { connect } from 'node:net'
import type { ClusterRecord, ServiceType } from '../contracts/cluster.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { objectNames } from '../names.js'
import { anySignal } from '../signals.js'
import { inUrl } from '../url-host.js'
import { ipFamily } from '../values/index.js'

const serviceKind: KindRef = { apiVersion: 'v1', kind: 'Service' }
const nodeKind: KindRef = { apiVersion: 'v1', kind: 'Node' }
const kubeletPort = 10250

interface ServiceView {
  readonly spec: { readonly clusterIP?: string; readonly ports?: readonly { readonly nodePort?: number }[] }
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { ip?: string; hostname?: string }[] }
  }
}

/** Where the API Service may be reached from outside, best first. */
export async function apiUrls(
  api: KubeApi,
  record: ClusterRecord,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = await api.get(serviceKind, objectNames.apiService(record.name), record.namespace, signal)
  return found === undefined ? [] : urlsOf(api, found, signal)
}

/** Of the API Service as it is. */
export async function urlsOf(
  api: KubeApi,
  service: KubeObject,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { spec, status } = service as unknown as ServiceView
  const balancers = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? [])
  const nodePort = spec.ports?.[0]?.nodePort
  const nodes = nodePort === undefined ? [] : await nodeAddresses(api, signal)
  return [
    ...balancers.map((host) => `https://${inUrl(host)}:6443`),
    ...nodes.map((host) => `https://${inUrl(host)}:${nodePort ?? 0}`),
    ...(spec.clusterIP === undefined ? [] : [`https://${inUrl(spec.clusterIP)}:6443`]),
  ]
}

async function nodeAddresses(api: KubeApi, signal: AbortSignal): Promise<readonly string[]> {
  // A few suffice: any node forwards a NodePort.
  const nodes = await api.list(nodeKind, { limit: 5, signal }).catch(() => [])
  return nodes.slice(0, 5).flatMap(addressesOf)
}

/** Where a host node is reached, internal addresses first. Pure. */
export function addressesOf(node: KubeObject): readonly string[] {
  const status = node.status as { addresses?: readonly { type: string; address: string }[] } | undefined
  const of = (type: string): readonly string[] =>
    // A node that is coming up may have an empty one; one with a zone is nobody else's.
    (status?.addresses ?? [])
      .filter(({ type: its, address }) => its === type && ipFamily(address) !== 0)
      .map(({ address }) => address)
  return [...of('InternalIP'), ...of('ExternalIP')]
}

/** NodePort when this machine reaches a host node (its kubelet answers), else ClusterIP and port-forward. */
export async function chooseServiceType(api: KubeApi, signal: AbortSignal): Promise<ServiceType> {
  const addresses = await nodeAddresses(api, signal)
  const reached = await Promise.all(addresses.map((host) => canConnect(host, kubeletPort, signal)))
  return reached.includes(true) ? 'NodePort' : 'ClusterIP'
}

/** True when a TCP connection opens within a second. */
export function canConnect(
  host: string,
  port: number,
  signal: AbortSignal,
  timeoutMs = 1000,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal: anySignal(signal, AbortSignal.timeout(timeoutMs)) })
    const end = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}
