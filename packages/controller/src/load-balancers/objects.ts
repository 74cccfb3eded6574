import { createHash } from 'node:crypto'
import { isMadeFor } from '@knest/core'
import type { ClusterRef, KindRef, KubeObject } from '@knest/core'

export const serviceKind: KindRef = { apiVersion: 'v1', kind: 'Service' }
export const endpointSliceKind: KindRef = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' }

/** What providers of load balancers keep a Service with until what they made for it is gone. */
export const cleanupFinalizer = 'service.kubernetes.io/load-balancer-cleanup'

/** A cluster with the uid of its object, which owns what is made for it. */
export interface OwnerCluster extends ClusterRef {
  readonly uid: string
}

export interface ServicePort {
  readonly name?: string
  readonly port: number
  readonly protocol?: string
  readonly appProtocol?: string
  readonly nodePort?: number
}

export interface ServiceSpec {
  readonly type?: string
  readonly ports?: readonly ServicePort[]
  readonly loadBalancerClass?: string
  readonly loadBalancerSourceRanges?: readonly string[]
  readonly externalTrafficPolicy?: string
  readonly sessionAffinity?: string
  readonly sessionAffinityConfig?: object
}

/** An entry of `status.loadBalancer.ingress`. */
export interface Ingress {
  readonly ip?: string
  readonly hostname?: string
  readonly ipMode?: string
  readonly ports?: readonly { readonly port: number; readonly protocol: string; readonly error?: string }[]
}

export function specOf({ spec }: KubeObject): ServiceSpec {
  return (spec ?? {}) as ServiceSpec
}

export function ingressOf({ status }: KubeObject): readonly Ingress[] {
  const { loadBalancer } = (status ?? {}) as { readonly loadBalancer?: { readonly ingress?: Ingress[] } }
  return loadBalancer?.ingress ?? []
}

export function isLocal(service: KubeObject): boolean {
  return specOf(service).externalTrafficPolicy === 'Local'
}

/** Whether nobody else is asked to serve it. */
export function isForUs(service: KubeObject): boolean {
  const { type, loadBalancerClass } = specOf(service)
  return type === 'LoadBalancer' && loadBalancerClass === undefined
}

const serviceNameAnnotation = 'knest.dev/service'
const serviceUidAnnotation = 'knest.dev/service-uid'

/** What a host Service says of the nested Service that it stands for. */
export function marksOf({
  metadata: { name, namespace = '', uid = '' },
}: KubeObject): Record<string, string> {
  return { [serviceNameAnnotation]: `${namespace}/${name}`, [serviceUidAnnotation]: uid }
}

export interface NestedRef {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** The nested Service that a host Service stands for. */
export function nestedOf({ metadata: { annotations = {} } }: KubeObject): NestedRef {
  const [namespace = '', name = ''] = (annotations[serviceNameAnnotation] ?? '').split('/')
  return { namespace, name, uid: annotations[serviceUidAnnotation] ?? '' }
}

/** Made for this very cluster, and not for one of its name that is gone. */
export function isOwn(cluster: OwnerCluster, object: KubeObject): boolean {
  const { ownerReferences = [] } = object.metadata
  return isMadeFor(cluster, object) && ownerReferences.some(({ uid }) => uid === cluster.uid)
}

/** Short, and another one for a Service that is made anew. */
export function idOf({ metadata }: KubeObject): string {
  return createHash('sha256')
    .update(metadata.uid ?? '')
    .digest('hex')
    .slice(0, 10)
}

const localPrefix = 'knest.dev/lb-'

/** Label of pods whose nodes have endpoints of a Service that is served locally. */
export function localLabel(service: KubeObject): string {
  return `${localPrefix}${idOf(service)}`
}

export function isLocalLabel(label: string): boolean {
  return label.startsWith(localPrefix)
}
