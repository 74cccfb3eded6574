import { X509Certificate, createHash } from 'node:crypto'
import type { webcrypto } from 'node:crypto'
import type { KeyPair } from '../contracts/cluster-home.js'
import { generateKeys, importPrivateKey, privateKeyPem, signingAlgorithm } from './key-pair.js'
import { loadX509, newSerialNumber, validity } from './x509.js'

export interface CertificateRequest {
  readonly commonName: string
  /** Kubernetes reads them as groups. */
  readonly organizations?: readonly string[]
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
  readonly usages: readonly ('client' | 'server')[]
  /** A year when absent, as kubeadm. */
  readonly validityDays?: number
  /** The clock; valid from five minutes before. */
  readonly now?: Date
}

/** Makes a key and a certificate for it, signed by `ca`. */
export async function issueCertificate(ca: KeyPair, request: CertificateRequest): Promise<KeyPair> {
  const keys = await generateKeys()
  return { cert: await sign(ca, request, keys.publicKey), key: await privateKeyPem(keys.privateKey) }
}

/** Signs the key of the certificate `pem` once more: who holds it needs no new one. PEM. */
export async function certifyAgain(ca: KeyPair, pem: string, request: CertificateRequest): Promise<string> {
  const x509 = await loadX509()
  const key: unknown = await new x509.X509Certificate(pem).publicKey.export()
  return sign(ca, request, key as webcrypto.CryptoKey)
}

async function sign(
  ca: KeyPair,
  request: CertificateRequest,
  publicKey: webcrypto.CryptoKey,
): Promise<string> {
  const [x509, signingKey] = await Promise.all([loadX509(), importPrivateKey(ca.key)])
  const issuer = new x509.X509Certificate(ca.cert)
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ]
  const purposes = { client: x509.ExtendedKeyUsage.clientAuth, server: x509.ExtendedKeyUsage.serverAuth }
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    // As typed values: the library would read quotes and "#" in plain ones as its own syntax.
    subject: new x509.Name([
      ...(request.organizations ?? []).map((name) => ({ O: [{ utf8String: name }] })),
      { CN: [{ utf8String: request.commonName }] },
    ]),
    // The parsed name, not its text: Go compares the bytes of issuer and subject.
    issuer: issuer.subjectName,
    ...validity(request.now ?? new Date(), request.validityDays ?? 365),
    publicKey,
    signingKey,
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
        true,
      ),
      new x509.ExtendedKeyUsageExtension(request.usages.map((usage) => purposes[usage])),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  })
  return `${certificate.toString('pem')}\n`
}

export interface ClientCertificateOptions {
  readonly validityDays?: number
  readonly now?: Date
}

/**
 * For a kubeconfig. The default group is bound to cluster-admin in every API server from its first
 * moment; the group kubeadm uses, `kubeadm:cluster-admins`, only once kubeadm has run.
 */
export function adminCertificate(
  ca: KeyPair,
  options: ClientCertificateOptions & { readonly user?: string; readonly group?: string } = {},
): Promise<KeyPair> {
  const { user = 'knest-admin', group = 'system:masters', ...rest } = options
  return issueCertificate(ca, { commonName: user, organizations: [group], usages: ['client'], ...rest })
}

/** What a kubelet would get from TLS bootstrap. */
export function kubeletClientCertificate(
  ca: KeyPair,
  node: string,
  options: ClientCertificateOptions = {},
): Promise<KeyPair> {
  return issueCertificate(ca, {
    commonName: `system:node:${node}`,
    organizations: ['system:nodes'],
    usages: ['client'],
    ...options,
  })
}

export function certificateExpiry(pem: string): Date {
  return new Date(new X509Certificate(pem).validTo)
}

/** As `kubeadm join --discovery-token-ca-cert-hash` wants it: `sha256:` and the hash of the public key. */
export function caCertHash(pem: string): string {
  const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
  return `sha256:${createHash('sha256').update(key).digest('hex')}`
}
