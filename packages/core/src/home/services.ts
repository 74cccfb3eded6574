import type { ClusterAddresses } from '../contracts/cluster-home.js'
import type { ClusterRecord, ClusterRef } from '../contracts/cluster.js'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { hostsIn } from '../pki/served-names.js'
import { labels, managedByKnest } from '../labels.js'
import { controlPlanePool, maxControlPlanes, nodeName, objectNames } from '../names.js'
import { applyOwn } from '../ownership.js'
import { urlsOf } from './api-urls.js'
import { keptOwners } from './record.js'

const apiPort = { name: 'https', port: 6443, targetPort: 6443, protocol: 'TCP' }

/** What the Services of a cluster depend on. */
export type ServiceOwner = Pick<ClusterRecord, 'name' | 'namespace' | 'uid' | 'spec' | 'phase'>

function service(
  record: ServiceOwner,
  name: string,
  selector: Record<string, string>,
  spec: Record<string, unknown>,
  extraLabels: Record<string, string> = {},
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: record.namespace,
      labels: { [labels.cluster]: record.name, [labels.managedBy]: managedByKnest, ...extraLabels },
      ownerReferences: keptOwners(record),
    },
    spec: { selector: { [labels.cluster]: record.name, ...selector }, ...spec },
  }
}

/** The way to the API from everywhere: control planes whose API server answers. */
export function apiService(record: ServiceOwner): KubeObject {
  return service(
    record,
    objectNames.apiService(record.name),
    { [labels.role]: 'control-plane' },
    {
      type: record.spec.endpoint.serviceType,
      ports: [apiPort],
      // The first nodes join before the host has noticed that the API server is ready. And a pod is not ready with a
      // container of others that is sick: where there is one control plane, there is nobody else to send clients to.
      publishNotReadyAddresses: record.phase === 'Creating' || record.spec.controlPlane.count === 1,
    },
  )
}

/** Gives every node a DNS name of its own, also while it is not ready. */
export function nodesService(record: ServiceOwner): KubeObject {
  const spec = { clusterIP: 'None', publishNotReadyAddresses: true, ports: [apiPort] }
  return service(record, objectNames.nodesService(record.name), {}, spec)
}

/** A control plane's address for ever; the node carries the ClusterIP on `lo`. */
export function identityService(record: ServiceOwner, node: string): KubeObject {
  const ports = [
    apiPort,
    { name: 'etcd-client', port: 2379, targetPort: 2379, protocol: 'TCP' },
    { name: 'etcd-peer', port: 2380, targetPort: 2380, protocol: 'TCP' },
  ]
  return service(
    record,
    node,
    { [labels.node]: node },
    { type: 'ClusterIP', publishNotReadyAddresses: true, ports },
    { [labels.node]: node },
  )
}

/** Applies the Services and gives the addresses the host chose. */
export async function ensureServices(
  api: KubeApi,
  record: ClusterRecord,
  controlPlaneNodes: readonly string[],
  signal: AbortSignal,
): Promise<ClusterAddresses> {
  const [[apiObject, urls], , ...identityObjects] = await Promise.all([
    applyOwn(api, apiService(record), { signal }).then(
      async (service) => [service, await urlsOf(api, service, signal)] as const,
    ),
    applyOwn(api, nodesService(record), { signal }),
    ...controlPlaneNodes.map((node) => applyOwn(api, identityService(record, node), { signal })),
  ])
  return serviceAddresses(
    record,
    clusterIp(apiObject),
    new Map(controlPlaneNodes.map((node, i) => [node, clusterIp(identityObjects[i])])),
    hostsIn(urls),
  )
}

/**
 * What follows from the addresses that the host chose for the API's Service and the identities. `reachedBy`: hosts of
 * the URLs that clients outside have.
 */
export function serviceAddresses(
  ref: ClusterRef,
  apiAddress: string,
  identities: ReadonlyMap<string, string>,
  reachedBy: readonly string[] = [],
): ClusterAddresses {
  const { namespace, name } = ref
  const apiName = `${objectNames.apiService(name)}.${namespace}.svc`
  return {
    controlPlaneEndpoint: `${apiName}:6443`,
    identities,
    certificateNames: [
      ...new Set([
        objectNames.apiService(name),
        `${objectNames.apiService(name)}.${namespace}`,
        apiName,
        apiAddress,
        ...reachedBy,
      ]),
    ],
    peerNames: peerNames(ref),
    hosts: [{ ip: apiAddress, name: apiName }],
  }
}

/** Every control plane the cluster may ever have, so that no certificate changes when it grows. */
function peerNames({ name, namespace }: ClusterRef): readonly string[] {
  const suffix = `${objectNames.nodesService(name)}.${namespace}.svc`
  return Array.from({ length: maxControlPlanes }, (_, index) =>
    nodeName(name, controlPlanePool, index),
  ).flatMap(
    // A pod is called after its StatefulSet with an ordinal, a VM like the node itself.
    (node) => [`${node}-0.${suffix}`, `${node}.${suffix}`],
  )
}

function clusterIp(object: KubeObject | undefined): string {
  const ip = (object?.spec as { clusterIP?: string } | undefined)?.clusterIP
  if (ip === undefined || ip === '')
    throw new Error(`Service ${object?.metadata.name ?? ''} has no ClusterIP`)
  return ip
}
