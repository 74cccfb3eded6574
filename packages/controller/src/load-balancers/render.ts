import { labels, managedByKnest, ownedBy } from '@knest/core'
import type { KubeObject } from '@knest/core'
import { idOf, isLocal, localLabel, marksOf, serviceKind, specOf } from './objects.js'
import type { OwnerCluster, ServicePort } from './objects.js'

/** A Service is a DNS-1035 label. */
const longestName = 63

/**
 * The host Service that brings traffic to the nodes of a cluster, at the node ports of a Service in it. `found`: the
 * one that is there, whose type and node ports stay. Pure.
 */
export function hostService(
  cluster: OwnerCluster,
  service: KubeObject,
  found: KubeObject | undefined,
): KubeObject {
  const { ports = [], sessionAffinity, sessionAffinityConfig, loadBalancerSourceRanges } = specOf(service)
  const had = found === undefined ? undefined : specOf(found)
  return {
    ...serviceKind,
    metadata: {
      name: found?.metadata.name ?? nameFor(cluster, service),
      namespace: cluster.namespace,
      labels: {
        [labels.cluster]: cluster.name,
        [labels.managedBy]: managedByKnest,
        [labels.loadBalancer]: idOf(service),
      },
      annotations: marksOf(service),
      ownerReferences: [ownedBy(cluster.name, cluster.uid)],
    },
    spec: {
      type: had?.type ?? 'LoadBalancer',
      selector: {
        [labels.cluster]: cluster.name,
        ...(isLocal(service) && { [localLabel(service)]: 'true' }),
      },
      externalTrafficPolicy: isLocal(service) ? 'Local' : 'Cluster',
      ports: ports.map((port) => portOf(port, had?.ports ?? [])),
      sessionAffinity: sessionAffinity ?? 'None',
      ...(sessionAffinity === 'ClientIP' && sessionAffinityConfig !== undefined && { sessionAffinityConfig }),
      ...(loadBalancerSourceRanges !== undefined && { loadBalancerSourceRanges }),
    },
  }
}

/** The host chooses every node port itself: for one that has other ones, or has given this one away. Pure. */
export function withoutNodePorts(service: KubeObject): KubeObject {
  const ports = (specOf(service).ports ?? []).map((port) => ({ ...port, nodePort: undefined }))
  return { ...service, spec: { ...service.spec, ports } as object }
}

/** Where a host has no load balancer, people see the nested node port: the host has the same if it is free. */
function portOf(
  { name, port, protocol = 'TCP', appProtocol, nodePort }: ServicePort,
  had: readonly ServicePort[],
) {
  const before = had.find((each) => each.port === port && (each.protocol ?? 'TCP') === protocol)
  const wanted = before?.nodePort ?? (had.some((each) => each.nodePort === nodePort) ? undefined : nodePort)
  return {
    ...(name !== undefined && { name }),
    ...(appProtocol !== undefined && { appProtocol }),
    ...{ port, protocol, targetPort: nodePort },
    ...(wanted !== undefined && { nodePort: wanted }),
  }
}

function nameFor({ name }: OwnerCluster, service: KubeObject): string {
  const [begin, end] = [`${name}-lb-`, `-${idOf(service)}`]
  return `${begin}${service.metadata.name.slice(0, longestName - begin.length - end.length)}${end}`
}
