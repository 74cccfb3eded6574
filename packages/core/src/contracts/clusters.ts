import type { Problem } from '../errors.js'
import type { ClusterCertificates, RenewedCertificates, RenewRequest } from './certificates.js'
import type { ClusterOwner, ClusterRef, ClusterSpec, LocatedOwner } from './cluster.js'
import type { HealReport, HealRun } from './health.js'
import type { ClusterImage, LoadOutcome, LoadRequest } from './images.js'
import type { KubeApi } from './kubernetes.js'
import type { Diagnosis, DoctorRequest } from './doctor.js'
import type { ExportedLogs, LogFile } from './logs.js'
import type { NodeHandle } from './node-backend.js'
import type { OpenedPort, PortRequest } from './ports.js'
import type { RunOptions } from './run-options.js'
import type { ClusterStatus, ClusterSummary } from './status.js'

export type * from './certificates.js'
export type * from './doctor.js'
export type * from './health.js'
export type * from './images.js'
export type * from './logs.js'
export type * from './ports.js'
export type * from './status.js'
export type * from './timing.js'

export interface CreateRun extends RunOptions {
  /** Called when there is a place for the record, which is made next. */
  readonly placed?: ((signal: AbortSignal) => Promise<void>) | undefined
  /** Called when there is a record and no node yet, and again where a creation goes on. */
  readonly recorded?: ((signal: AbortSignal) => Promise<void>) | undefined
  /** Of the new cluster's object, to choose clusters by. One that is there keeps its own. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Called when this call has made the record, and nothing of the cluster was there before. */
  readonly made?: (() => void) | undefined
  /**
   * Receives the kubeconfig before the cluster counts as created: who is interrupted here and creates
   * again is given it again.
   */
  readonly deliver?: ((access: ClusterKubeconfig) => Promise<void>) | undefined
}

/** Desired counts; what is absent stays as it is. */
export interface ScaleRequest {
  readonly controlPlane?: number | undefined
  readonly pools?: Readonly<Record<string, number>> | undefined
  /** Allows an even number of control planes. */
  readonly force?: boolean | undefined
}

export interface UpgradeRequest {
  /** As in `1.35.4`. */
  readonly kubernetesVersion: string
  /** Node image; by default the present one's name with the new version. */
  readonly image?: string | undefined
  /** Workers that are upgraded at the same time; one when absent. */
  readonly maxUnavailable?: number | undefined
  /** Further workers that each pool has meanwhile; none when absent. */
  readonly maxSurge?: number | undefined
}

/** One line of a plan, for people and for `--dry-run`. */
export interface PlannedStep {
  readonly id: string
  /** As in `Create node "quickstart-worker-1"`. */
  readonly title: string
  /** Ids of steps that must have ended before. */
  readonly needs: readonly string[]
}

/** One thing in which the desired spec differs from the recorded one. */
export interface SpecChange {
  /** As in `workers.gpu.count`. */
  readonly path: string
  /** Undefined: it was not there, or shall not be there any more. */
  readonly from: string | undefined
  readonly to: string | undefined
}

/** What an apply does, in kubectl's words. `steps` are those that change something. */
export interface ClusterChange {
  readonly action: 'created' | 'configured' | 'unchanged'
  readonly changes: readonly SpecChange[]
  readonly steps: readonly PlannedStep[]
}

export interface ClusterKubeconfig {
  /** Kubeconfig text with one cluster, user and context named `knest-NAME`. */
  readonly kubeconfig: string
  readonly server: string
  /** False: this machine cannot reach `server`; use `forwardApi`. */
  readonly reachable: boolean
}

