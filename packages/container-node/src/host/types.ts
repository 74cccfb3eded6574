import type { ClusterInput, RunOptions } from '@knest/core'
import type { EngineName } from '../engine/engine.js'

export interface HostTarget {
  readonly name: string
  /** Detected when absent. */
  readonly engine?: EngineName | undefined
}

/** Ranges of a host; those that are absent are chosen when it is created. They never change. */
export interface HostRanges {
  /** Of the engine's network, with the addresses of nodes. */
  readonly subnet?: string | undefined
  readonly podNetworkCidr?: string | undefined
  readonly serviceCidr?: string | undefined
}

export interface HostUp extends HostTarget {
  /** Node image; the release's own when absent. */
  readonly image?: string | undefined
  /** Of a host that is there these must be its own. */
  readonly ranges?: HostRanges | undefined
  /** How the host itself reaches registries; what it was told before when absent. */
  readonly registries?: ClusterInput['registries']
}

/** Something a host has a limited amount of, which its nested clusters share. */
export interface HostResource {
  readonly name: 'cpu' | 'memory' | 'disk' | 'processes' | 'inotify-instances' | 'inotify-watches'
  /** In cores, bytes or pieces, as the others. */
  readonly capacity: number
  /**
   * Of the machine, by all that runs on it; `cpu`: its load of the last minute. By the host alone: inotify, and
   * processes where the engine limits them.
   */
  readonly used: number | undefined
  /** By the host's pods, nested nodes among them; `cpu` and `memory` only. */
  readonly requested: number | undefined
  /** Near its end: what comes of it, and what helps. */
  readonly warning: string | undefined
}

export interface HostStatus {
  readonly name: string
  readonly engine: EngineName
  /** `stopped`: the container is there and `host up` starts it again with its data. */
  readonly phase: 'running' | 'starting' | 'stopped' | 'failed'
  readonly kubernetesVersion: string
  /** Context in the kubeconfig by which kubectl reaches it. */
  readonly context: string
  readonly server: string | undefined
  /** RFC 3339. */
  readonly createdAt: string
  /** Why it is not running, or what is wrong with it though it is, with what mends it. */
  readonly reason: string | undefined
  /** What `status` found of a host that runs; else, and from `up`, nothing. */
  readonly room: readonly HostResource[]
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
  /** Creates it, starts it again, or finds it running. Throws `prerequisite` without an engine, `conflict` for ranges that are not those of the host that is there. */
  up(options: HostUp, run: RunOptions): Promise<HostReady>
  /** Throws `not-found`. */
  status(target: HostTarget, signal: AbortSignal): Promise<HostStatus>
  /** Kubeconfig with one context, named `status.context`; undefined when there is no host that runs. */
  kubeconfig(target: HostTarget, signal: AbortSignal): Promise<string | undefined>
  /** Puts images of this machine's engine into the host. Throws `not-found` naming the image or the host. */
  load(target: HostTarget, images: readonly string[], run: RunOptions): Promise<void>
  /** Removes it with its data. Throws `not-found`. */
  down(target: HostTarget, run: RunOptions): Promise<void>
}
