import { expect, test } from 'vitest'
import { diagnose } from './diagnose.js'
import { nodeObject, object, snapshotOf, type Seen } from './fake-snapshot.js'

const lease = (spec: object) => [object('Lease', 'q-lock', { spec }, 'knest-q')]
const old = { terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt: '2026-01-01T00:00:00Z' } }
const policy = (spec: object) => [object('NetworkPolicy', 'inside', { spec }, 'knest-q')]
const deployment = {
  spec: { replicas: 1, template: { spec: { containers: [{ image: 'registry.test/knest:v1.2.3' }] } } },
  status: { availableReplicas: 1 },
}

test.each<[string, Seen]>([
  ['one control plane and one worker', {}],
  ['only a host', { hostOnly: true }],
  ['a control plane alone', { workers: 0 }],
  ['three control planes, persistent', { controlPlanes: 3, workers: 2, persistent: true }],
  [
    'VMs',
    {
      backend: 'vm',
      host: { 'q-cp-0': { hostObject: 'q-cp-0' }, 'q-worker-0': { hostObject: 'q-worker-0' } },
    },
  ],
  ['VMs with disks that last', { backend: 'vm', controlPlanes: 3, persistent: true }],
  [
    'paused',
    {
      persistent: true,
      record: { phase: 'Paused' },
      host: {
        'q-cp-0': { phase: 'pending', ready: false, reason: 'its StatefulSet was scaled to 0' },
        'q-worker-0': { phase: 'pending', ready: false, reason: 'its StatefulSet was scaled to 0' },
      },
    },
  ],
  ['kept', { persistent: true, record: { phase: 'Kept' }, host: { 'q-cp-0': null, 'q-worker-0': null } }],
  [
    'a create that is running',
    {
      record: { phase: 'Creating' },
      host: { 'q-worker-0': { phase: 'pending', ready: false, reason: 'ContainerCreating' } },
      hostObjects: { locks: lease({ holderIdentity: 'a/b/1/c', renewTime: '2026-06-01T11:59:58Z' }) },
    },
  ],
  ['a lock that was given back', { hostObjects: { locks: lease({ holderIdentity: '' }) } }],
  [
    'a controller of this version',
    { hostObjects: { controllers: [object('Deployment', 'knest-controller', deployment, 'knest-system')] } },
  ],
  [
    'bound claims of a class that the host has no more',
    {
      persistent: true,
      hostObjects: {
        storageClasses: [],
        claims: [
          object(
            'PersistentVolumeClaim',
            'disk-q-cp-0-0',
            { spec: { storageClassName: 'gone' }, status: { phase: 'Bound' } },
            'knest-q',
          ),
        ],
      },
    },
  ],
  [
    'a NetworkPolicy that closes the namespace to others',
    {
      hostObjects: {
        networkPolicies: policy({
          podSelector: {},
          policyTypes: ['Ingress'],
          ingress: [{ from: [{ podSelector: {} }] }],
        }),
      },
    },
  ],
  [
    'a NetworkPolicy for other pods',
    {
      hostObjects: { networkPolicies: policy({ podSelector: { matchLabels: { app: 'db' } }, ingress: [] }) },
    },
  ],
  [
    'refusals of pods that are there by now',
    {
      hostObjects: {
        refusals: [
          object(
            'Event',
            'e',
            {
              reason: 'FailedCreate',
              message: 'exceeded quota: small',
              involvedObject: { kind: 'StatefulSet', name: 'q-worker-0' },
            },
            'knest-q',
          ),
        ],
      },
    },
  ],
  [
    'a part of the control plane that was killed long ago',
    {
      nested: [
        object(
          'Pod',
          'kube-scheduler-q-cp-0',
          {
            spec: { containers: [{ name: 'kube-scheduler' }] },
            status: {
              containerStatuses: [
                { name: 'kube-scheduler', ready: true, state: { running: {} }, lastState: old },
              ],
            },
          },
          'kube-system',
        ),
      ],
    },
  ],
  ['a cluster without network, DNS and storage of knest', { cluster: { workloads: [] } }],
  ['a way in that needs a port-forward', { cluster: { wayIn: { type: 'ClusterIP', isReached: false } } }],
  ['a node without limits of processes', { says: { 'q-cp-0': 'pids 300 max' } }],
  ['Cilium, whose device has another MTU', { says: { 'q-worker-0': 'mtu cilium_vxlan 1500' } }],
  [
    'a host with other conditions',
    { hostObjects: { nodes: [nodeObject('host-1', [{ type: 'EtcdIsVoter', status: 'True' }])] } },
  ],
  [
    'the kubeconfig of this machine',
    {
      cluster: {
        kubeconfig: {
          local: { server: 'https://10.0.0.2:30443', authority: 'CA\n', expires: '2027-01-01T00:00:00Z' },
          authority: 'CA',
          urls: ['https://10.0.0.2:30443'],
        },
      },
    },
  ],
])('nothing is wrong with %s', async (_, seen) => {
  const { findings } = diagnose(await snapshotOf(seen))
  expect(findings.filter(({ severity }) => severity !== 'note')).toEqual([])
  const isLeftSo = seen.record?.phase !== undefined
  expect(findings).toHaveLength(isLeftSo ? 1 : 0)
})
