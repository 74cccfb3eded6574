import type { Duplex, Readable, Writable } from 'node:stream'
import type { Problem } from '../errors.js'
import type { HostsEntry } from './cluster-home.js'
import type { KubeObject } from './kube-object.js'
import type {
  BackendName,
  ClusterRef,
  ClusterSpec,
  ExistingNode,
  HostPod,
  MachineSpec,
  NodePatch,
  NodeRole,
} from './cluster.js'
import type { AddressReservation } from './address-adapter.js'

/** What one node must be. Equal for every backend; a backend's own knobs go to its factory. */
export interface NodeSpec {
  readonly cluster: ClusterRef
  /** Name of the node on the host and of the Node object in the nested cluster. */
  readonly name: string
  readonly role: NodeRole
  /** `control-plane`, or the worker pool's name. */
  readonly pool: string
  /** Node image: what a pod or container node runs. */
  readonly image: string
  /** What a VM node boots from; undefined for other nodes. */
  readonly vmImage?: string | undefined
  readonly machine: MachineSpec
  /**
   * Address that is the node's own for ever, whatever address its pod or VM has today; the node
   * carries it on `lo`. Control planes only.
   */
  readonly identity: string | undefined
  /** Keeps an address when its pod or VM is replaced. */
  readonly reservation: AddressReservation | undefined
  readonly persistent: boolean
  readonly storageClass: string | undefined
  readonly hostPatches: readonly NodePatch[]
  /** What its pod on the host has besides; patches come after it. */
  readonly hostPod?: HostPod | undefined
  /** Lines for the node's hosts file. */
  readonly hosts: readonly HostsEntry[]
  /** Identity of the cluster's record, so that the node goes when the record goes. */
  readonly clusterUid: string
}

/** What a node is now, read from the host and never from local files. */
export interface NodeStatus {
  readonly name: string
  readonly role: NodeRole
  readonly pool: string
  readonly phase: 'pending' | 'running' | 'failed' | 'deleting'
  /** What is left of it (a disk, a pod that has ended) is nothing that the host would start again by itself. */
  readonly abandoned?: boolean
  /** Somebody has deleted the disk that would outlast it: it stays as long as the node has it in use. */
  readonly diskGoing?: boolean
  /** The API server of a control plane answers; the kubelet of a worker listens. */
  readonly ready: boolean
  readonly ip: string | undefined
  /** RFC 3339: since when it runs. Undefined when it does not, or when the host does not say. */
  readonly startedAt?: string | undefined
  /** Why it is not running, in the host's words. */
  readonly reason: string | undefined
  /** What is wrong with its pod and does not keep it from running: containers that others put beside it. */
  readonly trouble?: string | undefined
  /** Name of the pod, VM or container that is the node, and where the host runs it. */
  readonly hostObject: string
  readonly hostNode: string | undefined
  /** What it runs; undefined where the host does not say. */
  readonly image?: string | undefined
}

export interface ExecResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface ExecLimits {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export interface ExecTextOptions extends ExecLimits {
  /** Sent to the command's standard input, which is then at its end. */
  readonly stdin?: string | Uint8Array | undefined
  /** It only looks: where the connection is lost in the middle, it is run again. */
  readonly repeatable?: boolean | undefined
}

/** Where the bytes of a command go, as fast as these streams take them. They are not ended. */
export interface CommandOutput {
  readonly stdout: Writable
  readonly stderr: Writable
}

export interface ExecOptions extends ExecLimits, CommandOutput {
  /**
   * Sent to the command's standard input, which is then at its end. A stream is read as fast as the
   * command takes it, and destroyed when the command ends first.
   */
  readonly stdin?: Readable | string | Uint8Array | undefined
}

/** A running node. Pod exec, SSH and podman exec look the same from here. */
export interface NodeHandle {
  readonly name: string
  readonly role: NodeRole
  /**
   * Runs a command and passes its bytes on. Resolves with the exit code, whatever it is, when the command
   * has ended and the output streams have taken all of its output; as in a shell, 127 is a program that is
   * not there and 126 one that cannot be run. Rejects with `timeout`, `cancelled`, `host-unreachable` when
   * the connection is lost, or the error of a stream that fails: EPIPE when its reader has gone.
   */
  exec(argv: readonly string[], options: ExecOptions): Promise<number>
  /**
   * The same for output that is text, of which the first 16 MiB each are kept. Where a connection may be
   * cut (SSH), a command with a time limit above 30 s outlives that.
   */
  execText(argv: readonly string[], options: ExecTextOptions): Promise<ExecResult>
  /** Opens a byte stream to a TCP port of the node. The caller ends it. */
  dial(port: number, signal: AbortSignal): Promise<Duplex>
  /** Opens an interactive terminal; resolves with the exit code of the shell. */
  terminal?(argv: readonly string[], streams: TerminalStreams, signal: AbortSignal): Promise<number>
}

export interface TerminalStreams {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
}

/** Differences that the planner must know. Facts, not wishes. */
export interface BackendFeatures {
  /** A kernel of its own (a VM), so kernel limits are not the host's. */
  readonly ownKernel: boolean
  /** `cgroupfs` where no systemd runs in the node. */
  readonly cgroupDriver: 'cgroupfs' | 'systemd'
  readonly access: 'exec' | 'ssh'
}

/** Makes nodes, and stops just short of starting Kubernetes on them. */
export interface NodeBackend {
  readonly name: BackendName
  readonly features: BackendFeatures

