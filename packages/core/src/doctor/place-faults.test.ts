import { test } from 'vitest'
import type { NodeStatus } from '../contracts/node-backend.js'
import { labels } from '../labels.js'
import { expectNamed, type FaultRow } from './fake-fault.js'
import { now, object, type Seen } from './fake-snapshot.js'

const waits = (reason: string): Partial<NodeStatus> => ({
  ...{ phase: 'pending', ready: false, reason, ip: undefined, hostNode: undefined },
})
const worker = (part: Partial<NodeStatus>): Seen => ({ host: { 'q-worker-0': part } })
/** In the words of the StatefulSet controller. */
const refusedBy = (message: string): Seen => ({
  ...worker(waits('no pod yet')),
  hostObjects: {
    refusals: [
      object(
        'Event',
        'q-worker-0.1',
        {
          type: 'Warning',
          reason: 'FailedCreate',
          message: `create Pod q-worker-0-0 in StatefulSet q-worker-0 failed error: ${message}`,
          involvedObject: { kind: 'StatefulSet', name: 'q-worker-0' },
          lastTimestamp: '2026-06-01T11:59:00Z',
        },
        'knest-q',
      ),
    ],
  },
})
const forbidden = 'pods "q-worker-0-0" is forbidden:'
const claim = (phase: string) => [
  object(
    'PersistentVolumeClaim',
    'disk-q-worker-0-0',
    {
      metadata: { labels: { [labels.node]: 'q-worker-0' } },
      spec: { storageClassName: 'fast' },
      status: { phase },
    },
    'knest-q',
  ),
]
const policy = (spec: object): Seen => ({
  hostObjects: { networkPolicies: [object('NetworkPolicy', 'deny-all', { spec }, 'knest-q')] },
})
const lock = (renewTime: string, deadHolders: readonly string[] = []): Seen => ({
  hostObjects: {
    locks: [object('Lease', 'q-lock', { spec: { holderIdentity: 'a/b.1/7/c', renewTime } }, 'knest-q')],
  },
  cluster: { deadHolders },
})

