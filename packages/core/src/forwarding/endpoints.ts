import type { KubeObject } from '../contracts/kubernetes.js'
import { isReady } from '../nested-api/conditions.js'
import type { NamedPort } from './choose-port.js'

/** A pod, and its port that is meant. */
export interface Endpoint {
  readonly namespace: string
  readonly pod: string
  readonly port: number
}

interface SliceView {
  readonly endpoints?: readonly {
    readonly conditions?: { readonly ready?: boolean }
    readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string }
  }[]
  readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[]
}

interface ContainerView {
  readonly restartPolicy?: string
  readonly ports?: readonly {
    readonly containerPort: number
    readonly name?: string
    readonly protocol?: string
  }[]
}

export interface PodSpecView {
  readonly containers?: readonly ContainerView[]
  readonly initContainers?: readonly ContainerView[]
}

/** The ready pods behind a port of a Service, which its EndpointSlices name; what is no pod is left out. Pure. */
export function endpointsOfSlices(
  slices: readonly KubeObject[],
  { name = '' }: NamedPort,
): readonly Endpoint[] {
  return slices.flatMap((slice) => {
    const { endpoints, ports } = slice as unknown as SliceView
    const port = ports?.find((each) => (each.name ?? '') === name && (each.protocol ?? 'TCP') === 'TCP')?.port
    if (port === undefined) return []
    return (endpoints ?? []).flatMap(({ conditions, targetRef }) =>
      conditions?.ready !== false && targetRef?.kind === 'Pod' && targetRef.name !== undefined
        ? [{ pod: targetRef.name, namespace: targetRef.namespace ?? slice.metadata.namespace ?? '', port }]
        : [],
    )
  })
}

/** The pods that serve a port of their own; `needsReady` is false where one was named, as for kubectl. Pure. */
export function endpointsOfPods(
  pods: readonly KubeObject[],
  { number, name }: NamedPort,
  needsReady: boolean,
): readonly Endpoint[] {
  return pods.flatMap((pod) => {
    const { metadata, spec } = pod
    if (metadata.deletionTimestamp !== undefined || !isUp(pod, needsReady)) return []
    const declared = containerPorts((spec ?? {}) as PodSpecView)
    // Another pod of a rollout may have another number for it.
    const port = name === undefined ? number : (declared.find((each) => each.name === name)?.number ?? number)
    return [{ pod: metadata.name, namespace: metadata.namespace ?? '', port }]
  })
}

/** All ports that containers declare which run as long as the pod does. Pure. */
export function containerPorts({ containers = [], initContainers = [] }: PodSpecView): readonly NamedPort[] {
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...containers, ...sidecars].flatMap(({ ports = [] }) =>
    ports.map(({ containerPort, name, protocol }) => ({ number: containerPort, name, protocol })),
  )
}

function isUp(pod: KubeObject, needsReady: boolean): boolean {
  const { phase } = (pod.status ?? {}) as { readonly phase?: string }
  return phase === 'Running' && (!needsReady || isReady(pod))
}
