import type { CertificateAuthorities, KeyPair } from '../contracts/cluster-home.js'
import { generateKeys, privateKeyPem, publicKeyPem, signingAlgorithm } from './key-pair.js'
import { loadX509, newSerialNumber, validity } from './x509.js'

/** Ten years, as kubeadm's own. */
const authorityDays = 3650

/**
 * Makes the four pairs kubeadm would make, with its common names, so that it takes them for its own.
 * `now` is the clock; certificates are valid from five minutes before.
 */
export async function createAuthorities(now: Date = new Date()): Promise<CertificateAuthorities> {
  const [ca, frontProxyCa, etcdCa, serviceAccount] = await Promise.all([
    createAuthority('kubernetes', now),
    createAuthority('front-proxy-ca', now),
    createAuthority('etcd-ca', now),
    createServiceAccountKeys(),
  ])
  return { ca, frontProxyCa, etcdCa, serviceAccount }
}

async function createAuthority(commonName: string, now: Date): Promise<KeyPair> {
  const [x509, keys] = await Promise.all([loadX509(), generateKeys()])
  const { KeyUsageFlags: usage } = x509
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name: [{ CN: [commonName] }],
    ...validity(now, authorityDays),
    keys,
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(usage.digitalSignature | usage.keyEncipherment | usage.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: commonName }]),
    ],
  })
  return { cert: `${certificate.toString('pem')}\n`, key: await privateKeyPem(keys.privateKey) }
}

async function createServiceAccountKeys(): Promise<KeyPair> {
  const keys = await generateKeys()
  return { cert: await publicKeyPem(keys.publicKey), key: await privateKeyPem(keys.privateKey) }
}
