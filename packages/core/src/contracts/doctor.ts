import type { KubeObject } from './kube-object.js'
import type { Problem } from '../errors.js'
import type { Area, Reason, Severity } from '../reasons.js'

/** Something that is wrong, by name. */
export interface Finding {
  readonly severity: Severity
  readonly area: Area
  readonly reason: Reason
  /** As in `node/quickstart-worker-0`. */
  readonly object: string
  /** What is wrong with it. */
  readonly message: string
  /** What is behind that. */
  readonly cause: string
  /** What helps. */
  readonly remedy: string
}

/** What could not be looked at: it may be well, and may be not. */
export interface Unseen {
  /** As in `nodes of the host`. */
  readonly what: string
  readonly why: string
}

export interface Diagnosis {
  /** Most important first. */
  readonly findings: readonly Finding[]
  readonly unseen: readonly Unseen[]
}

/** What only the machine knows on which it is asked. */
export interface DoctorRequest {
  /** What the controller of this version runs; absent: any is fine. */
  readonly controllerImage?: string | undefined
  /** What is wrong with the machine that carries an embedded host. */
  readonly machine?: ((signal: AbortSignal) => Promise<readonly Problem[]>) | undefined
  /** The kubeconfig file that this machine has of the cluster; absent or undefined: none. */
  readonly kubeconfig?: ((signal: AbortSignal) => Promise<string | undefined>) | undefined
  /** How long somebody has waited for the answer already, in milliseconds: so much less is left for it. */
  readonly waitedMs?: number | undefined
}

/** Objects of the host by which one sees how it is. */
export type HostKind =
  | 'nodes'
  | 'dnsEndpoints'
  | 'definitions'
  | 'controllers'
  | 'nodeSets'
  | 'storageClasses'
  | 'claims'
  | 'refusals'
  | 'networkPolicies'
  | 'locks'

/** One question to the host, which is asked for itself. */
export interface HostQuestion {
  readonly kind: HostKind
  /** As in `nodes of the host`. */
  readonly what: string
  read(signal: AbortSignal): Promise<readonly KubeObject[]>
}
