import { generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestHome } from './home.js'
import { selfSigned } from './self-signed.js'

export interface Issuer {
  /** As in `https://10.89.0.1:40000`. */
  readonly url: string
  /** Who signed its server's certificate, PEM. */
  readonly ca: string
  /** An ID token of these claims; `iss` and times that hold for an hour are its own unless they are given. */
  readonly token: (claims: Readonly<Record<string, unknown>>) => string
  /** The same, signed with a key that the issuer does not publish. */
  readonly forged: (claims: Readonly<Record<string, unknown>>) => string
  close(): Promise<void>
}

/**
 * An OpenID Connect issuer of this process, with what an API server asks it for: the discovery document and the keys
 * that sign its tokens. It serves on the address by which nodes reach this machine.
 */
export async function openIssuer(home: TestHome, address: string): Promise<Issuer> {
  const { key, cert } = selfSigned(home, 'issuer', address)
  const [published, other] = [keyPair(), keyPair()]
  const documents = new Map<string, unknown>()
  const server = createServer({ key, cert }, (asked, answer) => {
    const document = documents.get(asked.url ?? '')
    answer.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' })
    answer.end(JSON.stringify(document))
  })
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  const { port } = server.address() as AddressInfo
  const url = `https://${address}:${port}`
  documents.set('/.well-known/openid-configuration', {
    issuer: url,
    jwks_uri: `${url}/keys`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  })
  const jwk = published.publicKey.export({ format: 'jwk' })
  documents.set('/keys', { keys: [{ ...jwk, ...keyOfTokens, use: 'sig' }] })
  const claimsOf = (claims: Readonly<Record<string, unknown>>): object => {
    const now = Math.floor(Date.now() / 1000)
    return { iss: url, iat: now, exp: now + 3600, ...claims }
  }
  return {
    url,
    ca: cert,
    token: (claims) => signed(claimsOf(claims), published.privateKey),
    forged: (claims) => signed(claimsOf(claims), other.privateKey),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

const keyOfTokens = { kid: 'e2e', alg: 'ES256' }

function keyPair(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

/** A JSON Web Token, whose signature has the two numbers one after another, not as DER. */
function signed(claims: object, key: KeyObject): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part(keyOfTokens)}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}
