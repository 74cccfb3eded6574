import type { ClusterRef } from '../contracts/cluster.js'
import type { KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { localPath } from '../addons/index.js'
import { isReady } from '../nested-api/conditions.js'
import type { NestedFacts } from './observe.js'
import { ownNodes } from './own-nodes.js'
import { anySignal } from '../signals.js'
import { imageTag } from '../values/index.js'

const patienceMs = 10_000

/** Asks the nested API what the planner wants to know of it. `hostNodes`: the nodes knest has there. */
export async function askNestedFacts(
  api: KubeApi,
  cluster: ClusterRef,
  hostNodes: readonly { readonly name: string }[],
  stop: AbortSignal,
): Promise<NestedFacts> {
  const signal = anySignal(stop, AbortSignal.timeout(patienceMs))
  const namespace = 'kube-system'
  const [nodes, configuration, proxy, storage] = await Promise.all([
    api.list({ apiVersion: 'v1', kind: 'Node' }, { signal }),
    api.get({ apiVersion: 'v1', kind: 'ConfigMap' }, 'kubeadm-config', namespace, signal),
    api.get({ apiVersion: 'apps/v1', kind: 'DaemonSet' }, 'kube-proxy', namespace, signal),
    api.get({ apiVersion: 'apps/v1', kind: 'Deployment' }, localPath.name, localPath.namespace, signal),
  ])
  const own = ownNodes(cluster, nodes, hostNodes)
  const names = (objects: readonly KubeObject[]): readonly string[] =>
    objects.map(({ metadata }) => metadata.name)
  return {
    members: names(own),
    notReady: names(own.filter((node) => !isReady(node))),
    configured: { configuration: configuredVersion(configuration), proxy: proxyVersion(proxy) },
    storage: storage !== undefined,
  }
}

function configuredVersion(object: KubeObject | undefined): string | undefined {
  const { data } = (object ?? {}) as { data?: { ClusterConfiguration?: string } }
  return /^kubernetesVersion: v(\S+)$/m.exec(data?.ClusterConfiguration ?? '')?.[1]
}

interface DaemonSetView {
  readonly spec?: {
    readonly template: { readonly spec: { readonly containers: readonly { name: string; image: string }[] } }
  }
}

function proxyVersion(object: KubeObject | undefined): string | undefined {
  const containers = (object as DaemonSetView | undefined)?.spec?.template.spec.containers ?? []
  const image = containers.find(({ name }) => name === 'kube-proxy')?.image
  const tag = imageTag(image ?? '')
  return tag?.startsWith('v') === true ? tag.slice(1) : undefined
}
