import { expect, it } from 'vitest'
import type { KubeObject } from '../contracts/kubernetes.js'
import { quotaProblems } from './quota.js'
import { claim, other, pod, service } from './sample-objects.js'

const quota = (hard: object, used: object = {}, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'few', namespace: 'team' },
  spec: { hard, ...spec },
  status: { hard, used },
})

const cluster = [
  pod(),
  pod({}, 'worker'),
  service('NodePort'),
  service('ClusterIP'),
  other('Secret'),
  other('Secret'),
  other('StatefulSet'),
  other('StatefulSet'),
  other('Lease'),
  other('NestedCluster'),
  claim('cp', '4Gi', 'fast'),
  claim('worker', '4Gi', 'fast'),
]

it.each([
  ['pods', { pods: 2 }, {}, undefined, /./],
  [
    'pods',
    { pods: 2 },
    { pods: 1 },
    'pods of 1 (2, of which 1 are used), and the cluster needs 2',
    /machine-count/,
  ],
  [
    'count/pods',
    { 'count/pods': '1' },
    {},
    'count/pods of 1 (1, of which 0 are used), and the cluster needs 2',
    /machine-count/,
  ],
  ['limits.memory', { 'limits.memory': '8Gi' }, {}, undefined, /./],
  [
    'limits.memory',
    { 'limits.memory': '8Gi' },
    { 'limits.memory': '4Gi' },
    'limits.memory of 4Gi (8Gi, of which 4Gi are used), and the cluster needs 8Gi',
    /machine-memory-size/,
  ],
  [
    'limits.cpu',
    { 'limits.cpu': '3500m' },
    {},
    'limits.cpu of 3500m (3500m, of which 0 are used), and the cluster needs 4',
    /machine-cpu-cores/,
  ],
  ['requests.cpu', { 'requests.cpu': '300m' }, {}, 'requests.cpu of 300m', /machine-cpu-cores/],
  ['cpu', { cpu: '300m' }, {}, 'cpu of 300m', /machine-cpu-cores/],
  // In floating point less than 0.4 would be left.
  ['cpu', { cpu: '700m' }, { cpu: '300m' }, undefined, /./],
  ['cpu', { cpu: '700m' }, { cpu: '300000001n' }, 'cpu of 399999999n', /machine-cpu-cores/],
  ['memory', { memory: '1e99' }, { memory: '2E' }, undefined, /./],
  [
    'memory',
    { memory: '1Gi' },
    {},
    'memory of 1Gi (1Gi, of which 0 are used), and the cluster needs 1.3Gi',
    /machine-memory-size/,
  ],
  ['services', { services: 1 }, {}, 'services of 1', /Services/],
  ['count/services', { 'count/services': 1 }, {}, 'count/services of 1', /Services/],
  [
    'services.nodeports',
    { 'services.nodeports': '0' },
    {},
    'services.nodeports of 0',
    /--control-plane-endpoint-service-type ClusterIP/,
  ],
  ['services.loadbalancers', { 'services.loadbalancers': '0' }, {}, undefined, /./],
  [
    'secrets',
    { secrets: 1 },
    {},
    'secrets of 1 (1, of which 0 are used), and the cluster needs 2',
    /delete those/,
  ],
  ['count/secrets', { 'count/secrets': 1 }, {}, 'count/secrets of 1', /delete those/],
  ['configmaps', { configmaps: 0 }, {}, undefined, /./],
  ['statefulsets', { 'count/statefulsets.apps': 1 }, {}, 'count/statefulsets.apps of 1', /machine-count/],
  [
    'leases',
    { 'count/leases.coordination.k8s.io': 0 },
    {},
    'count/leases.coordination.k8s.io of 0',
    /delete/,
  ],
  [
    'records',
    { 'count/nestedclusters.knest.dev': 3 },
    { 'count/nestedclusters.knest.dev': 3 },
    'count/nestedclusters.knest.dev of 0 (3, of which 3 are used), and the cluster needs 1',
    /delete/,
  ],
  ['claims', { persistentvolumeclaims: 1 }, {}, 'persistentvolumeclaims of 1', /--persistent/],
  [
    'storage',
    { 'requests.storage': '6Gi' },
    {},
    'requests.storage of 6Gi (6Gi, of which 0 are used), and the cluster needs 8Gi',
    /rootfs-size/,
  ],
  [
    'storage of the class',
    { 'fast.storageclass.storage.k8s.io/requests.storage': '6Gi' },
    {},
    'needs 8Gi',
    /rootfs-size/,
  ],
  [
    'claims of the class',
    { 'fast.storageclass.storage.k8s.io/persistentvolumeclaims': 0 },
    {},
    'needs 2',
    /--persistent/,
  ],
  [
    'storage of another class',
    { 'slow.storageclass.storage.k8s.io/requests.storage': '0' },
    {},
    undefined,
    /./,
  ],
  [
    'a quota that is full by more',
    { pods: 1 },
    { pods: 5 },
    'pods of 0 (1, of which 5 are used)',
    /machine-count/,
  ],
  ['ephemeral storage, of which they say nothing', { 'limits.ephemeral-storage': '1Gi' }, {}, undefined, /./],
  ['devices', { 'requests.nvidia.com/gpu': 0 }, {}, undefined, /./],
  ['something unreadable', { pods: 'many' }, { pods: 0 }, 'pods of 0', /./],
])('%s', (_title, hard, used, message, hint) => {
  const problems = quotaProblems([quota(hard, used)], cluster)
  if (message === undefined) expect(problems).toEqual([])
  else {
    expect(problems).toHaveLength(1)
    expect(problems[0]?.message).toContain('quota "few" of namespace "team" has room for ')
    expect(problems[0]?.message).toContain(message)
    expect(problems[0]?.hint).toMatch(hint)
  }
})

