import { generateKeyPairSync } from 'node:crypto'
import { createRequire } from 'node:module'
import { issueCertificate } from '@knest/core'

/** Loads what is loaded when it is first needed (the library of certificates): that takes real time. */
export async function warmUp(): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  // ssh2 waits for it at its first connection.
  await (createRequire(import.meta.url)('ssh2/lib/protocol/crypto.js') as { init: Promise<void> }).init
  await issueCertificate({ cert: '', key }, { commonName: 'none', usages: ['server'] }).catch(() => undefined)
}
