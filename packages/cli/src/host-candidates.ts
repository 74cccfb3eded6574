import type { HostRecord, KnownContext } from './kubeconfig/index.js'
import { isSameServer } from './kubeconfig/same-server.js'

/** A context that may lead to a nested cluster's host. */
export interface HostCandidate {
  readonly context: string
  readonly sameName: boolean
  readonly sameServer: boolean
}

/**
 * The contexts that may lead to the recorded host, the likeliest first: under its name at its server;
 * under another name, when it was renamed; and under its name at another server, when the host moved.
 */
export function hostCandidates(
  record: HostRecord,
  contexts: readonly KnownContext[],
): readonly HostCandidate[] {
  return contexts
    .map(({ name, server }) => ({
      context: name,
      sameName: name === record.context,
      sameServer: server !== undefined && isSameServer(server, record.server),
    }))
    .filter(({ sameName, sameServer }) => sameName || sameServer)
    .sort((a, b) => rank(a) - rank(b))
}

function rank({ sameName, sameServer }: HostCandidate): number {
  return sameServer ? (sameName ? 0 : 1) : 2
}
