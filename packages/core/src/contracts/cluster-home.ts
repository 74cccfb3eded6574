import type { Problem } from '../errors.js'
import type { HostQuestion } from './doctor.js'
import type { LoadedImage } from './images.js'
import type { HostData } from './registries.js'
import type { KubeObject } from './kube-object.js'
import type { SettingsChange } from './kubernetes-settings.js'
import type { LogPart } from './logs.js'
import type {
  ClusterPhase,
  ClusterCondition,
  ClusterRecord,
  ClusterRef,
  ClusterSpec,
  ExistingNode,
  LocatedOwner,
  ServiceType,
} from './cluster.js'

/** The four CA pairs knest makes itself, PEM. From them every certificate can be made again. */
export interface CertificateAuthorities {
  readonly ca: KeyPair
  readonly frontProxyCa: KeyPair
  readonly etcdCa: KeyPair
  /** Signs service account tokens: a bare key pair, `cert` holds the public key. */
  readonly serviceAccount: KeyPair
}

export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** Addresses that do not change while the cluster lives, known before any node runs. */
export interface ClusterAddresses {
  /** Host and port every node uses for the API; a DNS name where there is one. */
  readonly controlPlaneEndpoint: string
  /** By control-plane node name: the address it carries for ever. */
  readonly identities: ReadonlyMap<string, string>
  /** More names and addresses for API server certificates. */
  readonly certificateNames: readonly string[]
  /** DNS names by which etcd finds out that a peer's current address is a control-plane node's. */
  readonly peerNames: readonly string[]
  /** What nodes must find without DNS: lines for their hosts file. */
  readonly hosts: readonly HostsEntry[]
}

export interface HostsEntry {
  readonly ip: string
  readonly name: string
}

export interface ClusterLock {
  /** Aborted when the lock is lost to somebody else. */
  readonly signal: AbortSignal
  release(): Promise<void>
}

/** What the home's network already uses. */
export interface OccupiedRange {
  readonly cidr: string
  /** As in `pod CIDR of the host (kube-flannel-cfg)`. */
  readonly usedBy: string
}

export interface HomeFacts {
  readonly occupied: readonly OccupiedRange[]
  /** Name of the host's CNI, for messages; undefined when it could not be told. */
  readonly cni: string | undefined
  /** UDP ports of the host's own tunnels. */
  readonly tunnelPorts: readonly number[]
  /** MTU of the host's pods, in bytes. */
  readonly podMtu: number
  /** NodePort when this machine reaches the host's nodes, else ClusterIP (port-forward). */
  readonly serviceType: ServiceType
  readonly problems: readonly Problem[]
}

/** How a cluster was when somebody last worked on it. */
export interface RecordedStatus {
  readonly phase: ClusterPhase
  readonly conditions: readonly ClusterCondition[]
  readonly controlPlane?: { readonly desired: number; readonly ready: number }
  readonly workers?: { readonly desired: number; readonly ready: number }
  /** What the nodes have for as long as they live; absent: as it was. */
  readonly addresses?: readonly { readonly node: string; readonly ip: string; readonly mac: string }[]
  /** What was loaded into the cluster; absent: as it was. */
  readonly images?: readonly LoadedImage[]
}

/** What a controller may do to the clusters of a home whose rights are given namespace by namespace. */
export interface ControllerRights {
  /** Why this user may not work in the cluster's namespace; undefined when it may. */
  barred(ref: ClusterRef, signal: AbortSignal): Promise<Problem | undefined>
  /**
   * When the host itself will have removed what this deleted cluster has in its namespace, so that the record may go:
   * `later` while the namespace is being deleted, `never` where somebody has to do it.
   */
  goesByItself(record: ClusterRecord, signal: AbortSignal): Promise<'now' | 'later' | 'never'>
  /** Lets the host delete the record. Needs no right in the namespace. */
  letGo(ref: ClusterRef, signal: AbortSignal): Promise<void>
}

/**
 * Where a nested cluster's record, secrets and lasting addresses live: the host cluster for pod and
 * VM nodes, the container engine for the embedded host. knest keeps nothing else anywhere.
 */
export interface ClusterHome {
  /** As in `context "kind-dev"`; for messages. */
  readonly description: string

  /** Reads what must be known of the host's network and rights. Changes nothing. */
  inspect(spec: ClusterSpec, ref: ClusterRef, signal: AbortSignal): Promise<HomeFacts>

  /**
   * What would stand in the way of these host objects of nodes and of those that the home makes itself: objects of
   * others with their names, admission, quotas, room. `existing`: nodes of the cluster that are there, when only what
   * comes to them is looked at. Changes nothing. Absent: there is nothing to ask.
   */
  tryObjects?(
    spec: ClusterSpec,
    ref: ClusterRef,
    nodes: readonly KubeObject[],
    signal: AbortSignal,
    existing?: readonly ExistingNode[],
  ): Promise<readonly Problem[]>

