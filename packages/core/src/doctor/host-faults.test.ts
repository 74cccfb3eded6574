import { test } from 'vitest'
import { differenceProblems } from '../home/clock.js'
import { chooseTunnel } from '../network/index.js'
import { expectNamed, type FaultRow } from './fake-fault.js'
import { nodeObject, object, type Seen } from './fake-snapshot.js'

const hostNode = (type: string, status: string, message: string): Seen => ({
  hostOnly: true,
  hostObjects: { nodes: [nodeObject('host-1', [{ type, status, message }])] },
})
const controller = (status: object, image = 'localhost/knest/controller:v1.2.3', replicas = 1): Seen => ({
  hostOnly: true,
  hostObjects: {
    controllers: [
      object(
        'Deployment',
        'knest-controller',
        { spec: { replicas, template: { spec: { containers: [{ image }] } } }, status },
        'knest-system',
      ),
    ],
  },
})
const crd = (annotations: object) => [
  object('CustomResourceDefinition', 'nestedclusters.knest.dev', {
    metadata: { labels: { 'app.kubernetes.io/managed-by': 'knest' }, annotations },
  }),
]
test.each<FaultRow>([
  [
    'few inotify instances',
    {
      hostOnly: true,
      checks: [
        {
          reason: 'InotifyLimit',
          severity: 'warning',
          message: 'fs.inotify.max_user_instances of the host is 128',
          hint: "on the host's nodes: sysctl -w fs.inotify.max_user_instances=512",
        },
      ],
    },
    'InotifyLimit',
    'host',
    /sysctl -w/,
  ],
  [
    'the disk of a host node fills',
    hostNode('DiskPressure', 'True', 'kubelet has disk pressure'),
    'HostDiskPressure',
    'node/host-1',
    /`kubectl describe node host-1`/,
  ],
  [
    'a host node is short of memory',
    hostNode('MemoryPressure', 'True', 'kubelet has insufficient memory available'),
    'HostMemoryPressure',
    'node/host-1',
    /describe node host-1/,
  ],
  [
    'a host node is short of PIDs',
    hostNode('PIDPressure', 'True', 'kubelet has insufficient PID available'),
    'HostPidPressure',
    'node/host-1',
    /describe node host-1/,
  ],
  [
    'a host node is not Ready',
    hostNode('Ready', 'Unknown', 'Kubelet stopped posting node status.'),
    'HostNodeNotReady',
    'node/host-1',
    /describe node host-1/,
  ],
  [
    'MTU of the spec is more than the host carries',
    {
      checks: chooseTunnel({ podMtu: 1400, tunnelPorts: [], cni: 'Flannel' }, { vxlanPort: 8472, mtu: 1450 })
        .problems,
    },
    'MtuTooLarge',
    'host',
    /use at most 1350/,
  ],
  [
    'DNS of the host has no pods',
    {
      hostOnly: true,
      hostObjects: {
        dnsEndpoints: [object('EndpointSlice', 'kube-dns-x', { endpoints: null }, 'kube-system')],
      },
    },
    'HostDnsDown',
    'service/kube-dns',
    /`kubectl get pods -n kube-system -l k8s-app=kube-dns`/,
  ],
  [
    'the clock of this machine differs from that of the host',
    { hostOnly: true, checks: differenceProblems(-3_600_000) },
    'ClockSkew',
    'host',
    /set the clock/,
  ],
  [
    'the API of the host is slow',
    { hostOnly: true, answerMs: 4_200 },
    'HostApiSlow',
    'host',
    /`kubectl get --raw '\/readyz\?verbose'`/,
  ],
  [
    'the definition of NestedCluster is gone',
    {
      hostOnly: true,
      hostObjects: { definitions: [], nodeSets: [object('StatefulSet', 'q-cp-0', {}, 'knest-q')] },
    },
    'CrdMissing',
    'crd/nestedclusters.knest.dev',
    /`knest host install controller`/,
  ],
  [
    'the definition is of an older knest',
    { hostOnly: true, hostObjects: { definitions: crd({ 'knest.dev/definition-revision': '1' }) } },
    'CrdOutdated',
    'crd/nestedclusters.knest.dev',
    /`knest host install controller`/,
  ],
  [
    'the controller crashes',
    controller({ availableReplicas: 0, unavailableReplicas: 1 }),
    'ControllerDown',
    'deployment/knest-controller',
    /`kubectl describe pods -n knest-system/,
  ],
  [
    'the controller was scaled to 0',
    controller({}, undefined, 0),
    'ControllerDown',
    'deployment/knest-controller',
    /`kubectl scale deployment knest-controller -n knest-system --replicas 1`/,
  ],
  [
    'the controller is of another version',
    controller({ availableReplicas: 1 }, 'registry.test/controller:v1.0.0'),
    'ControllerVersion',
    'deployment/knest-controller',
    /`knest host install controller`/,
  ],
])('named: %s', (...row) => expectNamed(row))
