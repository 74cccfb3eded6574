import { look, rule, type PolicyRule } from './policy-rule.js'

/** What is the whole host's by nature, and only looked at; each rule with what needs it. */
export const hostLookRules: readonly PolicyRule[] = [
  // Preflight: what the host's network uses, and what its nodes can carry.
  rule('', ['nodes'], look),
  {
    ...rule('', ['configmaps'], ['get']),
    resourceNames: [
      'calico-config',
      'canal-config',
      'cilium-config',
      'cluster-autoscaler-status',
      'kube-flannel-cfg',
      'kubeadm-config',
    ],
  },
  rule('apps', ['daemonsets', 'deployments'], look),
  rule('storage.k8s.io', ['storageclasses'], look),
  rule('networking.k8s.io', ['servicecidrs'], look),
  rule('crd.projectcalico.org', ['ippools', 'ipamblocks', 'ipamconfigs', 'felixconfigurations'], look),
  rule('kubeovn.io', ['subnets', 'ips'], look),
  rule('projectcalico.org', ['ippools'], look),
  rule('operator.tigera.io', ['installations'], look),
  rule('cilium.io', ['ciliumnodes', 'ciliumloadbalancerippools'], look),
  rule('metallb.io', ['ipaddresspools'], look),
  rule('kubevirt.io', ['kubevirts'], look),
  // A deleted node's disk is gone when its volume is.
  rule('', ['persistentvolumes'], look),
  // The kind of object itself.
  rule('apiextensions.k8s.io', ['customresourcedefinitions'], look),
]

/** What is the whole host's by nature, and changed: addresses that outlive nodes. */
export const hostChangeRules: readonly PolicyRule[] = [
  rule('crd.projectcalico.org', ['ipreservations'], [...look, 'create', 'update', 'patch', 'delete']),
  rule('kubeovn.io', ['ippools'], [...look, 'create', 'update', 'patch', 'delete']),
]
