import { X509Certificate } from 'node:crypto'
import { contextName } from '@knest/core'
import { hostContext } from './host-spec.js'

const renewBeforeMs = 30 * 24 * 3600 * 1000

/** A host's context is called like the host, not `knest-knest-host`. */
export function hostKubeconfig(kubeconfig: string, name: string): string {
  return kubeconfig.replaceAll(contextName(name), hostContext(name))
}

/** True when its certificate is valid for another month. */
export function isFresh(kubeconfig: string, now: Date): boolean {
  const data = /client-certificate-data: "?([A-Za-z0-9+/=]+)/.exec(kubeconfig)?.[1]
  if (data === undefined) return false
  const { validTo } = new X509Certificate(Buffer.from(data, 'base64'))
  return Date.parse(validTo) - now.getTime() > renewBeforeMs
}

export function serverOf(kubeconfig: string): string | undefined {
  return /^\s*server: (\S+)$/m.exec(kubeconfig)?.[1]
}
