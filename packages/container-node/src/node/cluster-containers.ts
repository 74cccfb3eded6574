import { labels, nodeIndex, type ClusterRef, type NodeRole } from '@knest/core'
import type { ContainerEngine } from '../engine/engine.js'
import { inspectContainer, namesByLabel, type ContainerObject } from '../engine/objects.js'
import { namespaceLabel } from '../engine/names.js'

/** The containers that are nodes of a cluster. */
export async function clusterContainers(
  engine: ContainerEngine,
  cluster: ClusterRef,
  signal: AbortSignal,
): Promise<readonly ContainerObject[]> {
  const names = await namesByLabel(engine, 'container', `${labels.cluster}=${cluster.name}`, signal)
  const found = await Promise.all(names.map((name) => inspectContainer(engine, name, signal)))
  const nodes = found.filter((container) => container?.labels[labels.node] !== undefined) as ContainerObject[]
  return nodes
    .filter((container) => belongsTo(container, cluster))
    .sort((a, b) => nodeIndex(a.name) - nodeIndex(b.name))
}

export function roleOf({ labels: found }: ContainerObject): NodeRole {
  return found[labels.role] === 'control-plane' ? 'control-plane' : 'worker'
}

export function belongsTo({ labels: found }: ContainerObject, { name, namespace }: ClusterRef): boolean {
  return found[labels.cluster] === name && found[namespaceLabel] === namespace
}
