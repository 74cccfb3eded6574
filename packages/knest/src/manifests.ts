/** Clusters as manifests, for `kubectl apply` and GitOps tools. Needs no host. */
import { standaloneObjects } from '@knest/core/manifests'
import type { ClusterRef, ClusterSpec, KubeObject } from '@knest/core/contracts'
import type { StandaloneOptions } from '@knest/core/manifests'
import { standaloneStatefulSet } from '@knest/pod-node'

export {
  clusterManifest,
  controllerBinding,
  hostViewRole,
  keptCrd,
  namespaceObject,
  quoteAmbiguous,
  userRole,
  yamlText,
} from '@knest/core/manifests'
export type { RoleSubject } from '@knest/core/manifests'

/** The cluster as objects that need no knest, with nodes that are pods. Throws as `standaloneObjects`. */
export function standalone(
  ref: ClusterRef,
  spec: ClusterSpec,
  options: Omit<StandaloneOptions, 'node'>,
): Promise<readonly KubeObject[]> {
  return standaloneObjects(ref, spec, { ...options, node: standaloneStatefulSet })
}
