import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** Where distributions keep the authorities that programs in Go trust; Node has a list of its own. */
const usualFiles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

const usualFolders = ['/etc/ssl/certs', '/etc/pki/tls/certs']

let kept: { readonly of: string; readonly pem: string | undefined } | undefined

/**
 * The authorities of this machine in PEM, for a cluster that names none: those of the first file and of all folders,
 * where `SSL_CERT_FILE` and `SSL_CERT_DIR` name others. Undefined: those of Node.
 */
export function systemAuthorities(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const file = env.SSL_CERT_FILE ?? ''
  const folders = env.SSL_CERT_DIR ?? ''
  const of = `${file}\0${folders}`
  if (kept?.of !== of) {
    const bundle = (file === '' ? usualFiles : [file]).map(certificatesIn).find((all) => all !== undefined)
    const inFolders = (folders === '' ? usualFolders : folders.split(':')).flatMap(filesOf)
    // Most of a folder is in the file, too.
    const all = new Set([...(bundle ?? []), ...inFolders.flatMap((each) => certificatesIn(each) ?? [])])
    kept = { of, pem: all.size === 0 ? undefined : [...all].join('\n') }
  }
  return kept.pem
}

/** Undefined for a file that cannot be read. */
function certificatesIn(file: string): readonly string[] | undefined {
  try {
    const text = readFileSync(file, 'latin1')
    return text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? []
  } catch {
    return undefined
  }
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => path.join(folder, name))
  } catch {
    return []
  }
}
