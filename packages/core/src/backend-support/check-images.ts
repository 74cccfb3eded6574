import { knestCommand } from '../commands.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import type { Problem } from '../errors.js'
import { labels } from '../labels.js'

const nodeKind: KindRef = { apiVersion: 'v1', kind: 'Node' }
/** kubelet lists 50 images by default (nodeStatusMaxImages): with more, absence proves nothing. */
const mostListed = 50

/** Images without a registry must be on the nodes already; the host lists those it has. */
export async function imageProblems(
  api: KubeApi,
  image: string,
  flag: string,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  if (!image.startsWith('localhost/')) return []
  const nodes = await api.list(nodeKind, { signal }).catch(() => undefined)
  if (nodes === undefined || nodes.some((node) => imagesOf(node).length >= mostListed)) return []
  const having = nodes.filter((node) => imagesOf(node).includes(image))
  if (having.length > 0 || nodes.length === 0) return []
  const others = otherTags(nodes, image)
  return [
    {
      reason: 'NodeImageMissing',
      severity: 'error',
      message: `no node of the host has the image "${image}"${others.length === 0 ? '' : `; of that name there is ${others.join(', ')}`}`,
      hint: `load it (embedded host: ${knestCommand('host', 'load', image)}; others: push it to a registry) or choose another with ${flag}`,
    },
  ]
}

/** Tags that nodes have of the image's name, as in `v1.35.4`. */
function otherTags(nodes: readonly KubeObject[], image: string): readonly string[] {
  const name = image.slice(0, image.lastIndexOf(':') + 1)
  const tags = nodes.flatMap((node) =>
    imagesOf(node).flatMap((other) => (other.startsWith(name) ? [other.slice(name.length)] : [])),
  )
  return [...new Set(tags)].sort()
}

function imagesOf(node: KubeObject): readonly string[] {
  const status = node.status as { images?: readonly { names?: readonly string[] }[] } | undefined
  const listed = (status?.images ?? []).flatMap(({ names }) => names ?? [])
  return [...listed, ...loadedImages(node)]
}

/** What `knest host load` noted: the node itself lists a new image only after half a minute. */
function loadedImages(node: KubeObject): readonly string[] {
  return (node.metadata.annotations?.[labels.images] ?? '').split(',').filter((name) => name !== '')
}
