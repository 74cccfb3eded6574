import type { Readable, Writable } from 'node:stream'
import type { HostControl } from '@knest/container-node'
import type { Clusters, ClusterRef, RunOptions, TerminalStreams } from '@knest/core'
import type { InstallOptions } from '@knest/kubevirt-vm-node'
import type * as kubeconfigRoom from './kubeconfig/index.js'
import type * as manifestRoom from './parts/manifests.js'
import type * as specRoom from './parts/spec.js'
import type * as templateRoom from './parts/templates.js'
import type { ProgressStyle, Renderer } from './render/renderer.js'

export type { InstallOptions } from '@knest/kubevirt-vm-node'
export type { EngineName, HostControl, HostStatus, HostTarget, HostUp } from '@knest/container-node'

export type SpecRoom = typeof specRoom
type KubeconfigRoom = typeof kubeconfigRoom
type ManifestRoom = typeof manifestRoom
type TemplateRoom = typeof templateRoom

/** The only way to the terminal. */
export interface Streams {
  /** Results only. */
  out(text: string): void
  /** Everything else. */
  err(text: string): void
  readonly outIsTty: boolean
  readonly errIsTty: boolean
  readStdin(): Promise<string>
  /** Bytes as they are, for commands that pass them on. Asking for standard input opens it. */
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
}

/** SIGINT and SIGTERM. */
export interface Interrupts {
  /** Calls back on every signal until the returned function is called. */
  listen(onSignal: (name: string) => void): () => void
  /** Ends the process at once, without cleaning up. */
  exitNow(): void
}

/** Which host cluster, as kubectl's flags of the same names. */
export interface HostOptions {
  readonly context?: string | undefined
  readonly kubeconfig?: string | undefined
}

/** The same as files in the order of `$KUBECONFIG`, or as the kubeconfig itself. */
export interface HostChoice {
  readonly context?: string | undefined
  readonly kubeconfig?: string | readonly string[] | undefined
  readonly kubeconfigText?: string | undefined
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
  install(options: InstallOptions, run: RunOptions): Promise<void>
}

/** The controller of a host cluster. */
export interface ControllerControl {
  /** How it came there; undefined when there is none. */
  find(signal: AbortSignal): Promise<'installed' | 'came-with-cluster' | undefined>
  /** Puts it there until the last cluster goes; waits for nothing. */
  bring(image: string, signal: AbortSignal): Promise<void>
  /** Puts it there to stay, or changes the one that is there; waits until it works. */
  install(image: string, run: RunOptions): Promise<void>
  uninstall(run: RunOptions): Promise<void>
  /** Takes away one that came with a cluster, if there is none but this. */
  dismiss(going: ClusterRef, run: RunOptions): Promise<void>
  /** Is the controller, until the signal ends it. */
  work(options: ControllerWork): Promise<void>
}

interface ControllerWork {
  readonly port: number
  readonly signal: AbortSignal
  /** One line, without its end. */
  log(line: string): void
}

/** A connection to a host cluster. */
export interface OpenClusters {
  readonly clusters: Clusters
  /** As in `context "kind-dev"`. */
  readonly description: string
  readonly host: HostIdentity
  readonly kubeVirt: KubeVirtControl
  readonly controller: ControllerControl
  /** Kubernetes version of the host, as in `v1.35.4`. */
  hostVersion(signal: AbortSignal): Promise<string>
  close(): void
}

/** What commands may use. What is costly is a function that builds it. */
export interface Deps {
  readonly streams: Streams
  readonly interrupts: Interrupts
  readonly env: Readonly<Record<string, string | undefined>>
  now(): Date
  /** When this process began. */
  startedAt(): Date
  /** Rejects when aborted. */
  pause(milliseconds: number, signal: AbortSignal): Promise<void>
  readFile(path: string): Promise<string>
  writeFile(path: string, text: string): Promise<void>
  renderer(style: ProgressStyle): Promise<Renderer>
  spec(): Promise<SpecRoom>
  kubeconfigs(): Promise<KubeconfigRoom>
  manifests(): Promise<ManifestRoom>
  templates(): Promise<TemplateRoom>
  openClusters(choice: HostChoice): Promise<OpenClusters>
  hostControl(): Promise<HostControl>
  /** Asks for yes or no; undefined when there is nobody to ask. */
  confirm(question: string): Promise<boolean | undefined>
  /** Undefined when standard input or output is none. */
  terminal(): TerminalStreams | undefined
  /** Runs a program on our terminal; gives its exit code, 128 + n after signal n, 127 when there is none. */
  spawn(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number>
}
