import { expect, test } from 'vitest'
import type { CertificateAuthorities } from '../contracts/cluster-home.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import type { NodeStatus } from '../contracts/node-backend.js'
import type { Parts } from '../contracts/parts.js'
import { bootstrappedMarker } from '../node/disk.js'
import { clusterStatus } from './cluster-status.js'
import { done, failed, fakeHostNode, fakeParts, fakeRecord, type FakeAnswer } from './fake-parts.js'

const { signal } = new AbortController()

/** What is injected: objects of the nested cluster, nodes of the host, what commands on nodes say. */
interface Sick {
  readonly objects?: readonly KubeObject[]
  readonly host?: Partial<NodeStatus>
  readonly pressure?: string
  readonly isApiAway?: boolean
  /** Answers of both nodes, by what is in the command. */
  readonly says?: Readonly<Record<string, string>>
}

const now = (): number => Math.floor(Date.now() / 1000)

function member(name: string, pressure?: string): KubeObject {
  const conditions = [
    { type: 'Ready', status: 'True' },
    ...(pressure === undefined ? [] : [{ type: pressure, status: 'True', message: 'kubelet has it' }]),
  ]
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, status: { conditions } }
}

const etcdList = '{"members":[{"ID":"a1","name":"q-cp-0","peerURLs":[],"clientURLs":["https://a:2379"]}]}'

function etcd(alarm?: string): string {
  const errors = alarm === undefined ? {} : { errors: [`memberID:161 alarm:${alarm} `] }
  const status = [
    { Endpoint: 'https://a:2379', Status: { header: { member_id: 161 }, dbSize: 2 ** 31, ...errors } },
  ]
  const health = [
    { endpoint: 'https://a:2379', health: alarm === undefined, error: 'Active Alarm(s): NOSPACE ' },
  ]
  return [etcdList, JSON.stringify(status), JSON.stringify(health)].join('\n')
}

async function problemsOf({
  objects = [],
  host = {},
  pressure,
  isApiAway = false,
  says = {},
}: Sick): Promise<string> {
  const nodes = [fakeHostNode('q-cp-0', { ready: !isApiAway }), fakeHostNode('q-worker-0', host)]
  const answers: Readonly<Record<string, string>> = {
    [bootstrappedMarker]: `bootstrapped\nnone\n${now()}\n1000000 2000000 4096\n`,
    'member list': isApiAway ? '' : etcd(),
    ...says,
  }
  const answer: FakeAnswer = (_node, argv) => {
    const found = Object.entries(answers).find(([part]) => argv.join(' ').includes(part))
    if (found === undefined) return argv.includes('certificates') ? done : failed
    return found[1] === '' ? failed : { ...done, stdout: found[1] }
  }
  const all = [member('q-cp-0'), member('q-worker-0', pressure), ...objects]
  const api = {
    list: ({ kind }: KindRef, { namespace }: { namespace?: string }) =>
      Promise.resolve(
        all.filter(
          (each) => each.kind === kind && (namespace ?? each.metadata.namespace) === each.metadata.namespace,
        ),
      ),
    close: () => undefined,
  }
  const parts = fakeParts(nodes, answer)
  const home = { ...parts.home, readAuthorities: () => Promise.resolve({} as CertificateAuthorities) }
  const whole: Parts = { ...parts, home, openNestedApi: () => Promise.resolve(api as unknown as KubeApi) }
  const status = await clusterStatus(whole, fakeRecord({ workers: 1 }), signal, 2_000)
  const hasAlarm = status.etcd.members.some(({ alarms }) => alarms !== undefined)
  if (hasAlarm) expect(status.phase).toBe('Degraded')
  const texts = status.problems.map(({ message, hint }) => `${message} | ${hint}`)
  return texts.filter((text) => !text.startsWith('the certificate authorities')).join('\n')
}

function pod(name: string, namespace: string, owner: object, container: object): KubeObject {
  const metadata = { name, namespace, ownerReferences: [owner as never] }
  const containers = [{ name: 'main', image: 'registry.test/cni:1' }]
  const status = { containerStatuses: [{ name: 'main', ready: false, restartCount: 1, ...container }] }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName: 'q-worker-0', containers }, status }
}

const cniSet: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'calico-node', namespace: 'calico-system' },
  status: { desiredNumberScheduled: 2, numberReady: 0 },
}
const set = { kind: 'DaemonSet', name: 'calico-node' }
const node = { kind: 'Node', name: 'q-cp-0' }
const webhook = (failurePolicy: string): KubeObject => {
  const clientConfig = { service: { namespace: 'guard', name: 'gate' } }
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'policies' },
    webhooks: [{ name: 'all.guard.test', failurePolicy, clientConfig }],
  }
}
const slice = (ready: boolean): KubeObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'gate-1', namespace: 'guard', labels: { 'kubernetes.io/service-name': 'gate' } },
  endpoints: [{ conditions: { ready } }],
})

const lastLine = (part: string, said: string): string => `${part} 2026-01-01T00:00:00.5Z stderr F ${said}\n`
const pull = { state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } } }
const killed = { terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt: new Date().toISOString() } }
const before = { terminated: { ...killed.terminated, finishedAt: '2026-01-01T00:00:00Z' } }
const crash = { waiting: { reason: 'CrashLoopBackOff' } }

