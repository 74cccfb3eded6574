import { labels, type KubeObject } from '@knest/core'
import type { Etcd } from './etcd.js'
import type { Machine } from './machine.js'
import { Store, type StoredKind, type Writer } from './store.js'

const rbac = 'rbac.authorization.k8s.io/v1'
const kindsOf: Readonly<Record<string, readonly string[]>> = {
  v1: ['Namespace', 'Node', 'ConfigMap', 'Service', 'ServiceAccount', 'Pod', 'Secret'],
  'apps/v1': ['Deployment', 'DaemonSet'],
  'policy/v1': ['PodDisruptionBudget'],
  [rbac]: ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  'storage.k8s.io/v1': ['StorageClass'],
}
const clusterWide = new Set(['Namespace', 'Node', 'ClusterRole', 'ClusterRoleBinding', 'StorageClass'])
const kinds: readonly StoredKind[] = Object.entries(kindsOf).flatMap(([apiVersion, names]) =>
  names.map((kind) => ({ apiVersion, kind, isClusterWide: clusterWide.has(kind), hasStatus: true })),
)

const nodeKind = { apiVersion: 'v1', kind: 'Node' }
const kubelet: Writer = { name: 'kubelet', isKnest: false }
const kubeadm: Writer = { name: 'kubeadm', isKnest: false }
/** node-monitor-grace-period of kube-controller-manager. */
const silentMs = 50_000

/** The Kubernetes that lives in one etcd: its objects, and what kubelets and controllers say of them. */
export class Nested {
  readonly etcd: Etcd
  readonly store: Store
  readonly #heard = new Map<string, number>()
  readonly #now: () => number

  constructor(etcd: Etcd, now: () => number, uid: () => string) {
    this.etcd = etcd
    this.#now = now
    this.store = new Store({ kinds, now, uid })
  }

  /** Once in a while, and only while an API server answers. */
  tick(machines: readonly Machine[]): void {
    for (const machine of machines.filter((one) => one.runsKubelet())) this.#hear(machine)
    for (const object of this.store.list(nodeKind)) {
      const heardAt = this.#heard.get(object.metadata.name)
      if (heardAt !== undefined && this.#now() - heardAt > silentMs)
        this.#say(object, { status: 'Unknown', message: 'Kubelet stopped posting node status.' })
    }
    const isAnyReady = this.store.list(nodeKind).some((node) => readyOf(node)?.status === 'True')
    for (const found of this.store.list({ apiVersion: 'apps/v1', kind: 'Deployment' })) {
      const [before] = (found.status as { conditions?: { status: string }[] } | undefined)?.conditions ?? []
      if (before?.status === (isAnyReady ? 'True' : 'False')) continue
      const status = { conditions: [{ type: 'Available', status: isAnyReady ? 'True' : 'False' }] }
      const { name, namespace } = found.metadata
      this.store.patch(
        kubelet,
        { apiVersion: 'apps/v1', kind: 'Deployment' },
        name,
        namespace,
        { status },
        'status',
      )
    }
  }

  /** Writes down what kubeadm keeps in the cluster. */
  configure(version: string, what?: 'configuration' | 'proxy'): void {
    const namespace = 'kube-system'
    const configuration = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kubeadm-config', namespace },
      data: { ClusterConfiguration: `kind: ClusterConfiguration\nkubernetesVersion: v${version}\n` },
    }
    const proxyConfiguration = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kube-proxy', namespace },
      data: { 'config.conf': 'kind: KubeProxyConfiguration\n' },
    }
    const proxy = {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'kube-proxy', namespace },
      spec: {
        template: {
          spec: { containers: [{ name: 'kube-proxy', image: `registry.k8s.io/kube-proxy:v${version}` }] },
        },
      },
    }
    if (what !== 'proxy') this.store.apply(kubeadm, configuration)
    if (what === 'configuration') return
    this.store.apply(kubeadm, proxyConfiguration)
    this.store.apply(kubeadm, proxy)
  }

  hasNetwork(): boolean {
    const sets = this.store.list({ apiVersion: 'apps/v1', kind: 'DaemonSet' })
    return sets.some(({ metadata }) => metadata.name.includes('flannel'))
  }

  register(name: string): void {
    if (this.store.get(nodeKind, name) !== undefined) return
    const cluster = /\/(\S+) /.exec(this.etcd.id)?.[1] ?? ''
    const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' }
    this.store.create(kubelet, {
      ...nodeKind,
      metadata: { name, labels: { [labels.cluster]: cluster }, annotations },
    })
  }

  #hear(machine: Machine): void {
    if (!machine.isRegistered) this.register(machine.node)
    machine.isRegistered = true
    this.#heard.set(machine.node, this.#now())
    const object = this.store.get(nodeKind, machine.node)
    if (object === undefined) return
    this.#say(
      object,
      !this.hasNetwork()
        ? { status: 'False', message: 'container runtime network not ready: NetworkPluginNotReady' }
        : machine.isReady()
          ? { status: 'True', message: 'kubelet is posting ready status' }
          : { status: 'False', message: 'kubelet is starting' },
      machine,
    )
  }

  #say(object: KubeObject, said: { readonly status: string; readonly message: string }, by?: Machine): void {
    const before = readyOf(object)
    const { nodeInfo } = (object.status ?? {}) as { nodeInfo?: { kubeletVersion?: string } }
    const heard = before?.lastHeartbeatTime
    const isTold =
      by === undefined ||
      (nodeInfo?.kubeletVersion === `v${by.version}` && Date.parse(heard ?? '') >= (by.kubeletAt ?? 0))
    if (before?.status === said.status && before.message === said.message && isTold) return
    const info = by === undefined ? {} : { nodeInfo: { kubeletVersion: `v${by.version}` } }
    const lastTransitionTime = before?.status === said.status ? before.lastTransitionTime : this.#time()
    const lastHeartbeatTime = by === undefined ? heard : this.#time()
    const ready = { type: 'Ready', ...said, lastTransitionTime, lastHeartbeatTime }
    const status = { conditions: [ready], ...info }
    this.store.patch(kubelet, nodeKind, object.metadata.name, undefined, { status }, 'status')
  }

  #time(): string {
    return new Date(this.#now()).toISOString().replace(/\.\d+Z$/, 'Z')
  }
}

interface Ready {
  readonly type: string
  readonly status: string
  readonly message: string
  readonly lastTransitionTime: string
  /** When a kubelet has said so. */
  readonly lastHeartbeatTime: string | undefined
}

export function readyOf(node: KubeObject): Ready | undefined {
  const { conditions } = (node.status ?? {}) as { conditions?: readonly Ready[] }
  return conditions?.find(({ type }) => type === 'Ready')
}
