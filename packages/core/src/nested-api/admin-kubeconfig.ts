import type { CertificateAuthorities, ClusterHome } from '../contracts/cluster-home.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import { renderKubeconfig } from '../nested-api/render-kubeconfig.js'
import { adminCertificate } from '../pki/index.js'
import { apiTargets, serverName } from './api-targets.js'
import { firstReachable, type ReachedApi } from './reachable.js'

const bestMs = 1_000

interface Parts {
  readonly record: ClusterRecord
  readonly home: ClusterHome
  readonly authorities: CertificateAuthorities | undefined
}

/** The kubeconfig a user gets: the best address there is, and a certificate bound to kubeadm's admin role. */
export async function adminKubeconfig(
  { record, home, authorities }: Parts,
  signal: AbortSignal,
  reached?: ReachedApi,
): Promise<string> {
  if (authorities === undefined) throw new Error('no certificate authorities')
  const { url, named } = reached ?? (await best({ record, home, authorities }, signal))
  const client = await adminCertificate(authorities.ca, {
    group: 'kubeadm:cluster-admins',
    validityDays: 365,
  })
  return renderKubeconfig({
    name: record.name,
    server: url,
    // Programs that know less than kubectl do not read it: it is there only where nothing else serves.
    tlsServerName: named ? undefined : serverName(record),
    ca: authorities.ca.cert,
    clientCert: client.cert,
    clientKey: client.key,
  })
}

/** For a kubeconfig that others use: the best address, whether this machine reaches it or not. */
async function best(
  { record, home, authorities }: Parts & { readonly authorities: CertificateAuthorities },
  signal: AbortSignal,
): Promise<ReachedApi> {
  const [url] = await home.apiUrls(record, signal)
  if (url === undefined) return unreached(record)
  const targets = apiTargets(record, authorities.ca.cert, [url])
  return (await firstReachable(targets, signal, bestMs)) ?? { url, named: false }
}

/** By the name that the API has on the host. */
export function unreached(record: ClusterRecord): ReachedApi {
  return { url: `https://${serverName(record)}:6443`, named: true }
}
