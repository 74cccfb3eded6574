import { isIP } from 'node:net'

/**
 * 4 or 6 when Go's net.ParseIP, and so Kubernetes, takes the text for an address; else 0. Leading zeros are refused, as
 * is a zone: an address with one means something on one machine only.
 */
export function ipFamily(text: string): 0 | 4 | 6 {
  if (text.includes('%')) return 0
  return isIP(text) as 0 | 4 | 6
}
