import type { Clusters, RunOptions } from '@knest/core'
import type { KubeconfigRoom, SpecRoom } from './parts.js'
import type { ProgressStyle, Renderer } from './render/renderer.js'

/** The only way to the terminal. */
export interface Streams {
  /** Results only. */
  out(text: string): void
  /** Everything else. */
  err(text: string): void
  readonly errIsTty: boolean
  readStdin(): Promise<string>
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

/** A connection to a host cluster. */
export interface OpenClusters {
  readonly clusters: Clusters
  /** As in `context "kind-dev"`. */
  readonly description: string
  /** Kubernetes version of the host, as in `v1.35.4`. */
  hostVersion(signal: AbortSignal): Promise<string>
  close(): void
}

export type Engine = 'podman' | 'docker'

export interface HostTarget {
  readonly name: string
  /** Detected when absent. */
  readonly engine?: Engine | undefined
}

export interface HostUp extends HostTarget {
  /** Node image; the release's own when absent. */
  readonly image?: string | undefined
}

export interface HostStatus {
  readonly name: string
  readonly engine: Engine
  /** `stopped`: the container is there and `host up` starts it again with its data. */
  readonly phase: 'running' | 'starting' | 'stopped' | 'failed'
  readonly kubernetesVersion: string
  /** Context by which kubectl reaches it: `knest-…`, as all of ours. */
  readonly context: string
  readonly server: string | undefined
  /** RFC 3339. */
  readonly createdAt: string
  /** Why it is not running; undefined when it is. */
  readonly reason: string | undefined
}

export interface HostReady {
  readonly status: HostStatus
  /** Kubeconfig text with one context, named `status.context`. */
  readonly kubeconfig: string
  /** False when it was running already and nothing was done. */
  readonly changed: boolean
}

/** The embedded host: a cluster in containers of this machine. */
export interface HostControl {
  /** Creates it, starts it again, or finds it running. Throws `prerequisite` without an engine. */
  up(options: HostUp, run: RunOptions): Promise<HostReady>
  /** Throws `not-found`. */
  status(target: HostTarget, signal: AbortSignal): Promise<HostStatus>
  /** Puts images of this machine's engine into the host. Throws `not-found` naming the image or the host. */
  load(target: HostTarget, images: readonly string[], run: RunOptions): Promise<void>
  /** Removes it with its data. Throws `not-found`. */
  down(target: HostTarget, run: RunOptions): Promise<void>
}

/** What commands may use. What is costly is a function that builds it. */
export interface Deps {
  readonly streams: Streams
  readonly interrupts: Interrupts
  readonly env: Readonly<Record<string, string | undefined>>
  now(): Date
  readFile(path: string): Promise<string>
  renderer(style: ProgressStyle): Promise<Renderer>
  spec(): Promise<SpecRoom>
  kubeconfigs(): Promise<KubeconfigRoom>
  openClusters(options: HostOptions): Promise<OpenClusters>
  hostControl(): Promise<HostControl>
  /** Runs a program on our terminal; gives its exit code, 128 + n after signal n, 127 when there is none. */
  spawn(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number>
}
