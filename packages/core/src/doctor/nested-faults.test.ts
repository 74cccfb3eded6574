import { test } from 'vitest'
import { makeCondition } from '../contracts/condition.js'
import { expectNamed, type FaultRow } from './fake-fault.js'
import { backOff, mirror, nodeObject, object, system, systemPod, type Seen } from './fake-snapshot.js'

const member = (name: string, type: string, status: string, message: string): Seen => ({
  members: { [name]: nodeObject(name, [{ type, status, message, reason: 'KubeletNotReady' }]) },
})
const killed = { terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt: '2026-06-01T11:58:00Z' } }
const webhook = (kind: string): Seen => ({
  nested: [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind,
      metadata: { name: 'policies' },
      webhooks: [
        {
          name: 'all.guard.test',
          failurePolicy: 'Fail',
          clientConfig: { service: { namespace: 'guard', name: 'gate' } },
        },
      ],
    },
    {
      ...object(
        'EndpointSlice',
        'gate-1',
        { endpoints: null, metadata: { labels: { 'kubernetes.io/service-name': 'gate' } } },
        'guard',
      ),
      apiVersion: 'discovery.k8s.io/v1',
    },
  ],
})
const deployment = (
  name: string,
  replicas: number,
  availableReplicas?: number,
  namespace = system,
): Seen => ({
  nested: [object('Deployment', name, { spec: { replicas }, status: { availableReplicas } }, namespace)],
})
const daemonSet = (
  name: string,
  desiredNumberScheduled: number,
  numberReady: number,
  namespace = system,
): Seen => ({
  nested: [object('DaemonSet', name, { status: { desiredNumberScheduled, numberReady } }, namespace)],
})
/** Of whose settings nothing but the name is asked for. */
const lost = (name: string): Seen => ({ nested: [object('ConfigMap', name, {}, system)] })

