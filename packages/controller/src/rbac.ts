export interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

const look = ['get', 'list', 'watch']
const manage = [...look, 'create', 'patch', 'delete']

function rule(group: string, resources: readonly string[], verbs: readonly string[]): PolicyRule {
  return { apiGroups: [group], resources, verbs }
}

/**
 * All that the controller may do on the host, each with what needs it; docs/self-healing.md has the same list.
 * Clusters live in namespaces that nobody knows before, so the rights are the whole host's.
 */
export const controllerRules: readonly PolicyRule[] = [
  // The clusters themselves, one actor at a time, and what is said of them.
  rule('knest.dev', ['nestedclusters'], [...look, 'create', 'update', 'patch', 'delete']),
  rule('knest.dev', ['nestedclusters/status', 'nestedclusters/finalizers'], ['update', 'patch']),
  rule('coordination.k8s.io', ['leases'], ['get', 'create', 'update', 'delete']),
  rule('', ['events'], [...look, 'create', 'patch']),
  // Nodes that are pods: made by StatefulSets, reached by exec and port-forward, deleted to be made again.
  rule('apps', ['statefulsets'], manage),
  rule('', ['pods'], [...look, 'patch', 'delete']),
  rule('', ['pods/exec', 'pods/portforward'], ['get', 'create']),
  rule('', ['persistentvolumeclaims'], manage),
  // A deleted node's disk is gone when its volume is.
  rule('', ['persistentvolumes'], look),
  // Endpoints, authorities and keys of a cluster.
  rule('', ['services'], [...manage, 'update']),
  rule('', ['secrets'], ['get', 'list', 'create', 'update', 'patch', 'delete']),
  // Preflight asks by a dry run whether privileged pods are admitted, as a StatefulSet would make them.
  rule('', ['pods'], ['create']),
  // Preflight: what the host's network uses, and what its nodes can carry.
  rule('', ['nodes', 'configmaps'], look),
  rule('apps', ['daemonsets', 'deployments'], look),
  rule('storage.k8s.io', ['storageclasses'], look),
  rule('networking.k8s.io', ['servicecidrs'], look),
  // A cluster's own namespace goes with it.
  rule('', ['namespaces'], [...look, 'create', 'patch', 'delete']),
  // It stays for whatever somebody else has put into it. Where the host has more kinds than these, the controller
  // cannot tell, and it stays.
  rule(
    '',
    [
      'endpoints',
      'limitranges',
      'podtemplates',
      'replicationcontrollers',
      'resourcequotas',
      'serviceaccounts',
    ],
    ['list'],
  ),
  rule('apps', ['controllerrevisions', 'replicasets'], ['list']),
  rule('autoscaling', ['horizontalpodautoscalers'], ['list']),
  rule('batch', ['cronjobs'], ['list']),
  rule('coordination.k8s.io', ['leases', 'leasecandidates'], ['list']),
  rule('discovery.k8s.io', ['endpointslices'], ['list']),
  rule('events.k8s.io', ['events'], ['list']),
  rule('networking.k8s.io', ['ingresses', 'networkpolicies'], ['list']),
  rule('policy', ['poddisruptionbudgets'], ['list']),
  rule('rbac.authorization.k8s.io', ['roles', 'rolebindings'], ['list']),
  rule('resource.k8s.io', ['resourceclaims', 'resourceclaimtemplates'], ['list']),
  rule('storage.k8s.io', ['csistoragecapacities'], ['list']),
  // Claims of addresses, beside each other in kube-system so that two clusters never get the same one.
  rule('', ['configmaps'], ['create', 'update', 'patch', 'delete']),
  rule(
    'crd.projectcalico.org',
    ['ippools', 'ipreservations', 'ipamblocks', 'ipamconfigs', 'felixconfigurations'],
    look,
  ),
  rule('crd.projectcalico.org', ['ipreservations'], ['create', 'update', 'patch', 'delete']),
  rule('kubeovn.io', ['subnets', 'ips', 'ippools'], look),
  rule('kubeovn.io', ['ippools'], ['create', 'update', 'patch', 'delete']),
  rule('projectcalico.org', ['ippools'], look),
  rule('operator.tigera.io', ['installations'], look),
  rule('cilium.io', ['ciliumnodes', 'ciliumloadbalancerippools'], look),
  rule('metallb.io', ['ipaddresspools'], look),
  // Nodes that are VMs, reached by SSH through KubeVirt.
  rule('kubevirt.io', ['virtualmachines'], manage),
  rule('kubevirt.io', ['virtualmachineinstances'], [...look, 'delete']),
  rule('kubevirt.io', ['kubevirts'], look),
  rule('subresources.kubevirt.io', ['virtualmachineinstances/portforward'], ['get']),
  rule('cdi.kubevirt.io', ['datavolumes'], manage),
  rule('batch', ['jobs'], manage),
  // The kind of object itself: looked at only.
  rule('apiextensions.k8s.io', ['customresourcedefinitions'], look),
]
