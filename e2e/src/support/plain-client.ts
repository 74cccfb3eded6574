import { request } from 'node:https'
import { connect } from 'node:tls'
import { parse } from 'yaml'

interface Kubeconfig {
  readonly clusters: readonly { readonly name: string; readonly cluster: Readonly<Record<string, string>> }[]
  readonly contexts: readonly {
    readonly name: string
    readonly context: { readonly cluster: string; readonly user: string }
  }[]
  readonly users: readonly { readonly name: string; readonly user: Readonly<Record<string, string>> }[]
  readonly 'current-context'?: string
}

/** What a program takes from a kubeconfig that knows less than kubectl. */
interface PlainAccess {
  readonly server: URL
  readonly ca: string
  readonly cert: string
  readonly key: string
}

function plainAccess(kubeconfig: string, context?: string): PlainAccess {
  const config = parse(kubeconfig) as Kubeconfig
  const wanted = context ?? config['current-context']
  const chosen = config.contexts.find(({ name }) => name === wanted)?.context
  const cluster = config.clusters.find(({ name }) => name === chosen?.cluster)?.cluster
  const user = config.users.find(({ name }) => name === chosen?.user)?.user
  const text = (encoded: string | undefined): string => Buffer.from(encoded ?? '', 'base64').toString()
  return {
    server: new URL(cluster?.server ?? ''),
    ca: text(cluster?.['certificate-authority-data']),
    cert: text(user?.['client-certificate-data']),
    key: text(user?.['client-key-data']),
  }
}

/**
 * The status of an answer to a client that uses `server`, the authority and the client certificate, and nothing else
 * that stands in the kubeconfig. Rejects when the server's certificate does not name the server.
 */
export function plainStatus(kubeconfig: string, context?: string): Promise<number | undefined> {
  const { server, ca, cert, key } = plainAccess(kubeconfig, context)
  return new Promise((resolve, reject) => {
    request(
      new URL('/api/v1/namespaces', server),
      { ca, cert, key, agent: false, timeout: 20_000 },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      },
    )
      .once('timeout', () => reject(new Error(`${server.href} gives no answer`)))
      .once('error', reject)
      .end()
  })
}

/** Names and addresses in the certificate that the server shows, as in `DNS:localhost, IP Address:127.0.0.1`. */
export function shownNames(kubeconfig: string): Promise<string> {
  const { server, ca } = plainAccess(kubeconfig)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.hostname, port: Number(server.port), ca, servername: 'localhost' })
    socket.setTimeout(20_000, () => socket.destroy(new Error(`${server.href} gives no answer`)))
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate().subjectaltname ?? '')
      socket.destroy()
    })
    socket.once('error', reject)
  })
}
