import { clusterCommand, knestCommand } from '../commands.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import type { LoadedImage } from '../contracts/images.js'
import type { NodeStatus } from '../contracts/node-backend.js'
import type { Problem } from '../errors.js'
import { lackedImages, wantedImages, type PresentImage } from '../plan/loaded-images.js'
import { shortImageName } from '../values/index.js'

/** Loaded images that nodes lack. Only nodes that said what they have, `present`, are spoken of. Pure. */
export function imageProblems(
  record: ClusterRecord,
  hostNodes: readonly Pick<NodeStatus, 'name' | 'pool'>[],
  present: ReadonlyMap<string, readonly PresentImage[]>,
): readonly Problem[] {
  const loaded = record.images ?? []
  const known = hostNodes.filter(({ name }) => present.has(name))
  const lacks = (image: LoadedImage, node: (typeof known)[number]): boolean =>
    lackedImages([image], node, present.get(node.name) ?? []).length > 0
  return loaded.flatMap((image) => {
    const wanting = known.filter((node) => wantedImages(loaded, node).includes(image))
    const lacking = wanting.filter((node) => lacks(image, node))
    if (lacking.length === 0) return []
    const everywhere = { name: image.name, digest: image.digest }
    const isLost = known.every((node) => lacks(everywhere, node))
    return [problem(record, image, isLost ? undefined : lacking.map(({ name }) => `"${name}"`))]
  })
}

/** `lacking`: undefined when no node has it. */
function problem(
  record: ClusterRecord,
  { name }: LoadedImage,
  lacking: readonly string[] | undefined,
): Problem {
  const image = shortImageName(name)
  const again = clusterCommand('load', record, image)
  if (lacking === undefined)
    return {
      reason: 'LoadedImageMissing',
      severity: 'warning',
      message: `no node has image "${image}" any more, which was loaded into the cluster`,
      hint: `load it again with ${again}, or have it forgotten with ${knestCommand('images', 'rm', record.name, image, '-n', record.namespace)}`,
    }
  const nodes = lacking.join(', ')
  return {
    reason: 'LoadedImageMissing',
    severity: 'warning',
    message: `${nodes} ${lacking.length === 1 ? 'lacks' : 'lack'} image "${image}", which was loaded into the cluster`,
    hint: `${clusterCommand('heal', record)} copies it from a node that has it, or load it again with ${again}`,
  }
}