it('every resource of every quota is told', () => {
  const problems = quotaProblems([quota({ pods: 0, secrets: 0 }), quota({ services: 0 })], cluster)
  expect(problems.map(({ message }) => / for (\S+) /.exec(message)?.[1])).toEqual([
    'pods',
    'secrets',
    'services',
  ])
})

it('a node port for each port, and a balancer has them too unless it says otherwise', () => {
  const ports = [{ port: 1 }, { port: 2 }]
  const of = (object: KubeObject): string | undefined =>
    quotaProblems([quota({ 'services.nodeports': 0 })], [object])[0]
      ?.message.split(' ')
      .at(-1)
  expect(of(service('NodePort', { ports }))).toBe('2')
  expect(of(service('LoadBalancer', { ports }))).toBe('2')
  expect(of(service('LoadBalancer', { ports, allocateLoadBalancerNodePorts: false }))).toBeUndefined()
})

it('a pod that says nothing is refused by a quota of what it does not say', () => {
  const beside = pod({ containers: [{ name: 'node', resources: { limits: { memory: '1Gi' } } }] })
  expect(quotaProblems([quota({ 'limits.cpu': 9 })], [beside])[0]?.message).toContain(
    'those of nodes have none',
  )
  // A limit is the request, too.
  expect(quotaProblems([quota({ 'requests.memory': '9Gi' })], [beside])).toEqual([])
})

it.each([
  ['NotTerminating', true],
  ['Terminating', false],
  ['BestEffort', false],
  ['NotBestEffort', true],
])('scope %s', (scope, counts) => {
  expect(quotaProblems([quota({ pods: 0, secrets: 0 }, {}, { scopes: [scope] })], cluster)).toHaveLength(
    counts ? 1 : 0,
  )
})

it.each([
  ['In', ['high'], false],
  ['In', ['low'], true],
  ['NotIn', ['high'], true],
  ['Exists', [], true],
  ['DoesNotExist', [], false],
])('priority class %s %j', (operator, values, counts) => {
  const expression = { scopeName: 'PriorityClass', operator, values }
  const scoped = quota({ pods: 0 }, {}, { scopeSelector: { matchExpressions: [expression] } })
  expect(quotaProblems([scoped], [pod({ priorityClassName: 'low' })])).toHaveLength(counts ? 1 : 0)
})
