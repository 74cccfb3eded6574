import type { ServiceType } from '../contracts/cluster.js'
import type { HostKind, Unseen } from '../contracts/doctor.js'
import type { KubeObject } from '../contracts/kubernetes.js'
import type { Problem } from '../errors.js'
import type { Observed, StatusFacts } from '../status/index.js'
import type { LastWords } from '../node/last-words.js'
import type { NodeServices } from './node-services.js'
import type { KubeconfigFacts } from './read-kubeconfig.js'

/** What was seen, and nothing that it means. */
export interface Snapshot {
  readonly host: HostSnapshot
  /** Absent: only the host was looked at, or the cluster did not answer at all. */
  readonly cluster?: ClusterSnapshot | undefined
  readonly unseen: readonly Unseen[]
}

export interface HostSnapshot {
  /** What preflight says, and what is said of the machine: each with its own severity. */
  readonly checks: readonly Problem[]
  /** The quickest answer of its API; undefined: there was none. */
  readonly answerMs: number | undefined
  /** Of a kind that was not asked for, or did not come, there is none. */
  readonly objects: Partial<Record<HostKind, readonly KubeObject[]>>
  readonly controllerImage: string | undefined
}

export interface ClusterSnapshot {
  readonly facts: StatusFacts
  /** Whether this machine reaches the way in that was made for it; absent: not known, or not asked. */
  readonly wayIn?: { readonly type: ServiceType; readonly isReached: boolean } | undefined
  /** By node, of those that answer. */
  readonly services: ReadonlyMap<string, NodeServices>
  readonly lastWords: readonly LastWords[]
  /** Deployments and DaemonSets of network, DNS and storage, and the names of their ConfigMaps; absent: the nested API did not give them. */
  readonly workloads?: readonly KubeObject[] | undefined
  /** The quickest answer of the nested API. */
  readonly answerMs?: number | undefined
  /** Who is known to be dead of the holders of locks. */
  readonly deadHolders: readonly string[]
  /** The file of this machine, the authority of the cluster in PEM, and where its API may be. */
  readonly kubeconfig?:
    | { readonly local: KubeconfigFacts; readonly authority: string; readonly urls: readonly string[] }
    | undefined
}

/** The same, and what the facts mean. */
export interface JudgedCluster extends ClusterSnapshot {
  readonly observed: Observed
}
