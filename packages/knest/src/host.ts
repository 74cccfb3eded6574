import type { Clusters, ClusterRef, RunOptions } from '@knest/core/contracts'
import type { KubeconfigChoice } from '@knest/core/kube'
import type { InstallOptions } from '@knest/kubevirt-vm-node'

export type { InstallOptions } from '@knest/kubevirt-vm-node'

export type { ConnectionOverrides } from '@knest/core/kube'

/** Which host cluster, as kubectl's flags of the same names; without any, the one kubectl talks to. */
export type HostOptions = KubeconfigChoice

/**
 * A connection to a host cluster. One serves any number of operations, also at the same time. Close it, or
 * declare it with `await using`: open connections keep a process from ending.
 */
export interface Host extends AsyncDisposable {
  /** The nested clusters: create, apply, scale, upgrade, status, list, kubeconfig, delete and more. */
  readonly clusters: Clusters
  /** As in `context "kind-dev"`. */
  readonly description: string
  readonly identity: HostIdentity
  readonly kubeVirt: KubeVirtControl
  readonly controller: ControllerControl
  /** Kubernetes version of the host, as in `v1.35.4`. */
  hostVersion(signal: AbortSignal): Promise<string>
  /** May be called again. The host is not used afterwards. */
  close(): void
}

/** Which host cluster this is. */
export interface HostIdentity {
  /** Undefined inside it. */
  readonly context: string | undefined
  /** URL of its API server, without credentials. */
  readonly server: string
  /** Of its namespace kube-system; undefined when the user may not read it. */
  uid(signal: AbortSignal): Promise<string | undefined>
}

/** KubeVirt of a host cluster. */
export interface KubeVirtControl {
  /** True also when the user may not look. */
  isThere(signal: AbortSignal): Promise<boolean>
  /** Installs it, or changes the one that is there, and waits until it is deployed. Repeatable. */
  install(options: InstallOptions, run: RunOptions): Promise<void>
}

/** The controller of a host cluster. */
export interface ControllerControl {
  /** How it came there; undefined when there is none. */
  find(signal: AbortSignal): Promise<'installed' | 'came-with-cluster' | undefined>
  /** Puts it there until the last cluster goes; waits for nothing. */
  ensure(image: string, signal: AbortSignal): Promise<void>
  /**
   * Lets it work in the namespace of this cluster; of one that is not there only if it is made next, `isMadeNext`.
   * Repeatable. Throws `not-permitted` who may not give such rights.
   */
  bind(cluster: ClusterRef, signal: AbortSignal, isMadeNext?: boolean): Promise<void>
  /**
   * Puts it there to stay, or changes the one that is there, with its rights in the namespaces of all clusters that
   * are there; waits until it works. `allNamespaces`: in those to come as well.
   */
  install(image: string, run: RunOptions, options?: { readonly allNamespaces?: boolean }): Promise<void>
  uninstall(run: RunOptions): Promise<void>
  /** Takes away one that came with a cluster, if there is none but this. */
  removeIfUnused(going: ClusterRef, run: RunOptions): Promise<void>
  /** Is the controller, until the signal ends it. */
  work(options: ControllerWork): Promise<void>
}

export interface ControllerWork {
  /** Of metrics and probes; 0: any free one. */
  readonly port: number
  readonly signal: AbortSignal
  /** One line, without its end. */
  log(line: string): void
}
