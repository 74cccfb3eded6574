import type { HostRecord, KnownContext } from './kubeconfig/index.js'

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

export function isSameServer(one: string, other: string): boolean {
  return one === other || endpoint(one) === endpoint(other)
}

/** Without credentials; with the port that is left out. */
function endpoint(server: string): string {
  if (!URL.canParse(server)) return server
  const { protocol, hostname, port, pathname } = new URL(server)
  const usual = protocol === 'https:' ? '443' : '80'
  return `${protocol}//${hostname}:${port === '' ? usual : port}${pathname.replace(/\/+$/, '')}`
}
