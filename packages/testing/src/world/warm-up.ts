import { generateKeyPairSync } from 'node:crypto'
import { issueCertificate } from '@knest/core'

/** Loads what is loaded when it is first needed (the library of certificates): that takes real time. */
export async function warmUp(): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  await issueCertificate({ cert: '', key }, { commonName: 'none', usages: ['server'] }).catch(() => undefined)
}
