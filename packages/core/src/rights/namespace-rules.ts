import { look, manage, rule, type PolicyRule } from './policy-rule.js'

/**
 * What somebody needs in the namespace of nested clusters to make, change and delete them there, a person or the
 * controller; each rule with what needs it.
 */
export const namespaceRules: readonly PolicyRule[] = [
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
  // Endpoints, authorities and keys of a cluster.
  rule('', ['services'], [...manage, 'update']),
  rule('', ['secrets'], ['get', 'list', 'create', 'update', 'patch', 'delete']),
  // Preflight asks by a dry run whether privileged pods are admitted, as a StatefulSet would make them.
  rule('', ['pods'], ['create']),
  // A namespace that knest made stays for whatever somebody else has put into it. Where the host has more kinds
  // than these, nobody can tell, and it stays.
  rule(
    '',
    [
      'configmaps',
      'endpoints',
      'limitranges',
      'podtemplates',
      'replicationcontrollers',
      'resourcequotas',
      'serviceaccounts',
    ],
    ['list'],
  ),
  rule('apps', ['controllerrevisions', 'daemonsets', 'deployments', 'replicasets'], ['list']),
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
  // Nodes that are VMs, reached by SSH through KubeVirt.
  rule('kubevirt.io', ['virtualmachines'], manage),
  rule('kubevirt.io', ['virtualmachineinstances'], [...look, 'delete']),
  rule('subresources.kubevirt.io', ['virtualmachineinstances/portforward'], ['get']),
  rule('cdi.kubevirt.io', ['datavolumes'], manage),
  rule('batch', ['jobs'], manage),
]
