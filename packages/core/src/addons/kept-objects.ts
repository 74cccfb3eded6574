import type { ClusterSpec } from '../contracts/cluster.js'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { dnsObjects } from './objects.js'

const namespace = 'kube-system'
const name = 'coredns'
const configMap = { apiVersion: 'v1', kind: 'ConfigMap' }
const deployment = { apiVersion: 'apps/v1', kind: 'Deployment' }

/**
 * DNS of the version in `spec`, for a cluster that has DNS: its Corefile and the number of its replicas stay.
 * Undefined when it has none: as kubeadm does, a cluster without the ConfigMap is taken to bring its own.
 */
export async function upgradedDnsObjects(
  api: KubeApi,
  spec: ClusterSpec,
  signal: AbortSignal,
): Promise<readonly KubeObject[] | undefined> {
  const [corefile, found] = await Promise.all([
    api.get(configMap, name, namespace, signal),
    api.get(deployment, name, namespace, signal),
  ])
  if (corefile === undefined) return undefined
  const { replicas } = (found?.spec ?? {}) as { replicas?: number }
  return dnsObjects(spec, replicas).filter((object) => !isCorefile(object))
}

/** The same objects without a Corefile, where the cluster has one: it may be its user's by now. */
export async function withoutKeptCorefile(
  api: KubeApi,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  if (!objects.some(isCorefile)) return objects
  const found = await api.get(configMap, name, namespace, signal)
  return found === undefined ? objects : objects.filter((object) => !isCorefile(object))
}

function isCorefile({ kind, metadata }: KubeObject): boolean {
  return kind === configMap.kind && metadata.namespace === namespace && metadata.name === name
}