/** The TypeScript SDK: everything the knest command can do, as functions. */
export interface Clusters {
  /** Problems that would make `create` fail; changes nothing. */
  preflight(ref: ClusterRef, spec: ClusterSpec, run: RunOptions): Promise<readonly Problem[]>
  /**
   * Creates the cluster, or goes on with one whose creation was interrupted. Resolves when all nodes
   * are Ready and CoreDNS is Available. Throws `already-exists` when a complete one is there,
   * PreflightError (nothing was created) when the host does not fit.
   */
  create(ref: ClusterRef, spec: ClusterSpec, run: CreateRun): Promise<ClusterKubeconfig>
  /**
   * What a cluster can be deleted with, as it is on the host now, for `deleteWith` of its spec; without a namespace it
   * is looked for in that of the context. Throws `not-found`.
   */
  findOwner(owner: Omit<ClusterOwner, 'uid'>, signal: AbortSignal): Promise<LocatedOwner>
  /** The steps `create` would run now. Changes nothing. */
  planCreate(ref: ClusterRef, spec: ClusterSpec, run: RunOptions): Promise<readonly PlannedStep[]>
  /**
   * Makes the cluster as desired: creates it, or changes what can change while it exists (node counts,
   * worker pools, patches for nodes to come) and mends what is broken. Throws PreflightError (`config`)
   * with all that cannot change; nothing was changed then.
   */
  apply(ref: ClusterRef, spec: ClusterSpec, run: CreateRun): Promise<ClusterChange['action']>
  /** What `apply` would do now. Changes nothing. */
  planApply(ref: ClusterRef, spec: ClusterSpec, run: RunOptions): Promise<ClusterChange>
  /** Adds and removes nodes, or goes on with an interrupted scale. Throws `not-found`. */
  scale(ref: ClusterRef, request: ScaleRequest, run: RunOptions): Promise<ClusterSummary>
  planScale(ref: ClusterRef, request: ScaleRequest, run: RunOptions): Promise<readonly PlannedStep[]>
  /**
   * Brings all nodes to another version of Kubernetes, or goes on with that: control planes one after another,
   * then workers, each drained before. Names, disks and addresses stay. Throws PreflightError (`config`) on a
   * downgrade, a skipped minor version, and nodes whose image cannot be changed; nothing was changed then.
   */
  upgrade(ref: ClusterRef, request: UpgradeRequest, run: RunOptions): Promise<ClusterSummary>
  planUpgrade(ref: ClusterRef, request: UpgradeRequest, run: RunOptions): Promise<readonly PlannedStep[]>
  /**
   * Takes all nodes of a persistent cluster (else `config`) off the host and keeps their disks, names and
   * addresses, its endpoint and its secrets. A paused cluster stays as it is.
   */
  pause(ref: ClusterRef, run: RunOptions): Promise<void>
  /**
   * Has it live so many milliseconds longer than its `ttl` says, or from now on where it says nothing. Throws
   * `not-found`, and `conflict` while it is being deleted.
   */
  extend(ref: ClusterRef, moreMs: number, run: RunOptions): Promise<ClusterSummary>
  planPause(ref: ClusterRef, run: RunOptions): Promise<readonly PlannedStep[]>
  /** Starts the nodes of a paused cluster, or goes on with that. Resolves as `create` does. */
  resume(ref: ClusterRef, run: RunOptions): Promise<ClusterStatus>
  planResume(ref: ClusterRef, run: RunOptions): Promise<readonly PlannedStep[]>
  /**
   * Replaces nodes that are dead (not Ready for longer than the cluster's `health.unhealthyAfter`), as far as
   * that costs neither data nor quorum, and mends the rest. Waits only for nodes that it touched. Resolves also
   * when some of that failed: the report has the failure, and what was done all the same.
   */
  heal(ref: ClusterRef, run: RunOptions): Promise<HealReport>
  /**
   * Brings the cluster one step nearer to what its object asks for, as a controller does: checks and creates
   * what was declared, carries out changes, heals, and deletes what the host shall delete. Leaves alone what
   * a command has begun, paused or keeps. Throws PreflightError when the object asks for what cannot be.
   */
  reconcile(ref: ClusterRef, run: HealRun): Promise<HealReport>
  /**
   * Throws `not-found` when nothing of it is left. Resolves when nothing is left on the host; with
   * `keepData` (persistent clusters only, else `config`), or where its deletion policy is `Retain`, when all but
   * disks, CAs and addresses is gone.
   */
  delete(
    ref: ClusterRef,
    options: RunOptions & { readonly keepData: boolean },
  ): Promise<{ readonly dataKept: boolean }>
  planDelete(
    ref: ClusterRef,
    options: RunOptions & { readonly keepData: boolean },
  ): Promise<readonly PlannedStep[]>

