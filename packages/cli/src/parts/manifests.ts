import { keptCrd, namespaceObject, standaloneObjects, wishManifest } from '@knest/core'
import type { ClusterRef, ClusterSpec, KubeObject, StandaloneOptions } from '@knest/core'
import { standaloneStatefulSet } from '@knest/pod-node'

export { keptCrd, namespaceObject, wishManifest }

/** The cluster as objects that need no knest, with nodes that are pods. Throws as `standaloneObjects`. */
export function standalone(
  ref: ClusterRef,
  spec: ClusterSpec,
  options: Omit<StandaloneOptions, 'node'>,
): Promise<readonly KubeObject[]> {
  return standaloneObjects(ref, spec, { ...options, node: standaloneStatefulSet })
}
