import { webcrypto } from 'node:crypto'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** ECDSA P-256: what kubeadm calls ECDSA-P256. RSA keys cost seconds of CPU on a small machine. */
export const signingAlgorithm: typeof algorithm = algorithm

export async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

/** PKCS#8, which Go's client libraries and OpenSSL read. */
export async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return toPem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', key))
}

export async function publicKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return toPem('PUBLIC KEY', await webcrypto.subtle.exportKey('spki', key))
}

export async function importPrivateKey(pem: string): Promise<webcrypto.CryptoKey> {
  const body = pem.replace(/-----[^-]+-----|\s/g, '')
  return webcrypto.subtle.importKey('pkcs8', Buffer.from(body, 'base64'), algorithm, false, ['sign'])
}

function toPem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
