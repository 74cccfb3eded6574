import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import { condition, isReady, isReadySince } from '../nested-api/conditions.js'
import { keptNodes } from './kept-nodes.js'

const nodeKind: KindRef = { apiVersion: 'v1', kind: 'Node' }
const podKind: KindRef = { apiVersion: 'v1', kind: 'Pod' }

interface Wait {
  readonly version: string
  /** When the kubelet was started that has to say so: one of an upgrade gone on with had the version before. */
  readonly since: Date
  /** Without a network no node is ever Ready. */
  readonly network: boolean
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * The node's kubelet says its new version and is Ready, and so are the pods that every node has. Throws PlanOutdated when
 * its Node object is deleted meanwhile.
 */
export async function awaitUpgraded(
  api: KubeApi,
  name: string,
  { version, since, network, ...wait }: Wait,
): Promise<void> {
  const says = (node: KubeObject): string =>
    (node.status as { nodeInfo?: { kubeletVersion?: string } } | undefined)?.nodeInfo?.kubeletVersion ?? ''
  const requireKept = keptNodes([name])
  await api.waitFor(
    nodeKind,
    { fieldSelector: `metadata.name=${name}` },
    (nodes) => {
      requireKept(nodes)
      return nodes.some((node) => says(node) === `v${version}` && (!network || isReadySince(node, since)))
    },
    {
      ...wait,
      awaited: `node "${name}" to be Ready with Kubernetes ${version}`,
      describe: ([node]) =>
        node === undefined
          ? 'no such Node object'
          : `${says(node)}, ${condition(node, 'Ready')?.message ?? ''}`,
    },
  )
  if (!network) return
  const missing = (pods: readonly KubeObject[]): readonly KubeObject[] =>
    pods.filter((pod) => belongsToNode(pod) && !isReady(pod))
  await api.waitFor(
    podKind,
    { namespace: 'kube-system', fieldSelector: `spec.nodeName=${name}` },
    (pods) => missing(pods).length === 0,
    {
      ...wait,
      awaited: `the system pods of node "${name}" to be Ready`,
      describe: (pods) =>
        missing(pods)
          .map(({ metadata }) => metadata.name)
          .join(', '),
    },
  )
}

function belongsToNode({ metadata }: KubeObject): boolean {
  return metadata.ownerReferences?.some(({ kind }) => kind === 'DaemonSet' || kind === 'Node') === true
}
