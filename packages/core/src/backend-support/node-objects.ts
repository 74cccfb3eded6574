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

/** Labels and annotations of a node's pod on the host: what knest finds it by counts before its user's. */
export function podMetadata(
  { hostPod, reservation }: Pick<NodeSpec, 'hostPod' | 'reservation'>,
  own: Readonly<Record<string, string>>,
): {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
} {
  return {
    labels: { ...hostPod?.labels, ...own },
    annotations: { ...hostPod?.annotations, ...reservation?.annotations },
  }
}

/** Fields of the pod's spec that say where it may run, which KubeVirt has for VMs too. */
export function podPlacement({ hostPod }: Pick<NodeSpec, 'hostPod'>): Readonly<Record<string, unknown>> {
  const { nodeSelector, tolerations, priorityClassName } = hostPod ?? {}
  return {
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(tolerations === undefined ? {} : { tolerations }),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
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
