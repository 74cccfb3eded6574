import { KnestError, labels } from '@knest/core'
import type { KindRef, KubeObject } from '@knest/core'
import { Watches } from './api.js'
import type { Clock } from './clock.js'
import { extraOf, hostKinds, kinds, type Extra } from './host-kinds.js'
import type { Random } from './random.js'
import { Store, type Change, type Writer } from './store.js'

export interface HostOptions {
  readonly clock: Clock
  readonly random: Random
  readonly uid: () => string
  /** What the host has beside Kubernetes; by default nothing. */
  readonly extras?: ReadonlySet<Extra>
}

const sameHost: Writer = { name: 'host', isKnest: false }

/**
 * A host cluster's API server and the controllers that knest's objects meet there: namespaces, owner references,
 * StatefulSets, claims. Its kubelets are in `kubelet.ts`.
 */
export class Host {
  readonly store: Store
  readonly watches = new Watches()
  readonly clock: Clock
  readonly random: Random
  /** Who asked that an object goes; what goes because of it is of the same hand. */
  readonly causes = new Map<string, Writer>()
  /** What admission has against a new object now; undefined when nothing. */
  refusal: ((kind: string) => KnestError | undefined) | undefined
  #addresses = 10

  constructor({ clock, random, uid, extras = new Set() }: HostOptions) {
    this.clock = clock
    this.random = random
    this.store = new Store({
      kinds: hostKinds,
      now: () => clock.now,
      uid,
      complete: (object) => this.#complete(object),
      admit: (object) => this.#admit(object),
      isServed: (kind) => {
        const extra = extraOf(kind)
        if (extra !== undefined) return extras.has(extra)
        return (
          kind.kind !== kinds.cluster.kind ||
          this.store.get(kinds.crd, 'nestedclusters.knest.dev') !== undefined
        )
      },
    })
    this.watches.follow(this.store)
    this.store.onChange((change) => this.#react(change))
  }

  /** Does something a moment later, as controllers do. */
  soon(work: () => void, low = 20, high = 400): void {
    this.clock.plan(this.random.between(low, high), work)
  }

  causeOf({ metadata: { uid = '' } }: KubeObject): Writer {
    return this.causes.get(uid) ?? sameHost
  }

  #complete(object: KubeObject): KubeObject {
    const spec = (object.spec ?? {}) as { clusterIP?: string }
    if (object.kind !== 'Service' || spec.clusterIP !== undefined) return object
    return { ...object, spec: { ...spec, clusterIP: `10.96.0.${++this.#addresses}` } }
  }

