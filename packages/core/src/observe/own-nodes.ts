import type { ClusterRef } from '../contracts/cluster.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import { labels } from '../labels.js'
import { nodeIndex } from '../names.js'

/** A kubelet writes this on its Node; what only plays a node in the API (kwok, virtual-kubelet) does not. */
const kubeletAnnotation = 'volumes.kubernetes.io/controller-managed-attach-detach'

/**
 * The Node objects that knest's nodes have or left behind; all others are somebody else's. A kubelet that knest
 * starts registers with the cluster's label. Of a cluster whose nodes were made before there was one, an object
 * without it is taken for a node's that is gone when it has a name such a node has, and a kubelet wrote it. Pure.
 */
export function ownNodes(
  { name: cluster }: ClusterRef,
  objects: readonly KubeObject[],
  hostNodes: readonly { readonly name: string }[],
): readonly KubeObject[] {
  const isThere = ({ metadata }: KubeObject): boolean => hostNodes.some(({ name }) => name === metadata.name)
  const hasLabel = ({ metadata }: KubeObject): boolean => metadata.labels?.[labels.cluster] === cluster
  const isOlder = objects.some((object) => isThere(object) && !hasLabel(object))
  const hasKubelet = ({ metadata }: KubeObject): boolean =>
    metadata.annotations?.[kubeletAnnotation] === 'true'
  const wasMade = ({ metadata }: KubeObject): boolean =>
    metadata.name.startsWith(`${cluster}-`) && nodeIndex(metadata.name) >= 0
  return objects.filter(
    (object) => isThere(object) || hasLabel(object) || (isOlder && wasMade(object) && hasKubelet(object)),
  )
}
