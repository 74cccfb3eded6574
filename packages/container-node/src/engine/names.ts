import { labels, managedByKnest, nodeName, controlPlanePool, type ClusterRef } from '@knest/core'

export const namespaceLabel = 'knest.dev/namespace'
export const recordLabel = 'knest.dev/record'

/** The engine's network of a cluster. */
export function networkName(cluster: string): string {
  return cluster
}

/** Volume with the record of a cluster; see home.ts. */
export function homeVolume(cluster: string): string {
  return `${cluster}-home`
}

/** Volume with all a node keeps. */
export function diskVolume(node: string): string {
  return `${node}-disk`
}

export function firstControlPlane(cluster: string): string {
  return nodeName(cluster, controlPlanePool, 0)
}

export function clusterLabels({ name, namespace }: ClusterRef): Readonly<Record<string, string>> {
  return { [labels.cluster]: name, [namespaceLabel]: namespace, [labels.managedBy]: managedByKnest }
}

/** The option `--label` for each label. */
export function labelArguments(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).flatMap(([key, value]) => ['--label', `${key}=${value}`])
}
