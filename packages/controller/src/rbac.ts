import { hostChangeRules, hostLookRules, look, namespaceRules, rule, type PolicyRule } from '@knest/core'

const lock = ['get', 'create', 'update', 'delete']

/**
 * On the whole host it looks, and changes nothing but what only knest has; each rule with what needs it. Whose a
 * reservation is, and what of a cluster may be changed, the policy says.
 */
export const hostRules: readonly PolicyRule[] = [
  ...hostLookRules,
  // Which clusters there are and what they ask for; why one is not looked after; that one may go.
  rule('knest.dev', ['nestedclusters'], [...look, 'patch']),
  rule('knest.dev', ['nestedclusters/status'], ['patch']),
  // Nodes that changed, and the room that others leave them; namespaces that are being deleted.
  rule('', ['pods', 'namespaces'], look),
  // Preflight, where the network's own configuration does not tell: addresses in use. Services that stand for load
  // balancers of nested clusters, which the host gives addresses.
  rule('', ['services'], ['list', 'watch']),
  rule('kubevirt.io', ['virtualmachineinstances'], ['list']),
  ...hostChangeRules,
]

/** In a namespace of nested clusters, bound there. */
export const clusterRules: readonly PolicyRule[] = [
  ...namespaceRules,
  // Load balancers, where knest gives them their addresses itself.
  rule('', ['services/status'], ['patch']),
  // A namespace that was made for a cluster goes with it, and so does what bound these rules there.
  rule('', ['namespaces'], ['get', 'delete']),
  rule('rbac.authorization.k8s.io', ['rolebindings'], ['get', 'delete']),
]

/** In kube-system: reservations, beside each other so that two clusters never get the same address. */
export const reservationRules: readonly PolicyRule[] = [
  rule('coordination.k8s.io', ['leases'], [...lock, 'list']),
]

/** In its own namespace: one controller works at a time. */
export const ownRules: readonly PolicyRule[] = [rule('coordination.k8s.io', ['leases'], lock)]
