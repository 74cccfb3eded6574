/** What a nested cluster is. Plain data, the same for every backend. */
import type { Problem } from '../errors.js'
import type { LoadedImage } from './images.js'
import type { RegistrySpec } from './registries.js'
import type { KubernetesSettings, SettingsChange } from './kubernetes-settings.js'

export type NodeRole = 'control-plane' | 'worker'
export type BackendName = 'pod' | 'vm' | 'container'
/** What can give a replaced node the same address. */
export type AddressAdapterName = 'calico' | 'kube-ovn'
export type ServiceType = 'NodePort' | 'LoadBalancer' | 'ClusterIP'

/** Names a nested cluster: `namespace` is the host namespace its objects live in. */
export interface ClusterRef {
  readonly name: string
  readonly namespace: string
}

export interface MachineSpec {
  /** CPU cores of the node; a positive number, fractions allowed for pods. */
  readonly cpuCores: number
  /** Kubernetes quantity, as in `4Gi`. */
  readonly memorySize: string
  /** Kubernetes quantity: the node's disk when it is persistent or a VM. */
  readonly rootfsSize: string
}

export interface Taint {
  readonly key: string
  readonly value?: string | undefined
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
}

/** Nodes that are alike. The control plane is one such group, every worker pool another. */
export interface NodeGroup {
  readonly count: number
  readonly backend: BackendName
  readonly machine: MachineSpec
  /** Of its nodes' pods on the host; absent: nothing besides what knest needs. */
  readonly hostPod?: HostPod | undefined
}

/** What a pod of the host has that is a node, or in which KubeVirt runs one. Of nodes that are made from then on. */
export interface HostPod {
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined
  readonly tolerations?: readonly HostToleration[] | undefined
  readonly priorityClassName?: string | undefined
  /** Of pods only: KubeVirt has none for VMs. */
  readonly runtimeClassName?: string | undefined
  /** For the image of the node; of VMs one, for that of their disk. */
  readonly imagePullSecrets?: readonly { readonly name: string }[] | undefined
  /** Quantities that the host sets aside for a node, in place of what an idle one needs. */
  readonly requests?: { readonly cpu?: string | undefined; readonly memory?: string | undefined } | undefined
}

export interface HostToleration {
  readonly key?: string | undefined
  readonly operator?: 'Exists' | 'Equal' | undefined
  readonly value?: string | undefined
  readonly effect?: Taint['effect'] | undefined
  readonly tolerationSeconds?: number | undefined
}

