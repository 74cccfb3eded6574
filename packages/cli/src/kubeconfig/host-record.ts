import { ownExtension, type Entry } from './entries.js'

/** What leads from a nested cluster's context to its host. Kept in that context, as `extensions`. */
export interface HostRecord {
  /** The host's own context; undefined when knest ran inside the host. */
  readonly context?: string | undefined
  /** Files that have it, as in `$KUBECONFIG`; undefined for `~/.kube/config`. */
  readonly kubeconfig?: string | undefined
  /** URL of the host's API server, without credentials. */
  readonly server: string
  /** Of the host's namespace kube-system: it stays when contexts are renamed, and is never another's. */
  readonly uid?: string | undefined
}

/** Undefined for a context of no nested cluster, or of one from before knest wrote records. */
export function hostRecordOf(context: Entry): HostRecord | undefined {
  const host = ownExtension(context)?.host as Partial<Record<keyof HostRecord, unknown>> | null | undefined
  if (typeof host?.server !== 'string') return undefined
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  return {
    context: text(host.context),
    kubeconfig: text(host.kubeconfig),
    server: host.server,
    uid: text(host.uid),
  }
}
