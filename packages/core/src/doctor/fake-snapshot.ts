import type { ClusterRecord } from '../contracts/cluster.js'
import type { ClusterCertificates, EtcdMemberStatus } from '../contracts/clusters.js'
import type { HostKind, Unseen } from '../contracts/doctor.js'
import type { KindRef, KubeApi, KubeObject } from '../contracts/kubernetes.js'
import type { NodeBackend, NodeStatus } from '../contracts/node-backend.js'
import type { Problem } from '../errors.js'
import { askDeadWebhooks } from '../nested-api/dead-webhooks.js'
import { askSystemTroubles } from '../nested-api/system-troubles.js'
import type { LastWords } from '../node/last-words.js'
import { fakeHostNode, fakeRecord } from '../status/fake-parts.js'
import { parseServices, type NodeServices } from './node-services.js'
import type { ClusterSnapshot, Snapshot } from './snapshot.js'

/** For tests: what differs from a cluster that is well, in the words of those who say it. */
export interface Seen {
  readonly controlPlanes?: number
  readonly workers?: number
  readonly backend?: 'pod' | 'vm'
  readonly persistent?: boolean
  readonly record?: Partial<ClusterRecord>
  /** By node; null: the host has none. */
  readonly host?: Readonly<Record<string, Partial<NodeStatus> | null>>
  /** By node, its Node object; null: there is none. */
  readonly members?: Readonly<Record<string, object | null>>
  readonly apiProblem?: string
  readonly etcd?: readonly Partial<EtcdMemberStatus>[]
  readonly certificates?: Partial<ClusterCertificates>
  readonly authorities?: Problem
  readonly emptyDisks?: readonly string[]
  readonly clocks?: Readonly<Record<string, number>>
  readonly fullDisks?: readonly string[]
  readonly silent?: Readonly<Record<string, string>>
  /** Objects of the nested cluster; those of network, DNS and storage are there unless one of that name is given. */
  readonly nested?: readonly KubeObject[]
  /** By node: lines of what it says of its services. */
  readonly says?: Readonly<Record<string, string>>
  readonly lastWords?: readonly LastWords[]
  readonly cluster?: Partial<ClusterSnapshot>
  readonly hostObjects?: Partial<Record<HostKind, readonly KubeObject[]>>
  readonly checks?: readonly Problem[]
  readonly answerMs?: number
  readonly unseen?: readonly Unseen[]
  readonly hostOnly?: boolean
}

export const now = new Date('2026-06-01T12:00:00Z')

export function object(kind: string, name: string, part: object = {}, namespace?: string): KubeObject {
  const apiVersion = kind === 'Deployment' || kind === 'DaemonSet' ? 'apps/v1' : 'v1'
  const { metadata, ...rest } = part as { metadata?: object }
  const place = namespace === undefined ? {} : { namespace }
  return { apiVersion, kind, metadata: { name, ...place, ...metadata }, ...rest }
}

export const system = 'kube-system'
/** A pod of the cluster's own on its control plane that is not well. */
export const systemPod = (name: string, owner: object, container: string, status: object): KubeObject =>
  object(
    'Pod',
    name,
    {
      metadata: { ownerReferences: [owner] },
      spec: { nodeName: 'q-cp-0', containers: [{ name: container, image: `registry.test/${container}:1` }] },
      status: { containerStatuses: [{ name: container, ready: false, restartCount: 4, ...status }] },
    },
    system,
  )
/** Owner of a static pod of the control plane. */
export const mirror = { kind: 'Node', name: 'q-cp-0' }
export const backOff = {
  waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container' },
}