  #admit({ kind, metadata: { name, namespace } }: KubeObject): void {
    if (namespace === undefined) return
    const found = this.store.get(kinds.namespace, namespace)
    if (found === undefined) throw new KnestError('not-found', `namespaces "${namespace}" not found`)
    const refusal = this.refusal?.(kind)
    if (refusal !== undefined) throw refusal
    if (found.metadata.deletionTimestamp === undefined) return
    const said = `unable to create new content in namespace ${namespace} because it is being terminated`
    throw new KnestError('conflict', `${kind} "${name}" is forbidden: ${said}`)
  }

  #react({ by, before, after, isGone }: Change): void {
    const { uid = '' } = after.metadata
    const isGoing = after.metadata.deletionTimestamp !== undefined
    if (isGoing && !this.causes.has(uid)) this.causes.set(uid, by)
    if (isGone) {
      this.soon(() => this.#collect(uid))
      if (after.kind === 'Pod') this.soon(() => this.#syncOwner(after))
      if (after.kind === 'CustomResourceDefinition') this.#dropClusters(by)
    } else if (isGoing) {
      if (after.kind === 'Namespace' && before?.metadata.deletionTimestamp === undefined)
        this.clock.plan(5_000, () => this.#empty(after))
    } else if (before === undefined) {
      const owners = after.metadata.ownerReferences ?? []
      if (owners.length > 0) this.soon(() => this.#collectOrphan(after), 2_000, 4_000)
      if (after.kind === 'CustomResourceDefinition') this.soon(() => this.#establish(after))
      if (after.kind === 'PersistentVolumeClaim') this.soon(() => this.#bind(after))
    }
    if (after.kind === 'StatefulSet' && !isGone) this.soon(() => this.#sync(after))
    if (after.kind === 'PersistentVolumeClaim' && isGoing && !isGone) this.soon(() => this.release(after))
  }

  /** Deletes what only this owner owned. */
  #collect(owner: string): void {
    for (const object of this.store.all())
      if (object.metadata.ownerReferences?.some(({ uid }) => uid === owner) === true)
        this.#collectOrphan(object, this.causes.get(owner))
  }

  #collectOrphan(object: KubeObject, by = sameHost): void {
    const { apiVersion, kind, metadata } = object
    const now = this.store.get({ apiVersion, kind }, metadata.name, metadata.namespace)
    const owners = now?.metadata.ownerReferences ?? []
    if (now === undefined || now.metadata.uid !== metadata.uid || owners.length === 0) return
    if (now.metadata.deletionTimestamp !== undefined) return
    const isThere = owners.some(({ uid, ...owner }) => {
      const found = this.store.get(owner, owner.name, metadata.namespace)
      return found?.metadata.uid === uid
    })
    if (!isThere) this.store.delete(by, { apiVersion, kind }, metadata.name, metadata.namespace)
  }

  #syncOwner(pod: KubeObject): void {
    const owner = pod.metadata.ownerReferences?.[0]
    if (owner === undefined) return
    const set = this.store.get(kinds.statefulSet, owner.name, pod.metadata.namespace)
    if (set !== undefined) this.#sync(set)
  }

  /** A StatefulSet of one replica: its claim, then its pod. */
  #sync({ metadata: { name, namespace = '', uid } }: KubeObject): void {
    const set = this.store.get(kinds.statefulSet, name, namespace)
    if (set === undefined || set.metadata.uid !== uid || set.metadata.deletionTimestamp !== undefined) return
    const podName = `${name}-0`
    if (this.store.get(kinds.pod, podName, namespace) !== undefined) return
    const { template, volumeClaimTemplates = [] } = set.spec as {
      template: { metadata: object; spec: { volumes?: object[] } }
      volumeClaimTemplates?: { metadata: { name: string; labels: Record<string, string> }; spec: object }[]
    }
    try {
      for (const { metadata, spec } of volumeClaimTemplates) {
        const claim = `${metadata.name}-${podName}`
        if (this.store.get(kinds.claim, claim, namespace) !== undefined) continue
        this.store.create(sameHost, {
          ...kinds.claim,
          metadata: { name: claim, namespace, labels: metadata.labels },
          spec,
        })
      }
      const owner = { ...kinds.statefulSet, name, uid: uid ?? '', controller: true }
      const claims = volumeClaimTemplates.map(({ metadata }) => ({
        name: metadata.name,
        persistentVolumeClaim: { claimName: `${metadata.name}-${podName}` },
      }))
      const spec = { ...template.spec, volumes: [...(template.spec.volumes ?? []), ...claims] }
      const metadata = { ...template.metadata, name: podName, namespace, ownerReferences: [owner] }
      this.store.create(sameHost, { ...kinds.pod, metadata, spec })
    } catch (error) {
      if (!(error instanceof KnestError)) throw error
      this.soon(() => this.#sync(set), 2_000, 5_000)
    }
  }

  #bind({ metadata: { name, namespace } }: KubeObject): void {
    const claim = this.store.get(kinds.claim, name, namespace)
    if (claim === undefined || (claim.spec as { volumeName?: string }).volumeName !== undefined) return
    const volume = `pvc-${claim.metadata.uid ?? ''}`
    const spec = { persistentVolumeReclaimPolicy: 'Delete' }
    this.store.create(sameHost, { ...kinds.volume, metadata: { name: volume }, spec })
    this.store.patch(sameHost, kinds.claim, name, namespace, { spec: { volumeName: volume } })
  }

  /** A claim stays as long as a pod uses it. */
  release(claim: KubeObject): void {
    const { name, namespace } = claim.metadata
    const now = this.store.get(kinds.claim, name, namespace)
    if (now?.metadata.uid !== claim.metadata.uid || now?.metadata.deletionTimestamp === undefined) return
    if (this.store.list(kinds.pod, { namespace: namespace ?? '' }).some((pod) => claimOf(pod) === name)) {
      this.clock.plan(1_000, () => this.release(now))
      return
    }
    this.store.letGo(sameHost, now)
    const { volumeName } = now.spec as { volumeName?: string }
    if (volumeName !== undefined)
      this.soon(() => this.store.delete(this.causeOf(now), kinds.volume, volumeName, undefined))
  }

  #establish({ metadata: { name } }: KubeObject): void {
    if (this.store.get(kinds.crd, name) === undefined) return
    const status = { conditions: [{ type: 'Established', status: 'True' }] }
    this.store.patch(sameHost, kinds.crd, name, undefined, { status }, 'status')
  }

  #dropClusters(by: Writer): void {
    for (const { kind, apiVersion, metadata } of this.store.all())
      if (kind === kinds.cluster.kind)
        this.store.delete(by, { kind, apiVersion }, metadata.name, metadata.namespace)
  }

  /** What the namespace controller does until nothing is left. */
  #empty(namespace: KubeObject): void {
    const { name, uid } = namespace.metadata
    // Whoever deleted it may have emptied it, and somebody made another.
    if (this.store.get(kinds.namespace, name)?.metadata.uid !== uid) return
    const inside = this.store.all().filter(({ metadata }) => metadata.namespace === name)
    if (inside.length === 0) {
      this.store.letGo(sameHost, namespace)
      return
    }
    for (const { apiVersion, kind, metadata } of inside)
      if (metadata.deletionTimestamp === undefined)
        this.store.delete(this.causeOf(namespace), { apiVersion, kind }, metadata.name, name)
    this.clock.plan(1_000, () => this.#empty(namespace))
  }
}