test.each<FaultRow>([
  [
    'kubelet was stopped',
    {
      says: {
        'q-worker-0': 'kubelet inactive\nkubelet-health \nkubelet-said E0601 failed to run Kubelet: bad flag',
      },
    },
    'KubeletDown',
    'node/q-worker-0',
    /`knest ssh q q-worker-0 -n knest-q -- systemctl restart kubelet`|`knest ssh q q-worker-0 -- systemctl restart kubelet`/,
  ],
  [
    'kubelet hangs',
    { says: { 'q-worker-0': 'kubelet active\nkubelet-health ' } },
    'KubeletDown',
    'node/q-worker-0',
    /systemctl restart kubelet/,
  ],
  [
    'kubelet stopped long ago',
    {
      ...member('q-worker-0', 'Ready', 'Unknown', 'Kubelet stopped posting node status.'),
      says: { 'q-worker-0': 'kubelet inactive\nkubelet-health ' },
    },
    'KubeletDown',
    'node/q-worker-0',
    /systemctl restart kubelet/,
  ],
  [
    'containerd is dead',
    { says: { 'q-worker-0': 'containerd inactive\ncontainerd-answers no\nkubelet active\nkubelet-health ' } },
    'ContainerdDown',
    'node/q-worker-0',
    /systemctl restart containerd/,
  ],
  [
    'kubelet says that containerd is dead',
    member('q-worker-0', 'Ready', 'False', '[container runtime is down, PLEG is not healthy]'),
    'ContainerdDown',
    'node/q-worker-0',
    /systemctl restart containerd/,
  ],
  [
    'the CNI plugin is missing',
    member(
      'q-worker-0',
      'Ready',
      'False',
      'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
    ),
    'NetworkPluginMissing',
    'node/q-worker-0',
    /get pods -A -o wide --field-selector spec\.nodeName=q-worker-0`.*`knest shell q -- kubectl rollout restart daemonset kube-flannel-ds -n kube-flannel`/,
  ],
  [
    'a node is not Ready for another reason',
    member('q-worker-0', 'Ready', 'False', 'node is shutting down'),
    'NodeNotReady',
    'node/q-worker-0',
    /describe node q-worker-0`/,
  ],
  [
    'CoreDNS was scaled to 0',
    deployment('coredns', 0),
    'DnsDown',
    'deployment/coredns',
    /`knest shell q -- kubectl scale deployment coredns -n kube-system --replicas 2`/,
  ],
  [
    'CoreDNS crashes',
    deployment('coredns', 2, 0),
    'DnsDown',
    'deployment/coredns',
    /rollout restart deployment coredns -n kube-system`/,
  ],
  [
    'CoreDNS was deleted',
    lost('coredns'),
    'DnsDown',
    'deployment/coredns',
    /`knest ssh q q-cp-0( -n knest-q)? -- sh -c '\{ .* && kubeadm init phase addon coredns --config \/tmp\/addon\.yaml'`/,
  ],
  [
    'kube-proxy was deleted',
    lost('kube-proxy'),
    'ProxyDown',
    'daemonset/kube-proxy',
    /config\\\.conf\}"; \} >\/tmp\/addon\.yaml && kubeadm init phase addon kube-proxy/,
  ],
  [
    'kube-proxy is dead',
    daemonSet('kube-proxy', 2, 0),
    'ProxyDown',
    'daemonset/kube-proxy',
    /rollout restart daemonset kube-proxy/,
  ],
  [
    'kube-proxy runs nowhere',
    daemonSet('kube-proxy', 0, 0),
    'ProxyDown',
    'daemonset/kube-proxy',
    /get daemonset kube-proxy/,
  ],
  [
    'the network plugin is dead',
    daemonSet('kube-flannel-ds', 2, 1, 'kube-flannel'),
    'NetworkDown',
    'daemonset/kube-flannel-ds',
    /rollout restart daemonset kube-flannel-ds/,
  ],
  [
    'the provisioner is dead',
    deployment('local-path-provisioner', 1, 0, 'local-path-storage'),
    'StorageDown',
    'deployment/local-path-provisioner',
    /rollout restart/,
  ],
  [
    'a validating webhook is dead',
    webhook('ValidatingWebhookConfiguration'),
    'WebhookDown',
    'validatingwebhookconfiguration/policies',
    /`knest shell q -- kubectl delete validatingwebhookconfiguration policies`/,
  ],
  [
    'a mutating webhook is dead',
    webhook('MutatingWebhookConfiguration'),
    'WebhookDown',
    'mutatingwebhookconfiguration/policies',
    /delete mutatingwebhookconfiguration policies`/,
  ],
  [
    'the disk of a node is full',
    { fullDisks: ['q-worker-0'] },
    'DiskFull',
    'cluster/q',
    /make room where that disk is/,
  ],
  [
    'kubelet has DiskPressure',
    member('q-worker-0', 'DiskPressure', 'True', 'kubelet has disk pressure'),
    'DiskPressure',
    'node/q-worker-0',
    /describe node q-worker-0`/,
  ],
  [
    'kubelet has MemoryPressure',
    member('q-worker-0', 'MemoryPressure', 'True', 'kubelet has insufficient memory'),
    'MemoryPressure',
    'node/q-worker-0',
    /describe node/,
  ],
  [
    'kubelet has PIDPressure',
    member('q-worker-0', 'PIDPressure', 'True', 'kubelet has insufficient PID'),
    'PidPressure',
    'node/q-worker-0',
    /describe node/,
  ],
  [
    'a static pod was killed',
    {
      nested: [
        systemPod('kube-apiserver-q-cp-0', mirror, 'kube-apiserver', { state: backOff, lastState: killed }),
      ],
    },
    'OutOfMemory',
    'pod/kube-apiserver-q-cp-0',
    /more memory/,
  ],
  [
    'an image cannot be pulled',
    {
      nested: [
        systemPod('calico-node-x', { kind: 'DaemonSet', name: 'calico-node' }, 'calico-node', {
          state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } },
        }),
      ],
    },
    'ImagePull',
    'pod/calico-node-x',
    /get pod calico-node-x -n kube-system -o yaml`/,
  ],
  [
    'an add-on crashes',
    {
      nested: [
        systemPod('kube-proxy-x', { kind: 'DaemonSet', name: 'kube-proxy' }, 'kube-proxy', {
          state: backOff,
          lastState: { terminated: { exitCode: 1 } },
        }),
      ],
    },
    'ContainerCrashes',
    'pod/kube-proxy-x',
    /logs kube-proxy-x -n kube-system -c kube-proxy --previous`/,
  ],
  [
    'a Node object is gone',
    { members: { 'q-worker-0': null } },
    'NodeNotRegistered',
    'node/q-worker-0',
    /`knest scale q 1:1 -n knest-q`/,
  ],
  [
    'a pause was broken off',
    { persistent: true, record: { phase: 'Paused' } },
    'NodesLeft',
    'cluster/q',
    /`knest pause q -n knest-q`/,
  ],
  [
    'a create that nobody goes on with',
    { record: { phase: 'Creating' }, members: {} },
    'NotCompleted',
    'cluster/q',
    /run it again with the same settings/,
  ],
  [
    'an object that asks for what is refused',
    {
      record: {
        conditions: [makeCondition('Accepted', 'False', 'Refused', 'network.podCIDR cannot be changed')],
      },
    },
    'NotAccepted',
    'cluster/q',
    /`kubectl edit nestedcluster q -n knest-q`/,
  ],
])('named: %s', (...row) => expectNamed(row))