  /** Where a user without rights for all namespaces is looked after: the namespace of the context. */
  readonly contextNamespace?: string | undefined
  /** All clusters, or those of one namespace. */
  list(namespace: string | undefined, signal: AbortSignal): Promise<readonly ClusterRecord[]>
  read(ref: ClusterRef, signal: AbortSignal): Promise<ClusterRecord | undefined>
  /**
   * Makes the record and the place it lives in, with labels where it can have some; `placed` is called in between where
   * somebody may have to be let in there. Throws `already-exists` when there is one.
   */
  create(
    ref: ClusterRef,
    spec: ClusterSpec,
    signal: AbortSignal,
    more?: {
      readonly labels?: Readonly<Record<string, string>> | undefined
      readonly placed?: ((signal: AbortSignal) => Promise<void>) | undefined
    },
  ): Promise<ClusterRecord>
  /** Throws `conflict` when the record was changed since it was read. */
  update(record: ClusterRecord, spec: ClusterSpec, signal: AbortSignal): Promise<ClusterRecord>
  /**
   * Makes `spec` what the cluster is made by, without changing what its object asks for, and has the host ask
   * before the object goes. From then on the record has a `desiredSpec`. Throws `conflict` as `update` does.
   */
  accept?(record: ClusterRecord, spec: ClusterSpec, signal: AbortSignal): Promise<ClusterRecord>
  /**
   * Says how the cluster is; last writer wins, or with a `version` only who saw the record so: else `conflict`.
   * Conditions without an `observedGeneration` speak of the record's `generation`.
   */
  setStatus(
    record: ClusterRef & Partial<Pick<ClusterRecord, 'generation' | 'spec'>>,
    status: RecordedStatus,
    signal: AbortSignal,
    version?: string,
  ): Promise<void>
  /**
   * Writes down how far a change of settings has come, undefined when there is none. Absent: those of clusters that
   * exist cannot be changed. Gives the record's next version. Throws `prerequisite` where the host does not keep it, and
   * with a `version` as `update` does.
   */
  noteSettings?(
    ref: ClusterRef,
    change: SettingsChange | undefined,
    signal: AbortSignal,
    version?: string,
  ): Promise<string>
  /**
   * The uid of what clusters can be deleted with; undefined only when the host says that there is none. Throws where it
   * says nothing, as to who may not look. Absent: the home has no such objects.
   */
  uidOf?(owner: Omit<LocatedOwner, 'uid'>, signal: AbortSignal): Promise<string | undefined>
  /** What the host can tell of the cluster for a bug report, without secrets; absent: nothing. */
  logParts?(ref: ClusterRef): readonly LogPart[]
  /** What tells how the host is and, with `ref`, what it says of a cluster; absent: there is nothing to ask. */
  hostQuestions?(ref: ClusterRef | undefined): readonly HostQuestion[]
  /** Objects of this cluster that have lost their owner, as after a restore from a backup; absent: none can. */
  orphans?(record: ClusterRecord, signal: AbortSignal): Promise<readonly string[]>
  /** Has them go with the record again; gives their names. Repeatable. */
  adopt?(record: ClusterRecord, signal: AbortSignal): Promise<readonly string[]>
  /** Whether the deleted record lost what it owned, so that nodes and data are to stay; absent: none can. */
  isLetGo?(record: ClusterRecord, signal: AbortSignal): Promise<boolean>
  /** Removes the record; disks, keys and addresses stay, without an owner. Repeatable. */
  retain?(record: ClusterRecord, signal: AbortSignal): Promise<void>
  /** Absent: whoever comes here may do everything. */
  readonly controllerRights?: ControllerRights

  readAuthorities(ref: ClusterRef, signal: AbortSignal): Promise<CertificateAuthorities | undefined>
  /** Keeps the first ones written: returns those that are stored now. */
  saveAuthorities(
    record: ClusterRecord,
    authorities: CertificateAuthorities,
    signal: AbortSignal,
  ): Promise<CertificateAuthorities>
  /** Stores the admin kubeconfig beside the record for others who have access to the host. */
  saveKubeconfig(record: ClusterRecord, kubeconfig: string, signal: AbortSignal): Promise<void>
  /** The one that was saved; undefined when there is none. */
  readKubeconfig(ref: ClusterRef, signal: AbortSignal): Promise<string | undefined>

  /** A Secret or ConfigMap of the host that a spec refers to; undefined when it is not there. Absent: there are none. */
  readData?(
    kind: 'Secret' | 'ConfigMap',
    name: string,
    namespace: string,
    signal: AbortSignal,
  ): Promise<HostData | undefined>

  /** Ensures API and identity addresses for these control-plane nodes. */
  ensureAddresses(
    record: ClusterRecord,
    controlPlaneNodes: readonly string[],
    signal: AbortSignal,
  ): Promise<ClusterAddresses>
  /** Gives back the address of one control-plane node. */
  releaseAddress(ref: ClusterRef, node: string, signal: AbortSignal): Promise<void>
  /** URLs at which the API may be reached from this machine, best first; may be empty. */
  apiUrls(record: ClusterRecord, signal: AbortSignal): Promise<readonly string[]>

  /**
   * One actor at a time: waits for the lock, says who holds it, throws `timeout`. A preemptible lock is
   * lost as soon as a client waits whose lock is not; a home without a controller has no use for that.
   */
  lock(
    ref: ClusterRef & Partial<Pick<ClusterRecord, 'uid'>>,
    signal: AbortSignal,
    onWait: (holder: string) => void,
    options?: { readonly preemptible?: boolean },
  ): Promise<ClusterLock>
  /** What `remove` would do now with the place that the cluster is in, a title; undefined when nothing. */
  placeAfter?(ref: ClusterRef, signal: AbortSignal): Promise<string | undefined>
  /**
   * Removes all that `create` and the ensure methods made; resolves when it is gone. The place stays where others
   * have put something into it: `note` is told so. With `isRecordGone` only the place of a cluster that has none. With
   * `wasAbsent` what a cluster without a record has left: nothing when somebody has made it again meanwhile.
   */
  remove(
    ref: ClusterRef,
    options: {
      readonly keepData: boolean
      readonly signal: AbortSignal
      readonly note?: (text: string) => void
      readonly isRecordGone?: boolean
      readonly wasAbsent?: boolean
    },
  ): Promise<void>
}