export function claimOf(pod: KubeObject): string | undefined {
  const { volumes = [] } = (pod.spec ?? {}) as {
    volumes?: { persistentVolumeClaim?: { claimName: string } }[]
  }
  return volumes.find(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined)
    ?.persistentVolumeClaim?.claimName
}

/** The host's own objects, and some of others that must never change. */
export function hostObjects(images: readonly string[]): readonly KubeObject[] {
  const namespaces = ['default', 'kube-system', 'team'].map((name) => ({
    ...kinds.namespace,
    metadata: { name },
  }))
  const allocatable = { cpu: '64', memory: '256Gi', 'ephemeral-storage': '1Ti', pods: '250' }
  const status = { images: [{ names: images }], allocatable, capacity: allocatable }
  const nodes = ['h1', 'h2', 'h3'].map((name) => ({ ...kinds.node, metadata: { name }, status }))
  const networking = 'networking:\n  podSubnet: 10.244.0.0/16\n  serviceSubnet: 10.96.0.0/16\n'
  const other = (kind: KindRef, name: string, namespace: string, fields: object): KubeObject => ({
    ...kind,
    metadata: { name, namespace, labels: { 'app.kubernetes.io/managed-by': 'somebody' } },
    ...fields,
  })
  return [
    ...namespaces,
    ...nodes,
    other({ apiVersion: 'v1', kind: 'ConfigMap' }, 'kubeadm-config', 'kube-system', {
      data: { ClusterConfiguration: networking },
    }),
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'disks', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'world',
    },
    other(kinds.secret, 'q-pki', 'team', { data: { a: 'b' } }),
    other(kinds.service, 'q-api', 'team', { spec: { clusterIP: '10.96.0.9' } }),
    other(kinds.claim, 'data', 'team', { spec: { volumeName: 'of-others' } }),
  ]
}

export function nodeOf({ metadata }: KubeObject): string {
  return metadata.labels?.[labels.node] ?? ''
}