test.each<[string, Sick, RegExp | '']>([
  ['nothing', {}, ''],
  [
    'etcd is full',
    { says: { 'member list': etcd('NOSPACE') } },
    /^etcd is full \(NOSPACE, 2048Mi\).* \| .*`knest heal q -n knest-q` gives the room back/,
  ],
  [
    'a node pod was evicted',
    {
      host: {
        phase: 'failed',
        ready: false,
        reason: 'Evicted: The node was low on resource: ephemeral-storage.',
      },
    },
    /^node "q-worker-0" does not run: Evicted: .* \| its host node had no room left: make room there;.*`knest heal q/,
  ],
  [
    'a node pod was evicted, its disk larger than was asked for',
    {
      host: {
        phase: 'failed',
        ready: false,
        reason: 'Evicted: Usage of EmptyDir volume "disk" exceeds the limit "1Gi".',
      },
    },
    /^node "q-worker-0" does not run: Evicted: .*the limit "1Gi"\. \| its disk was full: give nodes a larger --…-machine-rootfs-size.*`knest heal q/,
  ],
  [
    'somebody scaled the StatefulSet of a node to 0',
    { host: { phase: 'pending', ready: false, reason: 'its StatefulSet was scaled to 0' } },
    /^node "q-worker-0" does not run: its StatefulSet was scaled to 0 \| the controller or `knest heal q/,
  ],
  [
    'a node pod finds no room',
    { host: { phase: 'pending', ready: false, reason: 'Unschedulable: 0/1 nodes are available' } },
    /^node "q-worker-0" does not run: Unschedulable.* \| make room on the host/,
  ],
  [
    'the image of the CNI is missing',
    { objects: [cniSet, pod('calico-node-x', 'calico-system', set, pull)] },
    /^"main" of DaemonSet "calico-node" in namespace "calico-system" on "q-worker-0" has no image "registry.test\/cni:1": ImagePullBackOff: Back-off.* \| it starts by itself when its nodes can pull/,
  ],
  [
    'a dead webhook refuses',
    { objects: [webhook('Fail'), slice(false)] },
    /^admission webhook "all.guard.test" .* nobody is ready behind Service "guard\/gate" \| .*`knest shell q -- kubectl delete validatingwebhookconfiguration policies`/,
  ],
  ['a webhook that answers', { objects: [webhook('Fail'), slice(true)] }, ''],
  ['a dead webhook that refuses nothing', { objects: [webhook('Ignore')] }, ''],
  [
    'a part of the control plane was killed',
    { objects: [pod('kube-scheduler-q-cp-0', 'kube-system', node, { state: crash, lastState: killed })] },
    /^"main" on "q-worker-0" was killed at .*\(OOMKilled\) \| give it less to do, or more memory/,
  ],
  [
    'one that was killed long ago',
    { objects: [pod('kube-scheduler-q-cp-0', 'kube-system', node, { ready: true, lastState: before })] },
    '',
  ],
  [
    'one that ends again and again',
    {
      objects: [
        pod('kube-scheduler-q-cp-0', 'kube-system', node, {
          state: crash,
          lastState: { terminated: { exitCode: 1 } },
        }),
      ],
    },
    /^"main" on "q-worker-0" ends again and again, with exit code 1 \| see why: `knest shell q -- kubectl logs kube-scheduler-q-cp-0 /,
  ],
  [
    'a kubelet runs out of disk',
    { pressure: 'DiskPressure' },
    /^node "q-worker-0" has DiskPressure: .* \| .*kubectl describe node q-worker-0`/,
  ],
  [
    'the disk of the nodes is full',
    { says: { [bootstrappedMarker]: `bootstrapped\nnone\n${now()}\n100 2000000 4096\n` } },
    /^the disk of "q-cp-0", "q-worker-0" is full: 1Mi of 7813Mi are free \| make room where that disk is/,
  ],
  [
    'their clocks are wrong',
    { says: { [bootstrappedMarker]: `bootstrapped\nnone\n${now() - 3_600}\n` } },
    /^this machine's clock differs from that of every node/,
  ],
  [
    'the port of the API server is taken',
    {
      isApiAway: true,
      says: {
        'for part in': lastLine(
          'kube-apiserver',
          'E0101 00:00:00.5   1 run.go:74] "failed" err="listen tcp 0.0.0.0:6443: bind: address already in use"',
        ),
      },
    },
    /^the API server cannot be asked: no control plane is ready; kube-apiserver on "q-cp-0" said last: "failed" err="listen tcp 0.0.0.0:6443: bind: address already in use" \| /,
  ],
  [
    'etcd has no disk left',
    {
      isApiAway: true,
      says: {
        'for part in': lastLine(
          'etcd',
          '{"level":"fatal","msg":"failed to save","error":"no space left on device"}',
        ),
      },
    },
    /etcd on "q-cp-0" said last: failed to save: no space left on device \| /,
  ],
])('status says what is the matter, and what to do: %s', async (_, sick, expected) => {
  const told = await problemsOf(sick)
  if (expected === '') expect(told).toBe('')
  else expect(told).toMatch(expected)
  expect(told.split('\n')).toHaveLength(1)
})
