import type { CertificateAuthorities, ClusterHome } from '../contracts/cluster-home.js'
import type { ClusterRecord } from '../contracts/cluster.js'
import { renderKubeconfig } from '../nested-api/render-kubeconfig.js'
import { objectNames } from '../names.js'
import { adminCertificate } from '../pki/index.js'

interface Parts {
  readonly record: ClusterRecord
  readonly home: ClusterHome
  readonly authorities: CertificateAuthorities | undefined
}

/** The kubeconfig a user gets: the best address there is, and a certificate bound to kubeadm's admin role. */
export async function adminKubeconfig(
  { record, home, authorities }: Parts,
  signal: AbortSignal,
  server?: string,
): Promise<string> {
  if (authorities === undefined) throw new Error('no certificate authorities')
  const url = server ?? (await home.apiUrls(record, signal))[0] ?? `https://${serverName(record)}:6443`
  const client = await adminCertificate(authorities.ca, {
    group: 'kubeadm:cluster-admins',
    validityDays: 365,
  })
  return renderKubeconfig({
    name: record.name,
    server: url,
    // Certificates hold names, not the addresses of the day.
    tlsServerName: serverName(record),
    ca: authorities.ca.cert,
    clientCert: client.cert,
    clientKey: client.key,
  })
}

export function serverName({ name, namespace }: ClusterRecord): string {
  return `${objectNames.apiService(name)}.${namespace}.svc`
}
