import type { RenewalPlan } from '../certificates/plan.js'
import type { UnnamedApi } from '../pki/served-names.js'
import type { BackendName, NodeRole } from '../contracts/cluster.js'
import type { LoadedImage } from '../contracts/images.js'
import type { NodeStatus } from '../contracts/node-backend.js'
import type { EtcdMemberHealth } from '../etcd/index.js'
import type { ChangedParts } from '../kubeadm/settings-digest.js'
import type { DiskState } from '../node/disk.js'
import type { PresentImage } from './loaded-images.js'

/** A node as the host and the node itself show it. */
export interface ObservedNode {
  readonly name: string
  readonly role: NodeRole
  readonly pool: string
  readonly backend: BackendName
  readonly phase: NodeStatus['phase']
  /** What the host says: the API server of a control plane answers, the kubelet of a worker listens. */
  readonly ready?: boolean
  /** It runs and gave no answer: nobody knows what is on it, and nothing can be done with it now. */
  readonly silent?: boolean
  /** Undefined when it cannot be asked now. */
  readonly disk: DiskState | undefined
  /** Somebody has deleted its disk, which stays as long as the node runs. */
  readonly diskGoing?: boolean
  /** Whom etcd on its disk began with, while its set-up is unfinished; undefined when that is not known. */
  readonly initialMembers?: readonly string[] | undefined
  /** Kubernetes version of its programs; undefined when it cannot be asked, or cannot be changed. */
  readonly version?: string | undefined
  /** An upgrade of this node has begun and not come to its end. */
  readonly upgrading?: boolean
  /** etcd has data on its disk. */
  readonly hasMember?: boolean
  /** Digest of what knest wrote there of registries; undefined when it wrote nothing. */
  readonly registries?: string | undefined
  /** Digest of the settings that a change gave it; undefined when none did. */
  readonly settings?: string | undefined
}

/** What there is. The planner sees nothing else. */
export interface ObservedCluster {
  readonly nodes: readonly ObservedNode[]
  /**
   * Names of the Node objects that knest's nodes have, or left behind, in the nested cluster; undefined when its API
   * does not answer. Those of others are none of the planner's business.
   */
  readonly members: readonly string[] | undefined
  /** Those of them that are not Ready. */
  readonly notReady?: readonly string[]
  /** Members as etcd lists them; undefined when nobody could be asked. */
  readonly etcd?: readonly EtcdMemberHealth[] | undefined
  /** The nested network and DNS were installed. */
  readonly addonsInstalled: boolean
  /** What of its certificates ends soon; undefined when they were not looked at. */
  readonly renewal?: RenewalPlan | undefined
  /** Which API servers' certificates lack which of the names and addresses that they are reached by. */
  readonly unnamed?: UnnamedApi | undefined
  /** What the nested API says; undefined when it does not answer. */
  readonly configured?: ConfiguredVersions | undefined
  /** Knest's own storage is installed; undefined when the nested API does not answer. */
  readonly storage?: boolean | undefined
  /** Undefined when nothing was loaded into the cluster. */
  readonly images?: ObservedImages | undefined
  /** What nodes are to have of registries; undefined when that is not known now. */
  readonly registries?: { readonly digest: string | undefined } | undefined
  /** What nodes are to have, while a change of settings has not come to its end. */
  readonly settings?: { readonly digest: string; readonly parts: ChangedParts } | undefined
  /** The record says that an upgrade has begun. */
  readonly upgrading?: boolean
}

/** Kubernetes versions that are written in the cluster itself; undefined where it has no such object. */
export interface ConfiguredVersions {
  /** Of kubeadm's ClusterConfiguration. */
  readonly configuration: string | undefined
  readonly proxy: string | undefined
}

export const nothing: ObservedCluster = { nodes: [], members: undefined, addonsInstalled: false }

interface ObservedImages {
  readonly loaded: readonly LoadedImage[]
  /** By the name of each node that said what it has. */
  readonly present: ReadonlyMap<string, readonly PresentImage[]>
}
