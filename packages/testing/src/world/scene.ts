import type { Machine } from './machine.js'
import type { Nested } from './nested.js'
import type { Writer } from './store.js'

/** What the commands on a machine reach beyond it. */
export interface Scene {
  readonly host: Writer
  /** Begins an etcd, or comes to the one that this configuration of kubeadm names. */
  readonly formEtcd: (machine: Machine, configuration: string) => void
  /** The cluster by its endpoint, as the machine's own credentials reach it. */
  readonly nestedOf: (machine: Machine) => Nested | undefined
  readonly nestedFor: (machine: Machine, authority: string | undefined) => Nested | undefined
}

/** Input of a command, where it is of one piece. */
export function bytesOf(stdin: unknown): Uint8Array | string | undefined {
  return stdin instanceof Uint8Array || typeof stdin === 'string' ? stdin : undefined
}