  /** How much longer everything takes than on hardware: the factor for time limits. Absent: 1. */
  timeoutFactor?(): Promise<number>
  /**
   * Looks for everything that would make the creation of this cluster's nodes fail, but for those that are there
   * already. Changes nothing.
   */
  preflight(
    spec: ClusterSpec,
    signal: AbortSignal,
    cluster: ClusterRef,
    existing?: readonly ExistingNode[],
  ): Promise<readonly Problem[]>
  /**
   * The objects of the host that this cluster's nodes will be, but for those that are there already, as far as a dry
   * run can try them. Absent: none.
   */
  hostObjects?(
    cluster: ClusterRef,
    spec: ClusterSpec,
    existing?: readonly ExistingNode[],
  ): readonly KubeObject[]
  /**
   * Creates the node or adopts the one that is there; resolves when it can run commands. `note` is told what keeps
   * it waiting, where that is not what everybody waits for.
   */
  ensureNode(spec: NodeSpec, signal: AbortSignal, note?: (text: string) => void): Promise<NodeHandle>
  /**
   * Gives a node that is there the image of `spec`; its disk, name and addresses stay. Resolves when it can run
   * commands again. When the host has no such image, the node gets its old one back and `prerequisite` is
   * thrown. Absent: the image of such a node is for life.
   */
  upgradeNode?(spec: NodeSpec, signal: AbortSignal): Promise<NodeHandle>
  /**
   * Version of Kubernetes in the image of this spec, as the image itself says it, without a leading `v`. Undefined
   * when it cannot be told now. Leaves nothing behind.
   */
  imageVersion?(
    cluster: ClusterRef & { readonly uid: string },
    spec: ClusterSpec,
    signal: AbortSignal,
  ): Promise<string | undefined>
  /** Throws `not-found` when there is no such node, `timeout` when it does not run in time. */
  openNode(cluster: ClusterRef, name: string, signal: AbortSignal): Promise<NodeHandle>
  /** Found by label. An unknown cluster gives an empty list. */
  listNodes(cluster: ClusterRef, signal: AbortSignal): Promise<readonly NodeStatus[]>
  /**
   * The same of all clusters at once, by `namespace/name`; one without nodes may be missing. Rejects as the host does
   * where this user may not look into all namespaces. Absent: they are asked for cluster by cluster.
   */
  listAllNodes?(signal: AbortSignal): Promise<ReadonlyMap<string, readonly NodeStatus[]>>
  /**
   * Why the pod or VM that was the node before the present one ended, in the host's words, as in `Evicted: …`.
   * Undefined when the host does not tell (any more). Absent: it never does.
   */
  lastEnd?(cluster: ClusterRef, name: string, signal: AbortSignal): Promise<string | undefined>
  /** Resolves when the node is gone with its disk, unless `keepData`. An absent node is already gone. */
  deleteNode(
    cluster: ClusterRef,
    name: string,
    options: { readonly keepData: boolean; readonly signal: AbortSignal },
  ): Promise<void>
}

/** A node of a cluster and the backend that made it. */
export interface BackendNode extends NodeStatus {
  readonly backend: NodeBackend
}