test.each<FaultRow>([
  [
    'processes come to their limit',
    { says: { 'q-worker-0': 'pids 980 1024' } },
    'ProcessLimit',
    'node/q-worker-0',
    /podPidsLimit.*`knest ssh q q-worker-0 -- ps -ef`/,
  ],
  [
    'threads come to the limit of the machine',
    { says: { 'q-cp-0': 'threads 126000 126001' } },
    'ProcessLimit',
    'node/q-cp-0',
    /kernel\.threads-max/,
  ],
  [
    'no process is left for a command',
    {
      silent: {
        'q-worker-0':
          'command "bash" could not be run in pod "knest-q/q-worker-0-0": OCI runtime exec failed: exec failed: unable to start container process: procReady not received',
      },
    },
    'ProcessLimit',
    'node/q-worker-0',
    /podPidsLimit.*`knest shell q -- kubectl get pods -A --field-selector spec.nodeName=q-worker-0`/,
  ],
  [
    'the pod network of the host got a smaller MTU',
    { says: { 'q-worker-0': 'mtu eth0 1400' } },
    'MtuTooLarge',
    'node/q-worker-0',
    /1350/,
  ],
  [
    'a quota is used up',
    refusedBy(`${forbidden} exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2`),
    'QuotaExceeded',
    'node/q-worker-0',
    /quota of namespace "knest-q" raised/,
  ],
  [
    'a LimitRange forbids the size',
    refusedBy(`${forbidden} maximum memory usage per Container is 1Gi, but limit is 2Gi`),
    'LimitRangeForbids',
    'node/q-worker-0',
    /as large as it permits/,
  ],
  [
    'Pod Security admission',
    refusedBy(
      `${forbidden} violates PodSecurity "baseline:latest": privileged (container "node" must not set securityContext.privileged=true)`,
    ),
    'PodSecurityForbids',
    'node/q-worker-0',
    /`kubectl label --overwrite namespace knest-q pod-security\.kubernetes\.io\/enforce=privileged`/,
  ],
  [
    'a security context constraint',
    refusedBy(`${forbidden} unable to validate against any security context constraint: []`),
    'PodSecurityForbids',
    'node/q-worker-0',
    /oc adm policy/,
  ],
  [
    'a policy engine refuses',
    refusedBy(
      'admission webhook "validate.kyverno.svc-fail" denied the request: no-privileged: validation error',
    ),
    'PolicyRefuses',
    'node/q-worker-0',
    /allow it there in that policy/,
  ],
  [
    'a webhook of the host is dead',
    refusedBy(
      'Internal error occurred: failed calling webhook "gate.test": no endpoints available for service "gate"',
    ),
    'HostWebhookDown',
    'node/q-worker-0',
    /have it mended/,
  ],
  [
    'taints that nothing tolerates',
    worker(waits('Unschedulable: 0/3 nodes are available: 3 node(s) had untolerated taint(s).')),
    'TaintNotTolerated',
    'node/q-worker-0',
    /`kubectl describe nodes`/,
  ],
  [
    'no CPU is free',
    worker(waits('Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.')),
    'NoRoom',
    'node/q-worker-0',
    /make room on the host/,
  ],
  [
    'a selector fits no node',
    worker(
      waits("Unschedulable: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."),
    ),
    'SelectorMatchesNone',
    'node/q-worker-0',
    /`kubectl get nodes --show-labels`/,
  ],
  [
    'all nodes are cordoned',
    worker(waits('Unschedulable: 0/1 nodes are available: 1 node(s) were unschedulable.')),
    'NoSchedulableNode',
    'node/q-worker-0',
    /bring its nodes back/,
  ],
  [
    'the node image cannot be pulled',
    worker(waits('ImagePullBackOff: Back-off pulling image "registry.test/node:v1"')),
    'NodeImageMissing',
    'node/q-worker-0',
    /can pull that image/,
  ],
  [
    'a node was evicted',
    worker({ ...waits('Evicted: The node was low on resource: ephemeral-storage.'), phase: 'failed' }),
    'NodeEvicted',
    'node/q-worker-0',
    /`knest heal q -n knest-q`/,
  ],
  [
    'a StatefulSet was scaled to 0',
    worker(waits('its StatefulSet was scaled to 0')),
    'NodeStopped',
    'node/q-worker-0',
    /`knest heal q -n knest-q`/,
  ],
  [
    'a StatefulSet was deleted',
    { host: { 'q-worker-0': null } },
    'NodeMissing',
    'node/q-worker-0',
    /`knest scale q 1:1 -n knest-q`/,
  ],
  [
    'a node was killed for want of memory',
    worker({
      trouble:
        'it was started again after it had used more memory than its limit (OOMKilled at 2026-06-01T11:00:00Z)',
    }),
    'NodeOutOfMemory',
    'node/q-worker-0',
    /more memory/,
  ],
  [
    'a sidecar that somebody injects is not well',
    worker({ trouble: 'container "istio-proxy", which knest did not make: not ready' }),
    'ContainerBeside',
    'node/q-worker-0',
    /leave namespace "knest-q" alone/,
  ],
  [
    'NodePort is blocked',
    { cluster: { wayIn: { type: 'NodePort', isReached: false } } },
    'WayInBlocked',
    'service/q-api',
    /`kubectl get service q-api -n knest-q`.*`knest shell q`/,
  ],
  [
    'the clock of one node differs',
    { clocks: { 'q-worker-0': 95 } },
    'ClockSkew',
    'node/q-worker-0',
    /`knest ssh q q-worker-0 -- date`/,
  ],
  [
    'a NetworkPolicy lets nothing in',
    policy({ podSelector: {}, policyTypes: ['Ingress'] }),
    'NetworkPolicyBlocks',
    'networkpolicy/deny-all',
    /`kubectl delete networkpolicy deny-all -n knest-q`/,
  ],
  [
    'a NetworkPolicy lets nothing out',
    policy({
      podSelector: { matchExpressions: [{ key: 'knest.dev/cluster', operator: 'Exists' }] },
      policyTypes: ['Egress'],
      egress: [],
    }),
    'NetworkPolicyBlocks',
    'networkpolicy/deny-all',
    /knest\.dev\/cluster=q/,
  ],
  [
    'a NetworkPolicy lets others in only',
    policy({
      podSelector: {},
      ingress: [
        { from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress' } } }] },
      ],
    }),
    'NetworkPolicyBlocks',
    'networkpolicy/deny-all',
    /delete networkpolicy/,
  ],
  [
    'a StorageClass is gone',
    {
      persistent: true,
      ...worker(
        waits('Unschedulable: 0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.'),
      ),
      hostObjects: { claims: claim('Pending') },
    },
    'StorageClassMissing',
    'persistentvolumeclaim/disk-q-worker-0-0',
    /make a StorageClass "fast"/,
  ],
  [
    'a claim has no volume',
    {
      persistent: true,
      hostObjects: { claims: claim('Pending'), storageClasses: [object('StorageClass', 'fast')] },
    },
    'ClaimPending',
    'persistentvolumeclaim/disk-q-worker-0-0',
    /`kubectl describe pvc disk-q-worker-0-0 -n knest-q`/,
  ],
  [
    'a claim was deleted that is in use',
    { persistent: true, ...worker({ diskGoing: true }) },
    'DiskGoing',
    'cluster/q',
    /save what you need of its other files/,
  ],
  [
    'a volume is lost',
    { persistent: true, hostObjects: { claims: claim('Lost') } },
    'ClaimLost',
    'persistentvolumeclaim/disk-q-worker-0-0',
    /`kubectl delete pvc\/disk-q-worker-0-0 pod\/q-worker-0-0 -n knest-q`.*`knest heal q -n knest-q`/,
  ],
  [
    'a lock is held by who has ended',
    lock(now.toISOString(), ['a/b.1/7/c']),
    'LockLeft',
    'lease/q-lock',
    /`knest heal q -n knest-q`/,
  ],
  [
    'a lock was not renewed for long',
    lock('2026-06-01T11:00:00Z'),
    'LockLeft',
    'lease/q-lock',
    /`knest heal q -n knest-q`/,
  ],
])('named: %s', (...row) => expectNamed(row))
