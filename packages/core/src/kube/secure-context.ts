import tls from 'node:tls'

type Identity = Pick<tls.SecureContextOptions, 'ca' | 'cert' | 'key' | 'pfx' | 'passphrase'>

/**
 * Keeps what was last made of CA, certificate and key: reading them takes milliseconds, and Node.js does it again
 * for every connection. Undefined for what cannot be read: the connection tells why.
 */
export function secureContexts(): (identity: Identity) => tls.SecureContext | undefined {
  let last: { readonly of: string; readonly context: tls.SecureContext } | undefined
  return ({ ca, cert, key, pfx, passphrase }) => {
    const of = [ca, cert, key, pfx, passphrase].map(String).join('\0')
    if (last?.of === of) return last.context
    try {
      last = { of, context: tls.createSecureContext({ ca, cert, key, pfx, passphrase }) }
      return last.context
    } catch {
      return undefined
    }
  }
}