  /**
   * Of one namespace, or of all. Who may not look into all is shown those of the context's namespace, which
   * `narrowed` is called with.
   */
  list(
    namespace: string | undefined,
    signal: AbortSignal,
    narrowed?: (namespace: string) => void,
  ): Promise<readonly ClusterSummary[]>
  /**
   * Throws `not-found`. Answers also when nodes, etcd or the nested API do not: each is waited for some
   * seconds, all at once, and what stays unknown says why.
   */
  status(ref: ClusterRef, signal: AbortSignal): Promise<ClusterStatus>
  /** The cluster of that name: in `namespace`, else `knest-NAME`, else the only one of that name anywhere. */
  find(name: string, namespace: string | undefined, signal: AbortSignal): Promise<ClusterRef>
  kubeconfig(ref: ClusterRef, signal: AbortSignal): Promise<ClusterKubeconfig>
  /** The nested cluster's API through a control-plane node; works wherever the host can be reached. Close it. */
  openApi(ref: ClusterRef, signal: AbortSignal): Promise<KubeApi>
  /** Forwards a port of this machine (0: any free one) on 127.0.0.1 to the nested API until closed. */
  forwardApi(
    ref: ClusterRef,
    port: number,
    signal: AbortSignal,
  ): Promise<{ readonly port: number; readonly kubeconfig: string; close(): Promise<void> }>
  openNode(ref: ClusterRef, node: string, signal: AbortSignal): Promise<NodeHandle>
  /**
   * Makes a TCP port of a Service, a workload or a pod of the nested cluster reachable from this machine: by its load
   * balancer where that answers, else forwarded to a ready pod, and to another one when that is gone, until it is
   * closed. Throws `not-found` when there is no such object or port, `timeout` when no pod becomes ready.
   */
  openPort(ref: ClusterRef, request: PortRequest, run: RunOptions): Promise<OpenedPort>

  /**
   * Puts images into the nodes, all at the same time, and into those that come later. A node that has one already is
   * left alone. Throws `not-found` for a pool or node that is not there, and at the end when a node could not take one.
   */
  load(ref: ClusterRef, request: LoadRequest, run: RunOptions): Promise<readonly LoadOutcome[]>
  /** What was loaded, and which nodes have it; one that gives no answer counts as without. */
  images(ref: ClusterRef, signal: AbortSignal): Promise<readonly ClusterImage[]>
  /**
   * Takes loaded images off all nodes and forgets them. Names are as users write them. Throws `not-found`, before
   * anything is removed, when one of them was not loaded. Gives the full names.
   */
  removeImages(ref: ClusterRef, images: readonly string[], run: RunOptions): Promise<readonly string[]>

  /**
   * Hands over what a bug report needs, file by file, without secrets: objects of the host, logs and settings of the
   * nodes, objects of the nested cluster, status. What does not answer within its time is left out, and told. Throws
   * `not-found`, and what `write` rejects with.
   */
  exportLogs(ref: ClusterRef, write: (file: LogFile) => Promise<void>, run: RunOptions): Promise<ExportedLogs>

  /**
   * What is wrong with a cluster and with what it stands on, by name, with cause and remedy each. Answers within some
   * 10 s whatever does not; that is told as unseen. Throws `not-found`.
   */
  diagnose(ref: ClusterRef, request: DoctorRequest, signal: AbortSignal): Promise<Diagnosis>
  /**
   * What is wrong with the host, and what stands in the way of a new cluster as the first of `specs`; of the others only
   * what concerns VMs.
   */
  diagnoseHost(
    ref: ClusterRef,
    specs: readonly ClusterSpec[],
    request: DoctorRequest,
    signal: AbortSignal,
  ): Promise<Diagnosis>

  /** Every certificate of every node that answers, with its end. */
  certificates(ref: ClusterRef, signal: AbortSignal): Promise<ClusterCertificates>
  /** Renews what ends soon, or all. One control plane after another is restarted. */
  renewCertificates(ref: ClusterRef, request: RenewRequest, run: RunOptions): Promise<RenewedCertificates>
  planRenewal(ref: ClusterRef, request: RenewRequest, run: RunOptions): Promise<readonly PlannedStep[]>
}
