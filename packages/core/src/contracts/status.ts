import type { Problem } from '../errors.js'
import type { AuthorityCertificate } from './certificates.js'
import type {
  BackendName,
  ClusterCondition,
  ClusterPhase,
  ClusterRef,
  LocatedOwner,
  NodeRole,
} from './cluster.js'

export interface ClusterSummary extends ClusterRef {
  /** All of its object, those of knest too; absent: none. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** `pod`, `vm` or `container`; `pod+vm` when the node groups differ. */
  readonly backend: string
  readonly kubernetesVersion: string
  readonly phase: ClusterPhase
  readonly controlPlane: { readonly desired: number; readonly ready: number }
  readonly workers: { readonly desired: number; readonly ready: number }
  readonly podNetworkCidr: readonly string[]
  readonly serviceCidr: readonly string[]
  /** RFC 3339. */
  readonly createdAt: string
  /** RFC 3339: when its time is over, and the controller deletes it; absent: it has no end. */
  readonly expiresAt?: string | undefined
  /** What it is deleted with; absent: nothing. */
  readonly deleteWith?: LocatedOwner | undefined
}

export interface NodeSummary {
  readonly name: string
  readonly role: NodeRole
  readonly ready: boolean
  /** `Unknown`: it runs, and the nested API that would tell more does not answer. */
  readonly status: 'Ready' | 'NotReady' | 'Unknown'
  /** Of its kubelet, without a leading `v`; undefined until it has joined, and while the API is silent. */
  readonly version: string | undefined
  /** Today's address. */
  readonly ip: string | undefined
  /** Undefined for a node that joined by other ways than knest. */
  readonly disk: 'persistent' | 'ephemeral' | undefined
  /** Whether its pod or VM gets the same address again when it is replaced; undefined when not known. */
  readonly addressKept: boolean | undefined
  /** What is reserved for it, also while it has no pod. */
  readonly reservation: { readonly ip: string; readonly mac: string } | undefined
  readonly backend: BackendName
  /** Name of its pod or VM; undefined when the host has none of it. */
  readonly hostObject: string | undefined
  readonly hostNode: string | undefined
  /** Why it is not ready; undefined when it is. One line. */
  readonly reason: string | undefined
}

export interface EtcdMemberStatus {
  /** Hex, as etcdctl takes it. */
  readonly id: string
  /** The node's name; the peer URL of a member that has never started. */
  readonly name: string
  readonly healthy: boolean
  readonly leader: boolean
  readonly learner: boolean
  /** Undefined when it does not answer. */
  readonly dbSizeBytes: number | undefined
  /** Its alarms, in etcd's words: `NOSPACE` (it takes no more data), `CORRUPT`. Absent when it has none. */
  readonly alarms?: readonly string[] | undefined
}

export interface EtcdStatus {
  readonly members: readonly EtcdMemberStatus[]
  /** Why there are no members to show; undefined when they are known. One line. */
  readonly problem: string | undefined
}

export interface CertificateEnd extends AuthorityCertificate {
  /** The node it lies on; undefined for an authority and for the stored kubeconfig. */
  readonly node: string | undefined
}

export interface CertificateStatus {
  /** The one that ends first; undefined when none could be read. */
  readonly earliest: CertificateEnd | undefined
  /** How many knest would renew now, because they end within `renewBeforeDays`. */
  readonly endSoon: number
  readonly renewBeforeDays: number
  /** Nodes on which a renewal has begun and not ended. */
  readonly unfinished: readonly string[]
  /** What could not be read, and why, a sentence part each. */
  readonly problems: readonly string[]
}

export interface ClusterStatus extends ClusterSummary {
  readonly nodes: readonly NodeSummary[]
  readonly etcd: EtcdStatus
  readonly certificates: CertificateStatus
  readonly conditions: readonly ClusterCondition[]
  /** What is wrong, with a cure each; empty when all is well. */
  readonly problems: readonly Problem[]
}