export function nodeObject(name: string, conditions: readonly object[] = []): KubeObject {
  const usual = [
    { type: 'MemoryPressure', status: 'False', reason: 'KubeletHasSufficientMemory' },
    { type: 'DiskPressure', status: 'False', reason: 'KubeletHasNoDiskPressure' },
    { type: 'PIDPressure', status: 'False', reason: 'KubeletHasSufficientPID' },
    { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
  ]
  const given = new Set(conditions.map((each) => (each as { type: string }).type))
  return object('Node', name, {
    status: {
      conditions: [...usual.filter(({ type }) => !given.has(type)), ...conditions],
      nodeInfo: { kubeletVersion: 'v1.36.0' },
    },
  })
}

const wellServices = `kubelet active
containerd active
kubelet-health HTTP/1.0 200 OK
containerd-answers yes
pids 180 32768
threads 900 126000
mtu eth0 1450
mtu flannel.1 1400
`

const wellWorkloads: readonly KubeObject[] = [
  object('Deployment', 'coredns', { spec: { replicas: 2 }, status: { availableReplicas: 2 } }, system),
  object(
    'Deployment',
    'local-path-provisioner',
    { spec: { replicas: 1 }, status: { availableReplicas: 1 } },
    'local-path-storage',
  ),
  object('DaemonSet', 'kube-proxy', { status: { desiredNumberScheduled: 2, numberReady: 2 } }, system),
  object(
    'DaemonSet',
    'kube-flannel-ds',
    { status: { desiredNumberScheduled: 2, numberReady: 2 } },
    'kube-flannel',
  ),
]

const wellHost: Partial<Record<HostKind, readonly KubeObject[]>> = {
  nodes: [nodeObject('host-1')],
  dnsEndpoints: [
    object('EndpointSlice', 'kube-dns-x', { endpoints: [{ conditions: { ready: true } }] }, system),
  ],
  definitions: [
    object('CustomResourceDefinition', 'nestedclusters.knest.dev', {
      metadata: {
        labels: { 'app.kubernetes.io/managed-by': 'knest' },
        annotations: { 'knest.dev/definition-revision': '1000' },
      },
    }),
  ],
  storageClasses: [object('StorageClass', 'standard')],
}

export async function snapshotOf(seen: Seen): Promise<Snapshot> {
  const host = {
    checks: seen.checks ?? [],
    answerMs: seen.answerMs ?? 12,
    objects: { ...wellHost, ...seen.hostObjects },
    controllerImage: 'localhost/knest/controller:v1.2.3',
  }
  const unseen = seen.unseen ?? []
  return seen.hostOnly === true ? { host, unseen } : { host, unseen, cluster: await clusterOf(seen) }
}

async function clusterOf(seen: Seen): Promise<ClusterSnapshot> {
  const { controlPlanes = 1, workers = 1, backend = 'pod', persistent = false } = seen
  const record = fakeRecord(
    { controlPlanes, workers, persistence: { enabled: persistent } },
    {
      ...seen.record,
      conditions: [
        ...fakeRecord().conditions,
        { type: 'AddonsInstalled', status: 'True', reason: 'Installed', message: '', lastTransitionTime: '' },
        ...(seen.record?.conditions ?? []),
      ],
    },
  )
  const names = [
    ...Array.from({ length: controlPlanes }, (_, index) => `q-cp-${index}`),
    ...Array.from({ length: workers }, (_, index) => `q-worker-${index}`),
  ]
  const hostNodes = names
    .filter((name) => seen.host?.[name] !== null)
    .map((name) => ({
      ...fakeHostNode(name, seen.host?.[name] ?? {}),
      backend: { name: backend } as NodeBackend,
    }))
  const members = names
    .filter((name) => seen.members?.[name] !== null)
    .map((name) => ({ ...nodeObject(name), ...seen.members?.[name] }))
  const nested = [
    ...(seen.nested ?? []),
    ...wellWorkloads.filter(
      ({ metadata }) => !(seen.nested ?? []).some((each) => each.metadata.name === metadata.name),
    ),
  ]
  const etcd = seen.etcd ?? names.filter((name) => name.includes('-cp-')).map((name) => ({ name }))
  const isPaused = record.phase === 'Paused' || record.phase === 'Kept'
  const isAsked = seen.apiProblem === undefined && !isPaused
  return {
    facts: {
      record,
      now,
      hostNodes,
      members: isAsked
        ? { value: members, problem: undefined }
        : { value: undefined, problem: seen.apiProblem ?? 'no control plane is ready' },
      etcd: {
        value: etcd.map((member, index) => ({
          ...{ id: String(index), name: `q-cp-${index}`, healthy: true, leader: index === 0, learner: false },
          ...{ dbSizeBytes: 2 ** 21, ...member },
        })),
        problem: undefined,
      },
      certificates: {
        value: {
          renewBeforeDays: 30,
          certificates: [],
          authorities: [],
          unfinished: [],
          problems: [],
          ...seen.certificates,
        },
        problem: undefined,
      },
      reservations: { value: new Map(), problem: undefined },
      looks: {
        emptyDisks: new Set(seen.emptyDisks),
        begunDisks: new Set(),
        clocks: new Map(names.map((name) => [name, seen.clocks?.[name] ?? 0])),
        fullDisks: new Map((seen.fullDisks ?? []).map((name) => [name, { free: 2 ** 20, size: 2 ** 33 }])),
        silent: new Map(Object.entries(seen.silent ?? {})),
      },
      inside: { value: await looksInside(nested), problem: undefined },
      authorities: { value: seen.authorities, problem: undefined },
      images: { value: new Map(), problem: undefined },
      ends: new Map(),
      lastWords: seen.apiProblem === undefined ? [] : (seen.lastWords ?? []),
    },
    services: new Map(
      isPaused ? [] : hostNodes.map(({ name }) => [name, servicesOf(seen.says?.[name] ?? '')]),
    ),
    lastWords: seen.lastWords ?? [],
    workloads: isAsked ? nested : undefined,
    answerMs: 20,
    deadHolders: [],
    ...seen.cluster,
  }
}

/** What is given comes before what is usual. */
function servicesOf(lines: string): NodeServices {
  const names = new Set(lines.split('\n').map((line) => line.split(' ')[0]))
  const usual = wellServices.split('\n').filter((line) => !names.has(line.split(' ')[0]))
  const device = /^mtu (\S+)/
  const devices = new Set([...lines.matchAll(/^mtu (\S+)/gm)].map(([, name]) => name))
  const others = wellServices.split('\n').filter((line) => {
    const name = device.exec(line)?.[1]
    return name !== undefined && !devices.has(name)
  })
  return parseServices([lines, ...usual, ...(names.has('mtu') ? others : [])].join('\n'))
}

async function looksInside(nested: readonly KubeObject[]) {
  const api: Pick<KubeApi, 'list'> = {
    list: ({ kind }: KindRef, { namespace }: { namespace?: string | undefined }) =>
      Promise.resolve(
        nested.filter(
          (each) => each.kind === kind && (namespace === undefined || each.metadata.namespace === namespace),
        ),
      ),
  }
  const { signal } = new AbortController()
  const [troubles, webhooks] = await Promise.all([
    askSystemTroubles(api, signal),
    askDeadWebhooks(api, signal),
  ])
  return { troubles, webhooks, problems: [] }
}
