import { parse } from 'yaml'
import { readExpiry } from '../certificates/expiry.js'

/** Of a kubeconfig that knest rendered: what one sees of it from outside, and no secret. */
export interface KubeconfigFacts {
  readonly server: string | undefined
  /** PEM of the authority that it trusts. */
  readonly authority: string | undefined
  /** RFC 3339: when the certificate of its user ends. */
  readonly expires: string | undefined
}

/** Of a text that is none all is undefined. Pure. */
export function readKubeconfig(text: string, now: Date): KubeconfigFacts {
  const { clusters, users } = read(text)
  const { server, 'certificate-authority-data': authority } = clusters?.[0]?.cluster ?? {}
  const client = decoded(users?.[0]?.user?.['client-certificate-data'])
  return {
    server,
    authority: decoded(authority),
    expires: client === undefined ? undefined : readExpiry(client, now)?.expires,
  }
}

interface Kubeconfig {
  readonly clusters?: readonly {
    readonly cluster?: { readonly server?: string; readonly 'certificate-authority-data'?: string }
  }[]
  readonly users?: readonly { readonly user?: { readonly 'client-certificate-data'?: string } }[]
}

function read(text: string): Kubeconfig {
  try {
    return (parse(text) ?? {}) as Kubeconfig
  } catch {
    return {}
  }
}

function decoded(data: string | undefined): string | undefined {
  return data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8')
}
