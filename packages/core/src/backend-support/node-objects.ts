import type { KubeObject } from '../contracts/kubernetes.js'
import type { NodeSpec } from '../contracts/node-backend.js'
import { labels, managedByKnest } from '../labels.js'
import { mergePatch } from './merge-patch.js'

/** Labels of every host object that belongs to a node. */
export function nodeLabels(spec: NodeSpec): Readonly<Record<string, string>> {
  return {
    [labels.cluster]: spec.cluster.name,
    [labels.node]: spec.name,
    [labels.role]: spec.role,
    [labels.pool]: spec.pool,
    [labels.managedBy]: managedByKnest,
  }
}

/** Pods of one role on different nodes of the host where that is possible; a small host can hold several. */
export function spreadByRole(spec: NodeSpec): Readonly<Record<string, unknown>> {
  const matchLabels = { [labels.cluster]: spec.cluster.name, [labels.role]: spec.role }
  const podAffinityTerm = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels } }
  return {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm }],
    },
  }
}

/** The node's host object with the user's patches for its role, in their order. */
export function applyPatches(
  object: KubeObject,
  { hostPatches, role }: Pick<NodeSpec, 'hostPatches' | 'role'>,
): KubeObject {
  return hostPatches
    .filter((patch) => patch.role === undefined || patch.role === role)
    .reduce((patched, { patch }) => mergePatch(patched, patch) as KubeObject, object)
}
