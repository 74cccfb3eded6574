import type { ConnectionOverrides } from '../../contracts/kube-connection.js'
import path from 'node:path'
import type { ClusterEntry, UserEntry } from './model.js'

/** The cluster that is meant, as client-go puts flags before a kubeconfig (tools/clientcmd, `getCluster`). */
export function clusterWith(cluster: ClusterEntry, overrides: ConnectionOverrides): ClusterEntry {
  const server = given(overrides.server)
  const authority = file(overrides.certificateAuthority)
  const tlsServerName = given(overrides.tlsServerName)
  const trustsOtherwise = overrides.insecureSkipTlsVerify === true || authority !== undefined
  return {
    ...cluster,
    server: server ?? cluster.server,
    // The name belongs to the server that it was written beside.
    tlsServerName: tlsServerName ?? (server === undefined ? cluster.tlsServerName : ''),
    ...(trustsOtherwise
      ? {
          insecureSkipTlsVerify: overrides.insecureSkipTlsVerify === true,
          certificateAuthority: authority ?? '',
          certificateAuthorityData: Buffer.alloc(0),
        }
      : {}),
  }
}

/** The user that is meant (`getAuthInfo`). A file beside bytes of the kubeconfig for the same is refused, as there. */
export function userWith(user: UserEntry, overrides: ConnectionOverrides): UserEntry {
  const groups = overrides.asGroups ?? []
  return {
    ...user,
    clientCertificate: file(overrides.clientCertificate) ?? user.clientCertificate,
    clientKey: file(overrides.clientKey) ?? user.clientKey,
    token: given(overrides.token) ?? user.token,
    as: given(overrides.as) ?? user.as,
    asUid: given(overrides.asUid) ?? user.asUid,
    asGroups: groups.length === 0 ? user.asGroups : groups,
  }
}

/** As an unset variable of a script: `--token "$TOKEN"`. */
export function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}

function file(value: string | undefined): string | undefined {
  const named = given(value)
  return named === undefined ? undefined : path.resolve(named)
}
