import { existsSync, readFileSync } from 'node:fs'

/** Where distributions keep the authorities that programs in Go trust; Node has a list of its own. */
const usual = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

let kept: { readonly file: string | undefined; readonly pem: string | undefined } | undefined

/** The authorities of this machine in PEM, for a cluster that names none; undefined: those of Node. */
export function systemAuthorities(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const named = env.SSL_CERT_FILE ?? ''
  const file = named === '' ? usual.find((each) => existsSync(each)) : named
  if (kept === undefined || kept.file !== file) kept = { file, pem: readPem(file) }
  return kept.pem
}

function readPem(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    const pem = readFileSync(file, 'utf8')
    return pem.includes('-----BEGIN CERTIFICATE-----') ? pem : undefined
  } catch {
    return undefined
  }
}
