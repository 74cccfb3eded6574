import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestHome } from './home.js'

interface SelfSigned {
  readonly key: string
  readonly cert: string
}

/** A key and a certificate for `address` that signs itself, for a server of this process; `name` is its common name. PEM. */
export function selfSigned(home: TestHome, name: string, address: string): SelfSigned {
  const fileOf = (part: string): string => join(home.path, `${name}-${part}.pem`)
  const [key, cert] = [fileOf('key'), fileOf('cert')]
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=e2e-${name}`]
  const names = ['-addext', `subjectAltName=IP:${address}`]
  execFileSync('openssl', [...request, ...names, '-keyout', key, '-out', cert], { stdio: 'pipe' })
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}
