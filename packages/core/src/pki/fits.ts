import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import type { CertificateAuthorities } from '../contracts/cluster-home.js'

/** Names of the pairs whose key is not that of their certificate, or that cannot be read. */
export function brokenPairs(authorities: CertificateAuthorities): readonly string[] {
  const { serviceAccount, ...others } = authorities
  const broken = Object.entries(others).filter(([, { cert, key }]) =>
    isWrong(() => new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))),
  )
  const isWrongKey = isWrong(() => publicPem(serviceAccount.key) === publicPem(serviceAccount.cert))
  return [...broken.map(([name]) => name), ...(isWrongKey ? ['serviceAccount'] : [])]
}

function isWrong(fits: () => boolean): boolean {
  try {
    return !fits()
  } catch {
    return true
  }
}

function publicPem(pem: string): string {
  return createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString()
}
