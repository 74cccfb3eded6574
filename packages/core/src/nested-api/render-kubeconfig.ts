import { yamlText } from '../yaml-text.js'
import { adminUserName, contextName } from '../names.js'

export interface KubeconfigInput {
  /** The cluster's name, without `knest-`. */
  readonly name: string
  /** As in `https://10.1.2.3:6443`. */
  readonly server: string
  /** Name in the server's certificate when `server` is an address it does not hold. */
  readonly tlsServerName?: string | undefined
  /** PEM, as are the two below. */
  readonly ca: string
  readonly clientCert: string
  readonly clientKey: string
}

/** A kubeconfig of its own with one cluster, user and context. Holds a private key. */
export function renderKubeconfig(input: KubeconfigInput): string {
  const context = contextName(input.name)
  const user = adminUserName(input.name)
  return yamlText(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: context,
          cluster: {
            'certificate-authority-data': base64(input.ca),
            server: input.server,
            ...(input.tlsServerName === undefined ? {} : { 'tls-server-name': input.tlsServerName }),
          },
        },
      ],
      contexts: [{ name: context, context: { cluster: context, user } }],
      'current-context': context,
      users: [
        {
          name: user,
          user: {
            'client-certificate-data': base64(input.clientCert),
            'client-key-data': base64(input.clientKey),
          },
        },
      ],
    },
    { lineWidth: 0, indentSeq: false },
  )
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
