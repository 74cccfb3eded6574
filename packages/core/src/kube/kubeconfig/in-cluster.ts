import { existsSync, readFileSync } from 'node:fs'
import { inUrl } from '../../url-host.js'
import type { ClusterEntry, UserEntry } from './model.js'
import { emptyCluster, emptyUser } from './parse.js'

const folder = '/var/run/secrets/kubernetes.io/serviceaccount'

type Environment = Readonly<Record<string, string | undefined>>

export function isInCluster(env: Environment): boolean {
  return (env.KUBERNETES_SERVICE_HOST ?? '') !== '' && existsSync(`${folder}/token`)
}

/** The service account of the pod this process is in. */
export function inClusterEntry(env: Environment): {
  readonly cluster: ClusterEntry
  readonly user: UserEntry
  readonly namespace: string
} {
  const host = env.KUBERNETES_SERVICE_HOST ?? ''
  const port = env.KUBERNETES_SERVICE_PORT ?? '443'
  const ca = `${folder}/ca.crt`
  return {
    cluster: {
      ...emptyCluster,
      server: `https://${inUrl(host)}:${port}`,
      certificateAuthority: existsSync(ca) ? ca : '',
    },
    user: { ...emptyUser, tokenFile: `${folder}/token` },
    namespace: (env.POD_NAMESPACE ?? '') === '' ? ownNamespace() : (env.POD_NAMESPACE ?? ''),
  }
}

function ownNamespace(): string {
  try {
    return readFileSync(`${folder}/namespace`, 'utf8').trim() || 'default'
  } catch {
    return 'default'
  }
}
