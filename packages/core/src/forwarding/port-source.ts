import type { KindRef, KubeObject, LabelSelector } from '../contracts/kubernetes.js'
import type { PortOwnerKind } from '../contracts/ports.js'
import { KnestError } from '../errors.js'
import type { NamedPort, PortOwner } from './choose-port.js'
import {
  containerPorts,
  endpointsOfPods,
  endpointsOfSlices,
  type Endpoint,
  type PodSpecView,
} from './endpoints.js'

export const ownerKinds: Readonly<Record<PortOwnerKind, KindRef>> = {
  Service: { apiVersion: 'v1', kind: 'Service' },
  Pod: { apiVersion: 'v1', kind: 'Pod' },
  Deployment: { apiVersion: 'apps/v1', kind: 'Deployment' },
  StatefulSet: { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  DaemonSet: { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  ReplicaSet: { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
}

/** Which objects say where a port is served now, and how they say it. */
export interface PortSource {
  readonly kind: KindRef
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** What is awaited, as in `a pod of Service "web" to be ready`. */
  readonly awaited: string
  endpoints(objects: readonly KubeObject[]): readonly Endpoint[]
}

interface ServiceSpec {
  readonly type?: string
  readonly ports?: readonly {
    readonly port: number
    readonly name?: string
    readonly protocol?: string
    readonly appProtocol?: string
  }[]
}

/** What a Service, a workload or a pod says of its ports. Throws for a Service that is only a name. Pure. */
export function portOwner(owner: KubeObject): PortOwner {
  const subject = subjectOf(owner)
  if (owner.kind !== 'Service') {
    const { template } = (owner.spec ?? {}) as { readonly template?: { readonly spec?: PodSpecView } }
    const podSpec = owner.kind === 'Pod' ? (owner.spec as PodSpecView) : template?.spec
    return { subject, ports: containerPorts(podSpec ?? {}), mayServeOthers: true }
  }
  const { type, ports = [] } = owner.spec as ServiceSpec
  if (type === 'ExternalName')
    throw new KnestError('prerequisite', `${subject} is of type ExternalName: it is a name, and has no pods`)
  return {
    subject,
    ports: ports.map(({ port, ...more }) => ({ ...more, number: port })),
    mayServeOthers: false,
  }
}

/** Where the port is looked for. Pure. */
export function portSource(owner: KubeObject, port: NamedPort): PortSource {
  const { name } = owner.metadata
  const subject = subjectOf(owner)
  if (owner.kind === 'Service')
    return {
      kind: { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
      labelSelector: `kubernetes.io/service-name=${name}`,
      awaited: `a pod of ${subject} to be ready`,
      endpoints: (slices) => endpointsOfSlices(slices, port),
    }
  if (owner.kind === 'Pod')
    return {
      kind: ownerKinds.Pod,
      fieldSelector: `metadata.name=${name}`,
      awaited: `${subject} to run`,
      endpoints: (pods) => endpointsOfPods(pods, port, false),
    }
  const { selector } = (owner.spec ?? {}) as { readonly selector?: LabelSelector }
  return {
    kind: ownerKinds.Pod,
    labelSelector: selectorText(selector ?? {}),
    awaited: `a pod of ${subject} to be ready`,
    endpoints: (pods) => endpointsOfPods(pods, port, true),
  }
}

/** As in `Service "web"`. */
function subjectOf({ kind, metadata }: KubeObject): string {
  return `${kind} "${metadata.name}"`
}

function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const words: Readonly<Record<string, string>> = { In: 'in', NotIn: 'notin' }
  return [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values = [] }) => {
      if (operator === 'Exists') return key
      return operator === 'DoesNotExist' ? `!${key}` : `${key} ${words[operator] ?? ''} (${values.join(',')})`
    }),
  ].join(',')
}
