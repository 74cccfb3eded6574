import { X509Certificate } from 'node:crypto'

/** What is wrong with certificates in PEM, as the end of a sentence; undefined when nothing is. */
export function certificateFault(pem: string): string | undefined {
  if (pem.includes('PRIVATE KEY')) return 'holds a private key, which no node needs'
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) return 'is no certificate in PEM'
  const isWrong = (block: string): boolean => {
    try {
      return new X509Certificate(block).raw.length === 0
    } catch {
      return true
    }
  }
  return blocks.some(isWrong) ? 'holds a certificate that cannot be read' : undefined
}