export interface ControlPlaneGroup extends NodeGroup {
  /** Of the Node objects, beside those that kubeadm gives them. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

export interface WorkerPool extends NodeGroup {
  /** Part of the node names: `CLUSTER-POOL-0`. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
}

/** A strategic part of a node's host object (StatefulSet, VirtualMachine) the user overrides. */
export interface NodePatch {
  /** Which nodes; all when absent. */
  readonly role?: NodeRole | undefined
  /** JSON merge patch (RFC 7396) on the node's host object. */
  readonly patch: Readonly<Record<string, unknown>>
}

export interface ClusterNetwork {
  /** One range, or two of different families for dual stack, the primary one first. */
  readonly podNetworkCidr: readonly string[]
  /** The same for Services. */
  readonly serviceCidr: readonly string[]
  readonly dnsDomain: string
  /** `flannel`, `calico`, `cilium`, `none`, or the file or URL of a manifest. */
  readonly cni: string
  /** UDP port of the nested overlay. */
  readonly vxlanPort: number
  /** MTU of nested pods, in bytes; 0 only before it is resolved: decided from the host's. */
  readonly mtu: number
}

/** The resolved spec: every default is filled in. Stored as `spec` of the NestedCluster object. */
export interface ClusterSpec {
  /** Without a leading `v`, as in `1.35.4`. */
  readonly kubernetesVersion: string
  /** Node image of pod and container nodes. */
  readonly image: string
  /** What VM nodes boot from, a KubeVirt containerDisk; there when the cluster has VM nodes. */
  readonly vmImage?: string | undefined
  readonly controlPlane: ControlPlaneGroup
  readonly workers: readonly WorkerPool[]
  readonly network: ClusterNetwork
  /** Kubernetes' own settings; absent: knest's and kubeadm's. */
  readonly kubernetes?: KubernetesSettings | undefined
  /** `auto` only before it is resolved: a record holds what was chosen by reachability. */
  readonly endpoint: { readonly serviceType: ServiceType | 'auto' }
  readonly persistence: {
    /** Node disks outlive pods and VMs. */
    readonly enabled: boolean
    readonly storageClass?: string | undefined
    /** Addresses, `A-B` ranges and CIDRs the nodes get theirs from; absent: whatever the host gives. */
    readonly addresses?: readonly string[] | undefined
    /**
     * What gives the nodes their addresses. In a record of a persistent cluster it is there when `addresses`
     * is, and where the host keeps addresses by itself.
     */
    readonly hostClusterCni?: AddressAdapterName | undefined
  }
  /** What the cluster has beside its network and DNS; what is absent is decided when it is created. */
  readonly addons?: ClusterAddons | undefined
  /** How long it lives from its creation on, as in `2h`: then the controller deletes it; absent: for ever. */
  readonly ttl?: string | undefined
  /** The controller deletes the cluster when this is gone from the host; absent: it depends on nothing. */
  readonly deleteWith?: ClusterOwner | undefined
  /** When the controller, or `knest heal`, replaces a node; absent: the defaults. */
  readonly health?: HealthPolicy | undefined
  /** What becomes of disks and keys when the cluster is deleted; absent: `Delete`. `Retain` of persistent ones only. */
  readonly deletionPolicy?: DeletionPolicy | undefined
  /** Changes of nodes' host objects, applied in this order. */
  readonly hostPatches: readonly NodePatch[]
  /** How nodes reach registries, one entry for each; absent: as containerd does by itself. */
  readonly registries?: readonly RegistrySpec[] | undefined
}

/** An object of the host that a cluster is deleted with. */
export interface ClusterOwner {
  readonly kind: 'Pod'
  /** Absent: that of the cluster. */
  readonly namespace?: string | undefined
  readonly name: string
  /** One that comes later under the same name is another. */
  readonly uid: string
}

/** The same with its namespace. */
export interface LocatedOwner extends ClusterOwner {
  readonly namespace: string
}

/** As PersistentVolumes have it. */
export type DeletionPolicy = 'Delete' | 'Retain'
/** A field for each purpose, and in it the name of what serves it, or `none`. */
export interface ClusterAddons {
  /** The default StorageClass. */
  readonly storage?: 'local-path' | 'none' | undefined
  /** Who serves Services of type LoadBalancer; absent: `host`, whose Services the controller makes for them. */
  readonly loadBalancers?: 'host' | 'none' | undefined
}

export interface HealthPolicy {
  /** How long a node may be not Ready before it counts as dead, as in `5m`. */
  readonly unhealthyAfter?: string | undefined
  /** Share of the nodes that may be unhealthy for any to be replaced, as in `40%`. */
  readonly maxUnhealthy?: string | undefined
}

/**
 * `Kept`: deleted but for its data; creating it again goes on with them. `Paused`: the same, but it is still a
 * cluster: `resume` starts its nodes again.
 */
export type ClusterPhase =
  | 'Creating'
  | 'Ready'
  | 'Degraded'
  | 'Scaling'
  | 'Upgrading'
  | 'Paused'
  | 'Resuming'
  | 'Deleting'
  | 'Kept'
  | 'Failed'

export interface ClusterCondition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  /** RFC 3339: since when it has this status. */
  readonly lastTransitionTime: string
  /** The `generation` of the record that it speaks of; absent where a home has none, or until it is written. */
  readonly observedGeneration?: number | undefined
}

/** A nested cluster as its home remembers it. */
export interface ClusterRecord extends ClusterRef {
  /** What the cluster is made by. */
  readonly spec: ClusterSpec
  /**
   * What its object asks for, where a controller looks after it: `spec` follows when the change was checked.
   * Undefined when nobody but a command changes the cluster.
   */
  readonly desiredSpec?: ClusterSpec | undefined
  /** Why what its object asks for cannot be read; `desiredSpec` is what the cluster is made by then. */
  readonly desiredProblems?: readonly Problem[] | undefined
  /** Its object was applied by a user or a GitOps tool, not made by a command. */
  readonly declared?: boolean | undefined
  /** RFC 3339: its object is being deleted since then. */
  readonly deletedAt?: string | undefined
  /** Its object goes without what it owns: `kubectl delete --cascade=orphan`. */
  readonly isOrphaning?: boolean | undefined
  /** Of its object; absent where a home has none. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly phase: ClusterPhase
  readonly conditions: readonly ClusterCondition[]
  /** RFC 3339. */
  readonly createdAt: string
  /** Identity of the record; a cluster made again under the same name has another. */
  readonly uid: string
  /** Opaque; changes with every save. */
  readonly version: string
  /** Images that were loaded into the cluster, oldest first; absent: none. */
  readonly images?: readonly LoadedImage[] | undefined
  /** Absent: all nodes have the settings of `spec`, and none were refused. */
  readonly settings?: SettingsChange | undefined
  /** Counts the changes of what its object asks for; absent where a home does not count. */
  readonly generation?: number | undefined
  /** The generation that its status speaks of. */
  readonly observedGeneration?: number | undefined
}

/** A node that is there, and the pool it is of. */
export interface ExistingNode {
  readonly name: string
  readonly pool: string
}
